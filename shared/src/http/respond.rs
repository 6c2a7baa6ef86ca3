//! One request, from the decoded event to the answer.
//!
//! ```text
//! request → rate limiter's write ────────────────────────────┐
//!         → origin → caller → type and size of the body →    │ → the limiter's rejection, or the handler's answer
//!           handler: parse, read, (permit) ← waits for ──────┘ → headers, cookies, compression, log line
//! ```

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use lambda_http::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE};
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use lambda_http::{Body as Payload, RequestExt};

use super::access_log;
use super::answer::Answer;
use super::authenticate::authenticate;
use super::compression::Coding;
use super::cookies::CookieName;
use super::error::{ApiError, ErrorCode};
use super::limiter::{self, RateLimitDecision};
use super::operation::{Access, Facts};
use super::origin::RequestOrigin;
use super::reply::Reply;
use super::request::RequestParts;
use super::{App, Request, headers};
use crate::domain::body::Body;

/// A handler whose types are erased.
pub type Handler = dyn for<'a> Fn(&'a App, &'a RequestParts) -> LocalBoxFuture<'a, Result<Reply, ApiError>>;

/// A route: an operation's facts and its function.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The function that serves it.
    pub function: &'static str,
    /// The operation's facts.
    pub facts: Facts,
}

/// Erases the types of a handler.
pub fn erased<B: Body, A: Answer>(
    handler: impl AsyncFn(&App, &Request<'_, B>) -> Result<A, ApiError> + Copy + 'static,
) -> Box<Handler> {
    Box::new(move |app, parts| async move { handler(app, &Request::new(parts)).await?.into_reply() }.boxed_local())
}

/// Answers one request within `budget`. The store's meter keeps what it consumed until the next request.
pub async fn respond(
    app: &App,
    route: &Route,
    handler: &Handler,
    request: lambda_http::Request,
    budget: Duration,
) -> Response<Payload> {
    let started = Instant::now();
    app.store.meter().take();
    let request_id = request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    let parts = RequestParts::new(route.function, route.facts, request, app.clock.now(), started + budget);
    let result = tokio::time::timeout(budget, work(app, handler, &parts)).await;
    let result = result.unwrap_or_else(|_| Err(ApiError::unavailable("the handler outlasted its budget")));
    let (response, is_server_error) = into_response(&parts, request_id, result);
    access_log::write(app, &parts, &response, is_server_error, started.elapsed());
    response
}

/// Runs the rate limiter and the handler at the same time.
async fn work(app: &App, handler: &Handler, parts: &RequestParts) -> Result<Reply, ApiError> {
    let limiter = async {
        let Facts { is_limited, class, .. } = parts.facts;
        let decision = match app.keyring().await {
            _ if !is_limited => RateLimitDecision::unlimited(),
            Ok(keyring) => {
                let client = (parts.address(), parts.now());
                limiter::decide(&app.store, &keyring, &app.http.limits, class, client).await
            }
            Err(_) => RateLimitDecision::without_keys(),
        };
        // Nobody else sets it, so it is not set yet.
        drop(parts.decision.set(decision));
    };
    let handled = AssertUnwindSafe(run(app, handler, parts)).catch_unwind();
    let ((), result) = futures::join!(limiter, handled);
    // A fault of ours is answered, and logged, as one even where the limiter refuses the request.
    let result = result.map_err(|panic| ApiError::internal(panic_message(panic.as_ref())))?;
    let decision = parts.decision.wait().await;
    match result {
        // A redirect after a failure reveals nothing, and says in its own way that the request failed.
        Ok(reply) if reply.head.counts_as_failure => Ok(reply),
        result => {
            decision.check()?;
            if result.is_ok() {
                decision.give_back(&app.store).await;
            }
            result
        }
    }
}

async fn run(app: &App, handler: &Handler, parts: &RequestParts) -> Result<Reply, ApiError> {
    let facts = parts.facts;
    let mut tokens = [CookieName::Access, CookieName::Refresh].into_iter();
    let origin = RequestOrigin {
        is_unsafe: !facts.takes_foreign_posts && !matches!(parts.method(), "GET" | "HEAD" | "OPTIONS"),
        origin: parts.origin(),
        fetch_site: parts.header("sec-fetch-site"),
        by_cookie: parts.bearer().is_none() && tokens.any(|name| !parts.cookies(app, name).is_empty()),
    };
    origin.check(&app.http.allowed_origins)?;
    if facts.access != Access::Anyone {
        match authenticate(app, parts).await {
            Ok(authenticated) => parts.set_caller(authenticated.caller, authenticated.cookie),
            Err(error) if facts.access == Access::SignedIn || error.code() != ErrorCode::Unauthorized => {
                return Err(error);
            }
            Err(_) => {}
        }
    }
    parts.check_body()?;
    handler(app, parts).await
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_default())
}

/// The response, and whether it is a server error.
fn into_response(
    parts: &RequestParts,
    request_id: String,
    result: Result<Reply, ApiError>,
) -> (Response<Payload>, bool) {
    let Reply { status, media_type, body, head } = result.unwrap_or_else(|error| {
        error.log(&request_id);
        error.into_reply(&request_id)
    });
    let mut response = guarded(status, media_type);
    let headers = response.headers_mut();
    let limits = parts.decision.get().map(RateLimitDecision::headers).unwrap_or_default();
    let own = head.headers.into_iter().chain(limits).chain([("x-request-id", request_id)]);
    own.for_each(|(name, value)| add(headers, name, &value));
    // A handler's own access cookie, login's or logout's, follows and wins.
    for cookie in parts.silent_refresh().into_iter().chain(&head.cookies) {
        headers.extend(HeaderValue::from_str(cookie.as_str()).map(|value| (SET_COOKIE, value)));
    }
    let accepted = parts.header("accept-encoding").filter(|_| !head.is_confidential);
    let coding = accepted.and_then(|header| Coding::for_body(header, body.len()));
    let coded = coding.and_then(|coding| Some((coding, coding.encode(body.as_bytes()).ok()?)));
    if let Some((coding, _)) = &coded {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    let payload = match coded {
        Some((_, coded)) => Payload::Binary(coded),
        None => Payload::Text(body.into_owned()),
    };
    if parts.is_head() {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(payload.len()));
    } else {
        *response.body_mut() = payload;
    }
    (response, status >= 500)
}

/// The answer to a request that never reached a handler.
pub(super) fn error_response(error: ApiError, request_id: String) -> Response<Payload> {
    error.log(&request_id);
    let Reply { status, media_type, body, head } = error.into_reply(&request_id);
    let mut response = guarded(status, media_type);
    let own = head.headers.into_iter().chain([("x-request-id", request_id)]);
    own.for_each(|(name, value)| add(response.headers_mut(), name, &value));
    *response.body_mut() = Payload::Text(body.into_owned());
    response
}

/// An empty response with the headers of every answer.
fn guarded(status: u16, media_type: &'static str) -> Response<Payload> {
    let mut response = Response::new(Payload::Empty);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers::ON_EVERY_ANSWER {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// Adds a header. API Gateway sends only the first of several headers of one name, so a second value joins the first.
fn add(headers: &mut HeaderMap, name: &'static str, value: &str) {
    let name = HeaderName::from_static(name);
    let joined = match headers.get(&name).and_then(|first| first.to_str().ok()) {
        Some(first) => HeaderValue::from_str(&format!("{first}, {value}")),
        None => HeaderValue::from_str(value),
    };
    if let Ok(value) = joined {
        headers.insert(name, value);
    }
}
