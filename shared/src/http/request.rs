//! A request as handlers see it: authenticated, with its body and parameters ready to be parsed.

use std::cell::{Cell, OnceCell};
use std::fmt::Display;
use std::ops::Deref;
use std::time::{Duration, Instant};

use lambda_http::http::HeaderMap;
use lambda_http::http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH, ORIGIN};
use lambda_http::request::RequestContext;
use lambda_http::{Body as Payload, RequestExt};
use serde_json::{Map, Value};
use tokio::sync::SetOnce;

use super::App;
use super::cookies::{self, CookieName, SetCookie};
use super::error::{ApiError, ErrorCode};
use super::limiter::RateLimitDecision;
use super::operation::{BodyKind, Facts, JSON_MAX, MULTIPART_MAX};
use crate::clock::Timestamp;
use crate::domain::body::{Body, NoBody};
use crate::domain::email::Email;
use crate::domain::field::{BodyContext, FieldError, Fields};
use crate::id::{ChallengeId, InvalidId, SessionId, UserId};
use crate::store::Permit;

const MULTIPART_TOO_LARGE: &str = "The files are too large to be sent together: the maximum is 4 MB. Send fewer or \
    smaller files. Programs can announce files of up to 10 MB each as JSON {files:[{filename,fileType,fileSize}]}, and \
    upload each to the URL in the answer";

const NOT_UTF8: &str = "Request body must be UTF-8. Write the character U+FFFD as \\ufffd";

/// Rejects a charset other than UTF-8 among the parameters of a media type.
fn check_charset(parameters: &str) -> Result<(), ApiError> {
    let pairs = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let mut charsets = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let is_utf8 = |charset: &str| charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8");
    if charsets.all(|(_, value)| is_utf8(value.trim().trim_matches('"'))) {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::UnsupportedMediaType).with_message("Charset must be utf-8"))
}

/// The signed-in user that a request comes from.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user.
    pub id: UserId,
    /// The user's e-mail address.
    pub email: Email,
    /// The session.
    pub session: SessionId,
}

/// A request to an operation whose body is a `B`.
pub struct Request<'a, B = NoBody> {
    parts: &'a RequestParts,
    /// The parsed body, until a handler takes it.
    body: Cell<Option<B>>,
}

impl<B> std::fmt::Debug for Request<'_, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self.parts, f)
    }
}

impl<'a, B: Body> Request<'a, B> {
    /// Parses the body, without I/O, but for a multipart one and for one whose bad fields the handler reports: these the
    /// handler reads. Returns the refresh token in it too.
    ///
    /// # Errors
    /// 400 with every bad field.
    pub(super) fn parse(app: &App, parts: &'a RequestParts) -> Result<(Self, Option<String>), ApiError> {
        if parts.facts.body == BodyKind::Ignored || parts.is_multipart() {
            return Ok((Self { parts, body: Cell::new(None) }, None));
        }
        let object = parts.object()?;
        let refresh_token = parts.facts.refresh_token_field.and_then(|field| object.get(field)?.as_str());
        let refresh_token = refresh_token.map(str::to_owned);
        let body = if parts.facts.reports_bad_fields { None } else { Some(read(app, parts, object)?) };
        Ok((Self { parts, body: Cell::new(body) }, refresh_token))
    }

    /// The body. A second call parses it again.
    ///
    /// # Errors
    /// 400 with every bad field.
    pub fn body(&self, app: &App) -> Result<B, ApiError> {
        self.body.take().map_or_else(|| read(app, self.parts, self.parts.object()?), Ok)
    }

    /// The body as far as it can be parsed, and every bad field: for an operation that
    /// [reports them itself](super::Operation::reports_bad_fields).
    ///
    /// # Errors
    /// 400 for a body that is no JSON object.
    pub fn body_and_errors(&self, app: &App) -> Result<(Option<B>, Vec<FieldError>), ApiError> {
        let mut fields = Fields::new(self.parts.object()?, self.parts.body_context(app));
        let body = B::read(&mut fields);
        Ok((body, fields.into_errors()))
    }
}

fn read<B: Body>(app: &App, parts: &RequestParts, object: Map<String, Value>) -> Result<B, ApiError> {
    let mut fields = Fields::new(object, parts.body_context(app));
    let body = B::read(&mut fields);
    Ok(fields.finish(body)?)
}

impl<B> Deref for Request<'_, B> {
    type Target = RequestParts;

    fn deref(&self) -> &RequestParts {
        self.parts
    }
}

/// A request, whatever the type of its body.
pub struct RequestParts {
    /// The function that serves it.
    pub(super) function: &'static str,
    pub(super) facts: Facts,
    pub(super) headers: HeaderMap,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) id: Option<String>,
    pub(super) query: Vec<(String, String)>,
    raw_query: String,
    pub(super) address: String,
    pub(super) gateway_id: Option<String>,
    /// The domain name that the gateway received the request for.
    pub(super) domain_name: Option<String>,
    pub(super) payload: Payload,
    caller: OnceCell<Caller>,
    silent_refresh: OnceCell<SetCookie>,
    pub(super) decision: SetOnce<RateLimitDecision>,
    pub(super) now: Timestamp,
    received_at: Timestamp,
    answer_by: Instant,
    waited: Cell<Duration>,
}

