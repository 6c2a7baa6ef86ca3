//! One log line per request, which is also the source of its metrics.

use std::time::Duration;

use lambda_http::Body as Payload;
use lambda_http::http::Response;
use serde_json::{Map, json};

use super::App;
use super::limiter::RateLimitDecision;
use super::request::RequestParts;
use crate::telemetry::{self, Metric};

/// A slower request is logged as a warning. The time for which it waited for another function does not count.
const SLOW: Duration = Duration::from_secs(1);

/// Logs a request.
pub(super) fn write(
    app: &App,
    request: &RequestParts,
    response: &Response<Payload>,
    is_server_error: bool,
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
