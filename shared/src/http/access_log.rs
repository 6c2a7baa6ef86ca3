//! One log line per request, which is also the source of its metrics.
//!
//! A request that is refused is logged with its error code. Where a credential, an origin, a limit or a session was refused,
//! the line also tells where the request came from and which account it was for, as keyed hashes: the same address has the same
//! hash on every line, and none can be read off it (OWASP ASVS 5.0, 16.2.5 and 16.3).

use std::time::Duration;

use lambda_http::Body as Payload;
use lambda_http::http::Response;
use serde_json::{Map, Value, json};

use super::error::ErrorCode;
use super::limiter::{self, RateLimitDecision};
use super::request::RequestParts;
use super::{App, login_guard};
use crate::domain::email::Email;
use crate::telemetry::{self, Metric};

/// A slower request is logged as a warning. The time for which it waited for another function does not count.
const SLOW: Duration = Duration::from_secs(1);

/// A body beyond this is not read for the log.
const BODY_READ: usize = 4096;

/// Why a request was refused, and of whom.
pub(super) struct Refusal {
    code: ErrorCode,
    /// Keyed hash of the e-mail address that it was for.
    account_tag: Option<String>,
    /// Keyed hash of the network address that it came from.
    client_tag: Option<String>,
}

impl Refusal {
    /// The refusal of a request with this error.
    pub(super) async fn of(app: &App, request: &RequestParts, code: ErrorCode) -> Self {
        let (mut account_tag, mut client_tag) = (None, None);
        if code.is_security_event()
            && let Ok(keyring) = app.keyring().await
        {
            account_tag = address_of(request).map(|email| login_guard::account_tag(&keyring, &email));
            client_tag = Some(limiter::client_key(&keyring, request.address()));
        }
        Self { code, account_tag, client_tag }
    }
}

/// The e-mail address of the caller, or else of the account that the body names.
fn address_of(request: &RequestParts) -> Option<Email> {
    if let Ok(caller) = request.caller() {
        return Some(caller.email.clone());
    }
    if request.payload.len() > BODY_READ {
        return None;
    }
    let body: Value = serde_json::from_slice(&request.payload).ok()?;
    Email::parse(body.get("email")?.as_str()?).ok()
}

/// Logs a request.
pub(super) fn write(
    app: &App,
    request: &RequestParts,
    response: &Response<Payload>,
    (refusal, is_server_error): (Option<Refusal>, bool),
    elapsed: Duration,
) {
    let consumed = app.store.meter().reading();
    let duration_ms = elapsed.as_secs_f64() * 1000.0;
    let request_id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let path = request.facts.path;
    let mut line = Map::new();
    line.insert("request_id".to_owned(), json!(request_id));
    line.insert("gateway_request_id".to_owned(), json!(request.gateway_id));
    line.insert("method".to_owned(), json!(request.method()));
    line.insert("route".to_owned(), json!(if path.is_empty() { "unknown" } else { path }));
    line.insert("function".to_owned(), json!(request.function));
    line.insert("user_id".to_owned(), json!(request.caller().ok().map(|caller| caller.id)));
    line.insert("status".to_owned(), json!(response.status().as_u16()));
    if let Some(Refusal { code, account_tag, client_tag }) = refusal {
        line.insert("code".to_owned(), json!(code.as_str()));
        let tags = [("account_tag", account_tag), ("client_tag", client_tag)];
        line.extend(tags.into_iter().filter_map(|(name, tag)| Some((name.to_owned(), json!(tag?)))));
    }
    line.insert("table_calls".to_owned(), json!(consumed.calls));
    line.insert("table_read_units".to_owned(), json!(consumed.read_units));
    line.insert("table_write_units".to_owned(), json!(consumed.write_units));
    line.insert("duration_ms".to_owned(), json!(duration_ms));
    let waited = request.waited();
    if !waited.is_zero() {
        line.insert("waited_ms".to_owned(), json!(waited.as_secs_f64() * 1000.0));
    }
    let mut metrics = vec![(Metric::RequestDuration, duration_ms)];
    if is_server_error {
        metrics.push((Metric::RequestFailed, 1.0));
    }
    if request.decision.get().is_some_and(RateLimitDecision::limiter_unavailable) {
        metrics.push((Metric::LimiterUnavailable, 1.0));
    }
    let level = match is_server_error {
        true => "ERROR",
        false if elapsed.saturating_sub(waited) > SLOW => "WARN",
        false => "INFO",
    };
    telemetry::emit("http.request", level, &app.config.stage, &metrics, line);
}
