//! One request, from API Gateway's event (payload 2.0) to its answer.
//!
//! ```text
//! event → limiter's write ─────────────────────────────┐
//!       → CSRF → caller → type and size of the body →  │ → the limiter's refusal, or the handler's answer
//!         handler: parse, read, (permit) ← waits for ──┘ → headers, cookies, log line
//! ```
//!
//! The limiter's one write runs beside everything that only reads. A handler that writes asks for a
//! [`Permit`](crate::store::Permit) first, and gets it when the limiter has let the request pass.

mod authenticate;
pub mod compression;
mod conflict;
pub mod cookies;
pub mod csrf;
pub mod error;
pub mod headers;
pub mod idempotency;
pub mod limiter;
pub mod login_guard;
mod reply;
mod request;
pub mod routes;

use std::borrow::Cow;
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::{HeaderMap, HeaderName, HeaderValue};
use futures::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Map, json};

pub use self::conflict::retry_conflicts;
pub use self::error::{ApiError, ErrorCode};
pub use self::reply::Reply;
pub use self::request::{Caller, Request};
pub use crate::store::Permit;

use self::compression::Coding;
use self::cookies::{CookieName, SetCookie};
use self::csrf::Provenance;
use self::limiter::Admission;
use self::routes::{Access, Route};
use crate::auth::keyring::Keyring;
use crate::auth::token::InvalidToken;
use crate::aws::secrets::Secrets;
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, HttpConfig, required};
use crate::domain::field::Described;
use crate::id::{SessionId, TaskId, UserId};
use crate::store::Store;
use crate::telemetry::{self, Unit};

/// A handler gets at most this long, whatever Lambda's own limit is.
const BUDGET: Duration = Duration::from_secs(28);
/// What is left of Lambda's limit for answering 503 in time.
const RESERVE: Duration = Duration::from_millis(500);
/// A request that takes longer is logged as a warning.
const SLOW: Duration = Duration::from_secs(1);

/// What a route's handler has at hand.
#[derive(Debug)]
pub struct App {
    /// What every function knows.
    pub config: Config,
    /// What a function that answers requests knows besides.
    pub http: HttpConfig,
    /// The table.
    pub store: Store,
    /// The source of each request's `now`.
    pub clock: Clock,
    /// When init ended.
    pub started: Instant,
    /// The keys; a route that neither counts nor signs anyone in has none.
    pub secrets: Option<Secrets>,
}

impl App {
    /// Reads the environment and the secret, and opens the connection to the table: all in init, which has full
    /// CPU and no request waiting.
    ///
    /// # Errors
    /// A variable or the secret is missing or bad. A table out of reach is for the requests to find.
    pub async fn start(route: &Route) -> Result<Self, lambda_runtime::Error> {
        let (config, http) = (Config::from_env()?, HttpConfig::from_env()?);
        let sdk = crate::aws::sdk_config()?;
        let store = Store::new(&sdk, config.table.clone());
        let secrets = async {
            if !route.is_limited {
                return Ok(None);
            }
            let secrets = Secrets::load(&sdk, required("SECRET_ID")?).await?;
            Ok::<_, lambda_runtime::Error>(Some(secrets))
        };
        let (secrets, warm) = futures::join!(secrets, store.probe());
        if let Err(error) = warm {
            tracing::warn!(%error, "init.table_out_of_reach");
        }
        #[expect(clippy::disallowed_methods, reason = "the edge of every HTTP function")]
        let clock = Clock::system();
        Ok(Self { config, http, store, clock, started: Instant::now(), secrets: secrets? })
    }

    /// The keys.
    ///
    /// # Errors
    /// The route has none.
    pub async fn keyring(&self) -> Result<Arc<Keyring>, ApiError> {
        Ok(self.secrets()?.keyring().await)
    }

    /// The keys, with this one if the secret has it by now.
    ///
    /// # Errors
    /// The route has none.
    pub async fn keyring_with(&self, kid: &str) -> Result<Arc<Keyring>, ApiError> {
        Ok(self.secrets()?.keyring_with(kid).await)
    }

