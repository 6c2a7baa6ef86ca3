//! `GET /health`, `GET /`

use serde::Serialize;
use shared::clock::Timestamp;
use shared::config::{Variable, required};
use shared::domain::body::NoBody;
use shared::http::{Answer, ApiError, App, Operation, Reply, Request, Resources, bare};
use shared::runtime::Error;

/// The version that was deployed. Only this function is given it, so that a deployment changes no function whose code and
/// configuration stay the same.
#[derive(Debug)]
pub struct DeployedVersion(String);

impl Resources for DeployedVersion {
    const VARIABLES: &'static [Variable] = &[Variable::AppVersion];

    fn from_environment(_: &aws_types::SdkConfig) -> Result<Self, Error> {
        Ok(Self(required(Variable::AppVersion)?))
    }
}

/// The state of the service and of what it depends on. Not in the envelope; no secrets.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Health {
    status: HealthStatus,
    timestamp: Timestamp,
    /// Seconds since the function started.
    uptime: u64,
    environment: String,
    version: String,
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, CheckResult>"))]
    checks: Checks,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
enum HealthStatus {
    Healthy,
    Unhealthy,
}

#[derive(Debug, Serialize)]
struct Checks {
    database: CheckResult,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
enum CheckResult {
    Up,
    Down,
}

impl Answer for Health {
    fn into_reply(self) -> Result<Reply, ApiError> {
        let status = match self.status {
            HealthStatus::Healthy => 200,
            HealthStatus::Unhealthy => 503,
        };
        bare(status, &self)
    }

    #[cfg(feature = "schema")]
    fn responses(generator: &mut schemars::SchemaGenerator) -> Vec<shared::http::answer::Response> {
        let schema = generator.subschema_for::<Self>();
        let response =
            |status| shared::http::answer::Response { status, media_type: "application/json", schema: schema.clone() };
        vec![response(200), response(503)]
    }
}

pub const OPERATION: Operation<NoBody, Health> = Operation::get("/health", "Check that the service works")
    .describe("Returns 503 if the database cannot be reached. The response has no envelope.")
    .alias("/")
    .anyone()
    .unlimited();

pub async fn handle(app: &App, request: &Request<'_>, version: &DeployedVersion) -> Result<Health, ApiError> {
    let uptime = app.started.elapsed().as_secs();
    let (status, database) = match app.store.probe().await {
        Ok(()) => (HealthStatus::Healthy, CheckResult::Up),
        Err(error) => {
            tracing::error!(%error, "health.table_out_of_reach");
            (HealthStatus::Unhealthy, CheckResult::Down)
        }
    };
    Ok(Health {
        status,
        timestamp: request.now(),
        uptime,
        environment: app.config.stage.clone(),
        version: version.0.clone(),
        checks: Checks { database },
    })
}
