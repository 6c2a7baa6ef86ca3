//! A request as handlers see it: parsed, and with its caller known.

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::{LocalBoxFuture, Shared};
use serde_json::{Map, Value};

use super::cookies;
use super::error::{ApiError, ErrorCode};
use super::limiter::Admission;
use super::routes::{BodyKind, JSON_MAX, MULTIPART_MAX, Route};
use crate::auth::keyring::Keyring;
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::field::{Described, FieldError, Fields};
use crate::id::{InvalidId, SessionId, UserId};
use crate::store::Permit;
use crate::store::page::{LIMIT_DEFAULT, LIMIT_MAX, LIMIT_MIN, Position};

const MULTIPART_TOO_LARGE: &str = "The body is larger than 4 MB. Announce the files as JSON \
    {files:[{filename,fileType,fileSize}]} instead, and upload each to the address that it gets";

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user.
    pub id: UserId,
    /// The user's address.
    pub email: Email,
    /// The session.
    pub session: SessionId,
}

/// Runs a body's reader on no fields, and keeps what it asks for. The error ends the handler there.
fn describe(described: &RefCell<Vec<Described>>, read: impl FnOnce(&mut Fields)) -> ApiError {
    let mut fields = Fields::describing();
    read(&mut fields);
    described.replace(fields.described());
    ApiError::internal("the request was only described")
}

/// The limiter's answer, on its way.
pub(super) type AdmissionFuture<'a> = Shared<LocalBoxFuture<'a, Rc<Admission>>>;

/// A request.
pub struct Request<'a> {
    /// The function that serves it.
    pub(super) function: &'static str,
    pub(super) event: ApiGatewayV2httpRequest,
    pub(super) admission: AdmissionFuture<'a>,
    pub(super) caller: Option<Caller>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) now: Timestamp,
    /// Where a body's reader leaves what it asks for; only for the published contract.
    pub(super) described: Option<RefCell<Vec<Described>>>,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Its headers and body hold secrets.
        f.debug_struct("Request").finish_non_exhaustive()
    }
}

impl<'a> Request<'a> {
    pub(super) fn new(
        function: &'static str,
        event: ApiGatewayV2httpRequest,
        admission: AdmissionFuture<'a>,
        now: Timestamp,
    ) -> Self {
        let query = event.raw_query_string.as_deref().unwrap_or_default();
        let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { function, event, admission, caller: None, parameters, now, described: None }
    }