    /// Reads a token with `read`; one under an unknown key has the secret read again, at most once a minute.
    ///
    /// # Errors
    /// The route has no keys. That the token is not valid is the inner error.
    pub async fn read_token<C>(
        &self,
        read: impl Fn(&Keyring) -> Result<C, InvalidToken>,
    ) -> Result<Result<C, InvalidToken>, ApiError> {
        match read(&*self.keyring().await?) {
            Err(InvalidToken::UnknownKey) => Ok(read(&*self.secrets()?.reread().await)),
            other => Ok(other),
        }
    }

    fn secrets(&self) -> Result<&Secrets, ApiError> {
        self.secrets.as_ref().ok_or_else(|| ApiError::internal("the route has no keys"))
    }
}

/// Serves a route until Lambda ends the process.
///
/// # Errors
/// Init failed: Lambda logs it and starts anew.
pub async fn serve(
    route: &'static Route,
    handler: impl AsyncFn(&App, &mut Request<'_>) -> Result<Reply, ApiError>,
) -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let app = App::start(route).await?;
    let (app, handler) = (&app, &handler);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<ApiGatewayV2httpRequest>| async move {
        let budget = budget(event.context.deadline, app.clock.now());
        Ok::<_, lambda_runtime::Error>(
            respond(app, route, handler, event.payload, event.context.request_id, budget).await,
        )
    }))
    .await
}

/// How long the handler may take. `cargo lambda watch` gives no deadline that lies ahead; it counts as none.
fn budget(deadline_ms: u64, now: Timestamp) -> Duration {
    let now_ms = u64::try_from(now.as_millisecond()).unwrap_or_default();
    match deadline_ms.checked_sub(now_ms).map(Duration::from_millis) {
        Some(left) => left.saturating_sub(RESERVE).min(BUDGET),
        None => BUDGET,
    }
}

