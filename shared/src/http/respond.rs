//! One request, from the decoded event to the answer.
//!
//! ```text
//! request → origin, body → rate limiter's write ─────────────────────────┐
//!                        → caller → handler: first read,                 │ → the limiter's rejection, or the
//!                          further reads, (permit) ← wait for ───────────┘   handler's answer → headers, log line
//! ```
//!
//! Headers and body are judged first, without I/O, so that the limiter knows what to count: see [`limiter`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
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
use super::error::{ApiError, ErrorCode};
use super::identity::{Holder, Identity, has_cookie, refresh_holder};
use super::limiter::{self, Counting, RateLimitDecision};
use super::operation::{Access, CountedFor, Facts};
use super::origin::{AuthenticatedBy, RequestOrigin};
use super::reply::Reply;
use super::request::RequestParts;
use super::{App, Request, headers};
use crate::auth::token::AccessClaims;
use crate::domain::body::Body;
use crate::id::SessionId;
use crate::limits::RateLimitClass;
use crate::store::gate::{Admission, Gate};

/// A handler whose types are erased: parses the body, and returns the work that is to be done.
pub type Handler = dyn for<'a> Fn(&'a App, &'a RequestParts) -> Result<Prepared<'a>, ApiError>;

/// A request whose body is good.
pub struct Prepared<'a> {
    /// The refresh token in the body.
    refresh_token: Option<String>,
    work: LocalBoxFuture<'a, Result<Reply, ApiError>>,
}

impl std::fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

impl<'a> Prepared<'a> {
    /// Parses the body, and prepares the handler's work on it.
    pub(super) fn new<B: Body + 'a, W>(
        app: &'a App,
        parts: &'a RequestParts,
        work: impl FnOnce(Request<'a, B>) -> W,
    ) -> Result<Self, ApiError>
    where
        W: Future<Output = Result<Reply, ApiError>> + 'a,
    {
        let (request, refresh_token) = Request::parse(app, parts)?;
        Ok(Self { refresh_token, work: work(request).boxed_local() })
    }
}

/// A route: an operation's facts and its function.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The function that serves it.
    pub function: &'static str,
    /// The operation's facts.
    pub facts: Facts,
}

/// Erases the types of a handler.
pub fn erased<B: Body + 'static, A: Answer>(
    handler: impl AsyncFn(&App, &Request<'_, B>) -> Result<A, ApiError> + Copy + 'static,
) -> Box<Handler> {
    Box::new(move |app, parts| {
        Prepared::new(app, parts, move |request| async move { handler(app, &request).await?.into_reply() })
    })
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
    if let Some(domain_name) = &parts.domain_name {
        app.http.public_url.learn(domain_name);
    }
    let result = tokio::time::timeout(budget, work(app, handler, &parts)).await;
    let result = result.unwrap_or_else(|_| Err(ApiError::unavailable("the handler outlasted its budget")));
    let refusal = match &result {
        Ok(_) => None,
        Err(error) => Some(access_log::Refusal::of(app, &parts, error.code()).await),
    };
    let (response, is_server_error) = into_response(&parts, request_id, result);
    access_log::write(app, &parts, &response, (refusal, is_server_error), started.elapsed());
    response
}

