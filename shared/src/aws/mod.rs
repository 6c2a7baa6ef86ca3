//! Clients of AWS services: thin and typed. What differs from the SDK's defaults is said here, once.

pub mod files;
pub mod mail_queues;
pub mod mailer;
pub mod queue;
pub mod schedules;
pub mod secrets;
mod trust;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::config::{BadConfig, lambda_variable, required_lambda_variable};

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long one try may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);
/// Tries of one call, the first included.
const ATTEMPTS: u32 = 3;
/// Connections outlive the usual gaps between requests, so that a warm function rarely opens one.
const KEEP_ALIVE: Duration = Duration::from_secs(300);

/// What all clients of a function share: region, credentials, one connection pool, retries and timeouts.
///
/// In Lambda the credentials are in the environment and stay valid while the process lives, so the SDK's search
/// for them, and the clients it would link for that, are left out.
///
/// # Errors
/// A variable that Lambda sets is missing.
pub fn sdk_config() -> Result<SdkConfig, BadConfig> {
    let credentials = Credentials::new(
        required_lambda_variable("AWS_ACCESS_KEY_ID")?,
        required_lambda_variable("AWS_SECRET_ACCESS_KEY")?,
        lambda_variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let region = required_lambda_variable("AWS_REGION")?;
    let endpoint = lambda_variable("AWS_ENDPOINT_URL");
    let http = http_client(&region, endpoint.as_deref(), KEEP_ALIVE);
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(
            RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(Duration::from_millis(100)),
        )
        .timeout_config(timeouts);
    if let Some(endpoint) = endpoint {
        config = config.endpoint_url(endpoint);
    }
    Ok(config.build())
}

/// A client for the services of a region, or for `endpoint`. It reuses a connection that was idle for less than `keep_alive`.
fn http_client(region: &str, endpoint: Option<&str>, keep_alive: Duration) -> SharedHttpClient {
    Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .tls_context(trust::tls_context(region, endpoint))
        .pool_idle_timeout(keep_alive)
        .build_https()
}

/// For what needs clients and reaches nothing with them: describing the API.
pub fn nowhere() -> SdkConfig {
    SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("nowhere")).build()
}

/// A service did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed: {code}: {detail}")]
pub struct CallFailed {
    /// The API operation.
    pub operation: &'static str,
    /// The service's error code.
    pub code: String,
    /// What happened to the call.
    pub detail: String,
}

impl CallFailed {
    pub(crate) fn new<E, R>(
        operation: &'static str,
        error: &aws_smithy_runtime_api::client::result::SdkError<E, R>,
    ) -> Self
    where
        E: aws_sdk_sqs::error::ProvideErrorMetadata,
    {
        use aws_sdk_sqs::error::ProvideErrorMetadata as _;
        let code = error.code().unwrap_or("none").to_owned();
        let detail = error.message().map_or_else(|| error.to_string(), ToOwned::to_owned);
        Self { operation, code, detail }
    }
}