/// Answers one request within `budget`. What it consumed of the table stays on the store's meter until the next.
pub async fn respond(
    app: &App,
    route: &Route,
    handler: &impl AsyncFn(&App, &mut Request<'_>) -> Result<Reply, ApiError>,
    event: ApiGatewayV2httpRequest,
    request_id: String,
    budget: Duration,
) -> ApiGatewayV2httpResponse {
    let started = Instant::now();
    app.store.meter().take();
    let address = event.request_context.http.source_ip.clone().unwrap_or_default();
    let now = app.clock.now();
    let admission = async {
        if !route.is_limited {
            return Rc::new(Admission::unlimited());
        }
        match app.keyring().await {
            Ok(keyring) => {
                Rc::new(limiter::admit(&app.store, &keyring, &app.http.limits, route.class, &address, now).await)
            }
            Err(_) => Rc::new(Admission::broken()),
        }
    };
    let admission = admission.boxed_local().shared();
    let mut request = Request::new(route.function, event, admission.clone(), now);
    let mut cookie = None;
    let work = AssertUnwindSafe(run(app, route, handler, &mut request, &mut cookie)).catch_unwind();
    let outcome = tokio::time::timeout(budget, async {
        let (admission, result) = futures::join!(admission, work);
        if admission.check().is_ok() && matches!(&result, Ok(Ok(reply)) if !reply.is_failure) {
            admission.succeeded(&app.store).await;
        }
        (admission, result)
    })
    .await;
    let (admission, result) = match outcome {
        Ok((admission, Ok(result))) => {
            let result = match result {
                // It gives nothing away, and says in its own way that the request failed.
                Ok(reply) if reply.is_failure => Ok(reply),
                result => admission.check().and(result),
            };
            (Some(admission), result)
        }
        Ok((admission, Err(panic))) => (Some(admission), Err(ApiError::internal(panic_message(panic.as_ref())))),
        Err(_) => (None, Err(ApiError::new(ErrorCode::Unavailable).because("the handler outlasted its budget"))),
    };
    let answer = Answer { route, request: &request, request_id, admission: admission.as_deref(), cookie, result };
    let (response, is_failure) = answer.into_response();
    log(app, route, &request, &response, admission.as_deref(), is_failure, started.elapsed());
    response
}

/// What the handler of a route reads as its body: the handler itself is run on a request without one, up to where it
/// reads it. For the published contract, which so cannot say anything else than the code.
///
/// # Errors
/// The handler read no body.
pub async fn describe(
    app: &App,
    route: &'static Route,
    handler: impl AsyncFn(&App, &mut Request<'_>) -> Result<Reply, ApiError>,
) -> Result<Vec<Described>, ApiError> {
    let mut event = ApiGatewayV2httpRequest::default();
    event.path_parameters.insert("id".to_owned(), TaskId::new().to_string());
    let admission = async { Rc::new(Admission::unlimited()) }.boxed_local().shared();
    let mut request = Request::new(route.function, event, admission, app.clock.now());
    let email = crate::domain::email::Email::parse("someone@example.com");
    request.caller = email.map(|email| Caller { id: UserId::new(), email, session: SessionId::new() });
    request.described = Some(RefCell::default());
    let ended = handler(app, &mut request).await;
    match (ended, request.described.map(RefCell::into_inner)) {
        (Err(_), Some(described)) if !described.is_empty() => Ok(described),
        (Err(error), _) => Err(error),
        (Ok(_), _) => Err(ApiError::internal("the handler reads no body")),
    }
}

async fn run(
    app: &App,
    route: &Route,
    handler: &impl AsyncFn(&App, &mut Request<'_>) -> Result<Reply, ApiError>,
    request: &mut Request<'_>,
    cookie: &mut Option<SetCookie>,
) -> Result<Reply, ApiError> {
    let names = [CookieName::Access, CookieName::Refresh].map(|name| name.wire(&app.http));
    let provenance = Provenance {
        is_unsafe: !route.takes_foreign_posts && !matches!(request.method(), "GET" | "HEAD" | "OPTIONS"),
        origin: request.origin(),
        fetch_site: request.header("sec-fetch-site"),
        by_cookie: request.bearer().is_none() && names.iter().any(|name| request.cookie(name).is_some()),
    };
    csrf::check(provenance, &app.http.allowed_origins)?;
    if route.access != Access::Anyone {
        match authenticate::authenticate(app, request).await {
            Ok(authenticated) => {
                request.caller = Some(authenticated.caller);
                *cookie = authenticated.cookie;
            }
            Err(error) if route.access == Access::SignedIn || error.code() != ErrorCode::Unauthorized => {
                return Err(error);
            }
            Err(_) => {}
        }
    }
    request.check_body(route)?;
    handler(app, request).boxed_local().await
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_default())
}

struct Answer<'a, 'r> {
    route: &'a Route,
    request: &'a Request<'r>,
    request_id: String,
    admission: Option<&'a Admission>,
    cookie: Option<SetCookie>,
    result: Result<Reply, ApiError>,
}

impl Answer<'_, '_> {
    /// The response, and whether it is our failure.
    fn into_response(self) -> (ApiGatewayV2httpResponse, bool) {
        let mut content_type = reply::JSON;
        let may_compress = !matches!(&self.result, Ok(reply) if reply.is_confidential);
        let (status, body, mut extra, mut cookies) = match self.result {
            Ok(Reply { text: Some((kind, text)), status, headers, cookies, .. }) => {
                content_type = kind;
                (status, text, headers, cookies)
            }
            Ok(reply) => (reply.status, Cow::Owned(reply.body.to_string()), reply.headers, reply.cookies),
            Err(error) => {
                error.log(&self.request_id);
                let body = serde_json::to_string(&error.body(&self.request_id)).unwrap_or_default();
                (error.code().status(), Cow::Owned(body), error.headers().to_vec(), Vec::new())
            }
        };
        // A handler's own access cookie, login's or logout's, comes after and wins.
        cookies.splice(0..0, self.cookie);
        extra.extend(self.admission.map(Admission::headers).unwrap_or_default());
        extra.push(("x-request-id", self.request_id));
        extra.push(("content-type", content_type.to_owned()));
        let coding = self.request.header("accept-encoding").and_then(Coding::accepted);
        let coding = coding.filter(|_| may_compress && body.len() > compression::THRESHOLD);
        let coded = coding.and_then(|coding| Some((coding, coding.encode(body.as_bytes()).ok()?)));
        extra.extend(coded.as_ref().map(|(coding, _)| ("content-encoding", coding.name().to_owned())));
        let body = coded.map_or_else(|| Body::Text(body.into_owned()), |(_, coded)| Body::Binary(coded));
        let mut headers = HeaderMap::new();
        let fixed = headers::ON_EVERY_ANSWER.iter().map(|(name, value)| (*name, (*value).to_owned()));
        for (name, value) in fixed.chain(extra) {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
                headers.insert(name, value);
            }
        }
        let is_head = self.request.method() == "HEAD" && self.route.method.is_empty();
        let mut response = ApiGatewayV2httpResponse::default();
        response.status_code = i64::from(status);
        response.headers = headers;
        response.is_base64_encoded = !is_head && matches!(body, Body::Binary(_));
        response.body = (!is_head).then_some(body);
        response.cookies = cookies.iter().map(|cookie| cookie.as_str().to_owned()).collect();
        (response, status >= 500)
    }
}

/// One line a request, which is also its metrics.
fn log(
    app: &App,
    route: &Route,
    request: &Request<'_>,
    response: &ApiGatewayV2httpResponse,
    admission: Option<&Admission>,
    is_failure: bool,
    elapsed: Duration,
) {
    let consumed = app.store.meter().reading();
    let duration_ms = elapsed.as_secs_f64() * 1000.0;
    let blind = admission.is_some_and(|admission| admission.is_blind);
    let mut line = Map::new();
    let request_id = response.headers.get("x-request-id").and_then(|id| id.to_str().ok());
    line.insert("request_id".to_owned(), json!(request_id));
    line.insert("gateway_request_id".to_owned(), json!(request.gateway_id()));
    line.insert("method".to_owned(), json!(request.method()));
    line.insert("route".to_owned(), json!(if route.path.is_empty() { "unknown" } else { route.path }));
    line.insert("function".to_owned(), json!(route.function));
    line.insert("user_id".to_owned(), json!(request.caller.as_ref().map(|caller| caller.id)));
    line.insert("status".to_owned(), json!(response.status_code));
    line.insert("table_calls".to_owned(), json!(consumed.calls));
    line.insert("table_read_units".to_owned(), json!(consumed.read_units));
    line.insert("table_write_units".to_owned(), json!(consumed.write_units));
    line.insert("duration_ms".to_owned(), json!(duration_ms));
    let mut metrics = vec![("RequestDuration", Unit::Milliseconds, duration_ms)];
    if is_failure {
        metrics.push(("RequestFailed", Unit::Count, 1.0));
    }
    if blind {
        metrics.push(("LimiterUnavailable", Unit::Count, 1.0));
    }
    let level = if is_failure {
        "ERROR"
    } else if elapsed > SLOW {
        "WARN"
    } else {
        "INFO"
    };
    telemetry::emit("http.request", level, &app.config.stage, &metrics, line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_has_what_lambda_leaves_less_what_answering_takes_and_28_seconds_at_most() {
        let now = crate::clock::testing::now();
        let given = |seconds: u64| budget(u64::try_from(now.as_millisecond()).unwrap() + seconds * 1000, now);
        assert_eq!(given(10), Duration::from_millis(9500));
        assert_eq!(given(60), BUDGET);
        assert_eq!(budget(0, now), BUDGET, "no deadline that lies ahead");
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::config::SameSite;
    use crate::domain::zone::Zone;
    use crate::http::limiter::Limits;
    use std::num::NonZeroU8;

    pub(crate) fn http_config() -> HttpConfig {
        HttpConfig {
            allowed_origins: vec!["http://localhost:8080".to_owned()],
            secure: false,
            same_site: SameSite::Lax,
            cookie_domain: None,
            public_url: "http://localhost:3000".to_owned(),
            password_min_length: NonZeroU8::new(6).unwrap(),
            default_zone: Zone::parse("Asia/Kolkata").unwrap(),
            limits: Limits::parse(
                "global=100/900,auth=5/900,otp=5/900,reset=3/3600,verify=5/3600,upload=10/3600,login=10/3600,code=10/3600",
            )
            .unwrap(),
        }
    }

    pub(crate) fn keyring() -> Keyring {
        Keyring::parse(r#"{"current":"1","1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).unwrap()
    }
}