/// Runs the rate limiter and the handler at the same time. What the headers and the body alone decide comes before.
async fn work(app: &App, handler: &Handler, parts: &RequestParts) -> Result<Reply, ApiError> {
    let identity = Identity::of(app, parts).await;
    let origin = origin_of(app, parts, &identity);
    let allowed = origin.check(&app.http.allowed_origins);
    let gate = Arc::new(Gate::new());
    let gated = app.behind(Arc::clone(&gate));
    let prepare = || parts.check_body().and_then(|()| handler(&gated, parts));
    let prepared = catch_unwind(AssertUnwindSafe(prepare)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
    let is_foreign = origin.is_of_another_site(&app.http.allowed_origins);
    let holder = if is_foreign { None } else { holder(app, parts, &identity, prepared.as_ref().ok()).await };
    let was_ended = holder.is_some_and(|holder| app.ended.contains(holder.session));
    let counting = counting(app, parts, holder, is_foreign, prepared.is_ok()).await;
    let is_rejected = |counting: &Counting| app.rejected.contains(counting.party(), parts.now());
    if !counting.as_ref().is_ok_and(|counting| counting.as_ref().is_some_and(is_rejected)) {
        gate.allow_early_read();
    }
    let limiter = async {
        let decision = match counting {
            Ok(Some(counting)) => {
                let party = counting.party().clone();
                let decision = limiter::decide(&app.store, &app.http.limits, counting, parts.now()).await;
                app.rejected.note(&party, &decision, parts.now());
                decision
            }
            Ok(None) => RateLimitDecision::unlimited(),
            Err(_) => RateLimitDecision::without_keys(),
        };
        gate.decide(if decision.check().is_ok() { Admission::Admitted } else { Admission::Refused });
        // Nobody else sets it, so it is not set yet.
        drop(parts.decision.set(decision));
    };
    let handled = AssertUnwindSafe(run(&gated, parts, identity.access, allowed, prepared)).catch_unwind();
    let ((), result) = futures::join!(limiter, handled);
    let decision = parts.decision.wait().await;
    let result = match result {
        // A fault of ours is answered, and logged, as one even where the limiter refuses the request.
        Err(panic) => Err(panicked(panic.as_ref())),
        // A redirect after a failure reveals nothing, and says in its own way that the request failed.
        Ok(Ok(reply)) if reply.head.reports_failure => Ok(reply),
        Ok(result) => decision.check().and(result),
    };
    let counts_in = |class| limiter::counts_in(class, &result);
    // The account has no part in a request that was refused because its session has ended.
    let has_ended = |holder: &Holder| !was_ended && is_unauthorized(&result) && app.ended.contains(holder.session);
    match holder.filter(has_ended) {
        Some(holder) => {
            let of_session = count_for_session(app, parts, holder.session, counts_in);
            futures::join!(decision.settle(&app.store, |_| false), of_session);
        }
        None => decision.settle(&app.store, counts_in).await,
    }
    result
}

fn is_unauthorized(result: &Result<Reply, ApiError>) -> bool {
    matches!(result, Err(error) if error.code() == ErrorCode::Unauthorized)
}

/// Counts a request for its ended session, in the classes of its route that it counts in.
async fn count_for_session(
    app: &App,
    parts: &RequestParts,
    session: SessionId,
    counts_in: impl Fn(RateLimitClass) -> bool,
) {
    let Ok(keyring) = app.keyring().await else { return };
    let classes = parts.facts.classes.into_iter().filter(|class| counts_in(*class));
    let counting = Counting::of_ended_session(&keyring, session).with(classes);
    limiter::count(&app.store, &app.http.limits, &counting, parts.now()).await;
}

/// What the request's tokens name; `None` where the route counts by address.
async fn holder(
    app: &App,
    parts: &RequestParts,
    identity: &Identity,
    prepared: Option<&Prepared<'_>>,
) -> Option<Holder> {
    match parts.facts.counted_for {
        CountedFor::Address => None,
        CountedFor::Caller => {
            let refresh_token = prepared.and_then(|prepared| prepared.refresh_token.as_deref());
            refresh_holder(app, parts, refresh_token).await.or(identity.holder())
        }
    }
}

fn origin_of<'a>(app: &App, parts: &'a RequestParts, identity: &Identity) -> RequestOrigin<'a> {
    let reads_bearer = parts.facts.access != Access::Anyone;
    RequestOrigin {
        is_unsafe: !parts.facts.takes_foreign_posts && !matches!(parts.method(), "GET" | "HEAD" | "OPTIONS"),
        origin: parts.origin(),
        fetch_site: parts.header("sec-fetch-site"),
        fetch_mode: parts.header("sec-fetch-mode"),
        authenticated_by: if reads_bearer && identity.is_bearer {
            AuthenticatedBy::Bearer
        } else if has_cookie(app, parts) {
            AuthenticatedBy::Cookies
        } else {
            AuthenticatedBy::Nothing
        },
    }
}

/// What the request is counted in; `None` if its route is not rate limited. Another site's request touches no counter of
/// the visitor's own, and one whose body is bad none of the route's classes.
async fn counting(
    app: &App,
    parts: &RequestParts,
    holder: Option<Holder>,
    is_foreign: bool,
    is_prepared: bool,
) -> Result<Option<Counting>, ApiError> {
    let Facts { is_limited, classes, .. } = parts.facts;
    if !is_limited {
        return Ok(None);
    }
    let keyring = app.keyring().await?;
    if is_foreign {
        return Ok(Some(Counting::of_another_site(&keyring, parts.address())));
    }
    let everything = match holder {
        Some(Holder { session, .. }) if app.ended.contains(session) => Counting::of_ended_session(&keyring, session),
        Some(Holder { account, .. }) => Counting::of_account(&keyring, account),
        None => Counting::of_address(&keyring, parts.address()),
    };
    Ok(Some(everything.with(classes.into_iter().filter(|_| is_prepared))))
}

async fn run(
    app: &App,
    parts: &RequestParts,
    access_token: Option<AccessClaims>,
    allowed: Result<(), ApiError>,
    prepared: Result<Prepared<'_>, ApiError>,
) -> Result<Reply, ApiError> {
    let access = parts.facts.access;
    let session = access_token.as_ref().map(|claims| claims.sid);
    allowed?;
    if access != Access::Anyone {
        match authenticate(app, parts, access_token).await {
            Ok(authenticated) => parts.set_caller(authenticated.caller, authenticated.cookie),
            Err(error) if access == Access::SignedIn || error.code() != ErrorCode::Unauthorized => {
                let has_token = parts.bearer().is_some() || has_cookie(app, parts);
                return Err(if has_token { error } else { error.presented_nothing() });
            }
            Err(_) => {}
        }
    }
    let result = prepared?.work.await;
    // Where a sign-in is needed, a valid access token is refused for this reason only.
    if let Some(session) = session.filter(|_| access == Access::SignedIn && is_unauthorized(&result)) {
        app.ended.note(session);
    }
    result
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> ApiError {
    ApiError::internal(panic_message(panic))
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