/// Longer than the gateway waits for an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The instant of so many milliseconds since the Unix epoch; `now` for one after that, or so long ago that nobody waits any more.
fn received_at(millisecond: i64, now: Timestamp) -> Timestamp {
    let at = Timestamp::MIN.plus(Duration::from_millis(u64::try_from(millisecond).unwrap_or_default()));
    if now.since(at) < LONGEST_WAIT { at.min(now) } else { now }
}

impl std::fmt::Debug for RequestParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Its headers and body hold secrets.
        f.debug_struct("Request").field("function", &self.function).finish_non_exhaustive()
    }
}

impl RequestParts {
    pub(super) fn new(
        function: &'static str,
        facts: Facts,
        request: lambda_http::Request,
        now: Timestamp,
        answer_by: Instant,
    ) -> Self {
        let path = request.raw_http_path().to_owned();
        // The gateway decodes the parameter; `cargo lambda watch` gives none.
        let given = request.path_parameters_ref().and_then(|parameters| parameters.first("id")).map(str::to_owned);
        let id = given.or_else(|| facts.parameter_of(&path).map(str::to_owned));
        // The parameters in the order in which they were sent, which is the order of the errors; the adapter's map has none.
        let raw_query = request.uri().query().unwrap_or_default().to_owned();
        let query = url::form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect();
        let context = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => Some(context),
            _ => None,
        };
        Self {
            function,
            facts,
            id,
            query,
            raw_query,
            address: context.and_then(|context| context.http.source_ip.clone()).unwrap_or_default(),
            gateway_id: context.and_then(|context| context.request_id.clone()),
            domain_name: context.and_then(|context| context.domain_name.clone()),
            method: request.method().as_str().to_owned(),
            path,
            caller: OnceCell::new(),
            silent_refresh: OnceCell::new(),
            decision: SetOnce::new(),
            now,
            received_at: context.map_or(now, |context| received_at(context.time_epoch, now)),
            answer_by,
            waited: Cell::default(),
            headers: request.headers().clone(),
            payload: request.into_body(),
        }
    }

    /// Keeps who calls, and the cookie of a silent refresh.
    pub(super) fn set_caller(&self, caller: Caller, cookie: Option<SetCookie>) {
        self.caller.get_or_init(|| caller);
        if let Some(cookie) = cookie {
            self.silent_refresh.get_or_init(|| cookie);
        }
    }

    /// The cookie of a silent refresh.
    pub(super) fn silent_refresh(&self) -> Option<&SetCookie> {
        self.silent_refresh.get()
    }

    /// When the function began to serve the request.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When the gateway received the request, which may have waited for an instance of the function since.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// The time until the request is answered with 503.
    pub fn time_left(&self) -> Duration {
        self.answer_by.saturating_duration_since(Instant::now())
    }

    /// Waits for something that another function does. The access log tells this time from the route's own.
    pub async fn wait(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
        self.waited.set(self.waited.get() + duration);
    }

    /// The time spent in [`Self::wait`].
    pub(super) fn waited(&self) -> Duration {
        self.waited.get()
    }

    /// The signed-in user.
    ///
    /// # Errors
    /// 401, on a route that anyone may call.
    pub fn caller(&self) -> Result<&Caller, ApiError> {
        self.caller.get().ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))
    }

    /// Waits for the rate limiter, and returns the permit to write.
    ///
    /// # Errors
    /// 429, or 503 where the limiter is unavailable and the route's class needs it.
    pub async fn permit(&self) -> Result<Permit, ApiError> {
        let session = self.caller.get().map(|caller| (caller.id, caller.session));
        self.decision.wait().await.permit(session)
    }

    /// A header's value; `None` when it is missing or not ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The values of up to four cookies of this name, in the order in which they were sent. The first valid one counts.
    pub fn cookies(&self, app: &App, name: CookieName) -> Vec<&str> {
        cookies::find_all(&self.headers, &name.wire(&app.http))
    }

    /// The logins that the request's cookies name.
    fn challenges(&self, app: &App) -> Vec<ChallengeId> {
        let ids = self.cookies(app, CookieName::Challenge).into_iter();
        ids.filter_map(|id| ChallengeId::parse(id).ok()).collect()
    }

    /// The client's network address as API Gateway saw it, never what a header says.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Whether the method is `HEAD`: the answer is that to `GET` without its body, and nothing is used up (RFC 9110 §9.3.2).
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// The path, as the gateway passes it on: decoded, but for `%25`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query string, as it was sent.
    pub fn raw_query(&self) -> &str {
        &self.raw_query
    }

    /// The id in the path. One that is no UUID is as unknown as any other.
    ///
    /// # Errors
    /// 404 `<what> not found`.
    pub fn path_id<I>(&self, what: &str, parse: impl FnOnce(&str) -> Result<I, InvalidId>) -> Result<I, ApiError> {
        parse(self.id.as_deref().unwrap_or_default()).map_err(|_| ApiError::not_found(what))
    }

    /// The body's media type without its parameters; empty if there is none.
    pub fn media_type(&self) -> &str {
        let content_type = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        content_type.split(';').next().unwrap_or_default().trim()
    }

    /// The body as it was sent.
    pub fn bytes(&self) -> &[u8] {
        &self.payload
    }

    fn body_context(&self, app: &App) -> BodyContext {
        let password_min_length = app.http.password_min_length;
        BodyContext { now: self.now, password_min_length, challenges: self.challenges(app) }
    }

    /// The JSON object in the body; an empty one where the body may be missing and is.
    fn object(&self) -> Result<Map<String, Value>, ApiError> {
        if self.facts.body == BodyKind::OptionalJson && self.json_text().is_empty() {
            return Ok(Map::new());
        }
        // The gateway passes JSON on as text, with this character in place of bytes that are no UTF-8.
        if matches!(&self.payload, Payload::Text(text) if text.contains(char::REPLACEMENT_CHARACTER)) {
            return Err(ApiError::new(ErrorCode::MalformedJson).with_message(NOT_UTF8));
        }
        match serde_json::from_slice(self.json_text()) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(ApiError::new(ErrorCode::MalformedJson)),
        }
    }

    /// The body without the byte order mark that some editors and Windows clients put before UTF-8 (RFC 8259 §8.1 allows a
    /// parser to ignore it).
    fn json_text(&self) -> &[u8] {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        self.payload.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.payload)
    }

    /// Checks coding, type, charset and size of the body before anything parses it.
    pub(super) fn check_body(&self) -> Result<(), ApiError> {
        let expected = self.facts.body;
        if expected == BodyKind::Ignored {
            return Ok(());
        }
        self.check_coding()?;
        if expected == BodyKind::OptionalJson && self.payload.is_empty() {
            return Ok(());
        }
        let content_type = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let (_, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        let media_type = self.media_type();
        let length = self.payload.len();
        if self.is_multipart() {
            let too_large = ApiError::new(ErrorCode::BodyTooLarge).with_message(MULTIPART_TOO_LARGE);
            return if length > MULTIPART_MAX { Err(too_large) } else { check_charset(parameters) };
        }
        if length > JSON_MAX {
            return Err(ApiError::new(ErrorCode::BodyTooLarge));
        }
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType));
        }
        check_charset(parameters)
    }

    /// Rejects a body that is compressed (RFC 9110 §15.5.16), by its header alone.
    fn check_coding(&self) -> Result<(), ApiError> {
        let codings = self.headers.get_all(CONTENT_ENCODING).iter();
        let mut codings =
            codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        if codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")) {
            return Ok(());
        }
        let error = ApiError::new(ErrorCode::UnsupportedMediaType).with_message("Content-Encoding must be identity");
        Err(error.with_header(ACCEPT_ENCODING.as_str(), "identity"))
    }

    /// Whether the body comes in parts, on a route that takes such a body.
    fn is_multipart(&self) -> bool {
        self.facts.body == BodyKind::JsonOrMultipart && self.media_type().eq_ignore_ascii_case("multipart/form-data")
    }

    /// The query's parameters that are there more than once although they are not `repeatable`, as errors.
    pub(super) fn repeated_parameters(&self, repeatable: &[&str]) -> Vec<FieldError> {
        let mut names: Vec<&str> = self.query.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let again = names.iter().zip(names.iter().skip(1)).filter(|(name, next)| name == next);
        let mut repeated: Vec<&str> = again.map(|(name, _)| *name).collect();
        repeated.dedup();
        let error = |name: &str| FieldError::new(name.to_owned(), format!("{name} must not be repeated"));
        repeated.into_iter().filter(|name| !repeatable.contains(name)).map(error).collect()
    }

    /// A parameter of the query. One that is there twice counts as missing: two readers could otherwise take different
    /// values (RFC 6749 §3.1 forbids it to the parameters of a sign-in).
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut named = self.query.iter().filter(|(known, _)| known == name);
        named.next().filter(|_| named.next().is_none()).map(|(_, value)| value.as_str())
    }

    /// Checks `If-Match` against a version's `ETag`, with the strong comparison (RFC 9110 §13.1.1).
    ///
    /// # Errors
    /// 412 when it is there and none of its tags matches.
    pub fn check_match(&self, version: impl Display) -> Result<(), ApiError> {
        let tag = format!("\"{version}\"");
        let wanted = self.headers.get_all(IF_MATCH);
        let mut wanted = wanted.iter().peekable();
        if wanted.peek().is_none() {
            return Ok(());
        }
        // A header that is not ASCII names no tag of ours.
        let mut tags = wanted.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let holds = tags.any(|wanted| matches!(wanted.trim(), wanted if wanted == "*" || wanted == tag));
        if holds { Ok(()) } else { Err(ApiError::new(ErrorCode::PreconditionFailed)) }
    }

    /// The header `Origin`; text that is no origin when it is not ASCII.
    pub(super) fn origin(&self) -> Option<&str> {
        self.headers.get(ORIGIN).map(|value| value.to_str().unwrap_or("unreadable"))
    }

    /// The Bearer token.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(AUTHORIZATION.as_str())?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }
}