    /// When the request arrived.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// 401 on a route that is for anyone.
    pub fn caller(&self) -> Result<&Caller, ApiError> {
        self.caller.as_ref().ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))
    }

    /// Leave to write: waits for the limiter's answer, which has been on its way since the request began.
    ///
    /// # Errors
    /// The limiter's refusal.
    pub async fn permit(&self) -> Result<Permit, ApiError> {
        self.admission.clone().await.check()?;
        Ok(match &self.caller {
            Some(caller) => Permit::of_session(caller.id, caller.session),
            None => Permit::of_system(),
        })
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.event.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let listed = self.event.cookies.iter().flatten().map(String::as_str);
        let sent = self.event.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
        cookies::find(listed.chain(sent), name)
    }

    /// The caller's address, as API Gateway saw it: never what a header says.
    pub fn address(&self) -> &str {
        self.event.request_context.http.source_ip.as_deref().unwrap_or_default()
    }

    /// The gateway's id of the request, which its access log has.
    pub(super) fn gateway_id(&self) -> Option<&str> {
        self.event.request_context.request_id.as_deref()
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.event.request_context.http.method.as_str()
    }

    /// The path.
    pub fn path(&self) -> &str {
        self.event.raw_path.as_deref().unwrap_or("/")
    }

    /// The id in the path. One that is no UUID is as unknown as any other.
    ///
    /// # Errors
    /// 404 `<what> not found`.
    pub fn path_id<I>(&self, what: &str, parse: impl FnOnce(&str) -> Result<I, InvalidId>) -> Result<I, ApiError> {
        let text = self.event.path_parameters.get("id").map(String::as_str).unwrap_or_default();
        parse(text).map_err(|_| ApiError::not_found(what))
    }

    /// Reads the body's fields into a domain type.
    ///
    /// # Errors
    /// 400 with every bad field.
    pub fn body<T>(&self, read: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, ApiError> {
        if let Some(described) = &self.described {
            return Err(describe(described, |fields| drop(read(fields))));
        }
        let mut fields = Fields::new(self.json()?);
        let value = read(&mut fields);
        Ok(fields.finish(value)?)
    }

    /// Reads the fields of a body that need not be there: without one, all are missing.
    ///
    /// # Errors
    /// 400 with every bad field.
    pub fn optional_body<T>(&self, read: impl FnOnce(&mut Fields) -> T) -> Result<T, ApiError> {
        if let Some(described) = &self.described {
            return Err(describe(described, |fields| drop(read(fields))));
        }
        let nothing_sent = self.event.body.as_deref().is_none_or(str::is_empty);
        let mut fields = Fields::new(if nothing_sent { Map::new() } else { self.json()? });
        let value = read(&mut fields);
        Ok(fields.finish(Some(value))?)
    }

    fn json(&self) -> Result<Map<String, Value>, ApiError> {
        let bytes = self.bytes()?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(ApiError::new(ErrorCode::MalformedJson)),
        }
    }

    /// The body, the same bytes however its JSON is spelled.
    pub(super) fn canonical_body(&self) -> Result<Vec<u8>, ApiError> {
        let bytes = self.bytes()?;
        Ok(serde_json::from_slice::<Value>(&bytes).map_or(bytes, |value| value.to_string().into_bytes()))
    }

    /// The body as it was sent.
    ///
    /// # Errors
    /// 400 for Base64 that is none.
    pub fn bytes(&self) -> Result<Vec<u8>, ApiError> {
        let text = self.event.body.as_deref().unwrap_or_default();
        if !self.event.is_base64_encoded {
            return Ok(text.as_bytes().to_vec());
        }
        STANDARD.decode(text).map_err(|_| ApiError::new(ErrorCode::MalformedJson))
    }

    /// Checks type and size of the body before anything looks into it.
    pub(super) fn check_body(&self, route: &Route) -> Result<(), ApiError> {
        let nothing_sent = self.event.body.as_deref().is_none_or(str::is_empty);
        if route.body == BodyKind::Ignored || (route.body == BodyKind::OptionalJson && nothing_sent) {
            return Ok(());
        }
        let text = self.event.body.as_deref().unwrap_or_default();
        // Base64 writes three bytes as four characters, and pads the last.
        let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
        let length =
            if self.event.is_base64_encoded { (text.len() / 4 * 3).saturating_sub(padding) } else { text.len() };
        let kind = self.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if route.body == BodyKind::JsonOrMultipart && kind.eq_ignore_ascii_case("multipart/form-data") {
            let too_large = ApiError::new(ErrorCode::BodyTooLarge).saying(MULTIPART_TOO_LARGE);
            return if length > MULTIPART_MAX { Err(too_large) } else { Ok(()) };
        }
        if length > JSON_MAX {
            return Err(ApiError::new(ErrorCode::BodyTooLarge));
        }
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType));
        }
        Ok(())
    }

    /// Reads the query of a list: what `read` makes of the parameters, and how many rows a page is to have.
    /// Parameters that are not `repeatable` may be there once.
    ///
    /// # Errors
    /// 400 with every bad parameter.
    pub fn list_query<Q>(
        &self,
        repeatable: &[&str],
        read: impl FnOnce(&[(String, String)]) -> Result<Q, Vec<FieldError>>,
    ) -> Result<(Q, u32), ApiError> {
        let mut errors = self.repeated(repeatable);
        let limit = self.limit().map_err(|error| errors.push(error)).ok();
        let query = read(&self.parameters).map_err(|more| errors.extend(more)).ok();
        match (query, limit) {
            (Some(query), Some(limit)) if errors.is_empty() => Ok((query, limit)),
            _ => Err(errors.into()),
        }
    }

    /// Reads the query of a list that has no parameters of its own.
    ///
    /// # Errors
    /// 400 with every bad parameter.
    pub fn page_size(&self) -> Result<u32, ApiError> {
        self.list_query(&[], |_| Ok(())).map(|((), limit)| limit)
    }

    fn repeated(&self, repeatable: &[&str]) -> Vec<FieldError> {
        let mut names: Vec<&str> = self.parameters.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let again = names.iter().zip(names.iter().skip(1)).filter(|(name, next)| name == next);
        let mut repeated: Vec<&str> = again.map(|(name, _)| *name).collect();
        repeated.dedup();
        let error = |name: &str| FieldError::new(name.to_owned(), format!("{name} must not be repeated"));
        repeated.into_iter().filter(|name| !repeatable.contains(name)).map(error).collect()
    }

    /// A parameter of the query. One that repeats says nothing: who reads the first and who reads the last would be
    /// told different things (RFC 6749 §3.1 forbids it to those of a sign-in).
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut named = self.parameters.iter().filter(|(known, _)| known == name);
        named.next().filter(|_| named.next().is_none()).map(|(_, value)| value.as_str())
    }

    fn limit(&self) -> Result<u32, FieldError> {
        let Some(text) = self.parameter("limit") else {
            return Ok(LIMIT_DEFAULT);
        };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = text.parse().ok().filter(|limit| digits && (LIMIT_MIN..=LIMIT_MAX).contains(limit));
        limit.ok_or_else(|| FieldError::new("limit", format!("Limit must be a number from {LIMIT_MIN} to {LIMIT_MAX}")))
    }

    /// Where the page begins.
    ///
    /// # Errors
    /// 400 when the cursor is not one that this user was given for `list`.
    pub fn position(&self, keyring: &Keyring, list: &str) -> Result<Option<Position>, ApiError> {
        let caller = self.caller()?;
        let read = |cursor| Position::from_cursor(cursor, keyring, caller.id, list);
        self.parameter("cursor").map(read).transpose().map_err(|_| ApiError::new(ErrorCode::InvalidCursor))
    }

    /// Checks `If-Match` against a version's `ETag`, compared strongly (RFC 9110 §13.1.1).
    ///
    /// # Errors
    /// 412 when it is there and none of its tags matches.
    pub fn check_match(&self, version: impl Display) -> Result<(), ApiError> {
        let tag = format!("\"{version}\"");
        let wanted = self.event.headers.get_all("if-match");
        let mut wanted = wanted.iter().peekable();
        if wanted.peek().is_none() {
            return Ok(());
        }
        // A header that is no text names no tag of ours.
        let mut tags = wanted.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let holds = tags.any(|wanted| matches!(wanted.trim(), wanted if wanted == "*" || wanted == tag));
        if holds { Ok(()) } else { Err(ApiError::new(ErrorCode::PreconditionFailed)) }
    }

    /// What the header `Origin` says; text that is no origin when it cannot be read.
    pub(super) fn origin(&self) -> Option<&str> {
        self.event.headers.get("origin").map(|value| value.to_str().unwrap_or("unreadable"))
    }

    /// The Bearer token.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }
}
