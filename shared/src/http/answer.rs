//! Successful answers: a handler's return type says which it gives.
//!
//! | Type | Status | Body |
//! |---|---|---|
//! | [`Success<T>`], [`Created<T>`], [`Accepted<T>`] | 200, 201, 202 | `T` in the envelope |
//! | [`Done`] | 200 | the envelope without data |
//! | [`Redirect`], [`PermanentRedirect`] | 302, 308 | the envelope without data |
//! | [`Page`] | 200 or 400 | HTML |
//! | [`JsonDocument`], [`HtmlDocument`] | 200 | a document that is part of the function |
//! | [`Either<A, B>`] | one or the other | |

use std::borrow::Cow;
use std::fmt::Display;

use serde::Serialize;

use super::cookies::SetCookie;
use super::error::ApiError;
use super::reply::{HTML, Head, Reply};
use crate::inline_schema;
use crate::limits::RateLimitClass;
use crate::schema::Described;

/// A type of answer.
pub trait Answer: Sized {
    /// The answer as it is sent.
    ///
    /// # Errors
    /// The data cannot be serialised.
    fn into_reply(self) -> Result<Reply, ApiError>;

    /// What the published contract says of it.
    #[cfg(feature = "schema")]
    fn responses(generator: &mut crate::schema::schemars::SchemaGenerator) -> Vec<Response>;
}

/// A successful answer in the published contract.
#[cfg(feature = "schema")]
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub media_type: &'static str,
    /// The schema of the body.
    pub schema: crate::schema::schemars::Schema,
}

/// JSON without the envelope, for answers that have none.
///
/// # Errors
/// The value cannot be serialised.
pub fn bare(status: u16, value: &impl Serialize) -> Result<Reply, ApiError> {
    let body = serde_json::to_string(value).map_err(ApiError::internal)?;
    Ok(Reply::json(status, body, Head::default()))
}

/// An answer that carries headers and cookies.
pub trait WithHead: Sized {
    /// What it carries.
    fn head(&mut self) -> &mut Head;

    /// Adds a header.
    #[must_use]
    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.head().headers.push((name, value.into()));
        self
    }

    /// Adds the `ETag` of a version.
    #[must_use]
    fn etag(self, version: impl Display) -> Self {
        self.header("etag", format!("\"{version}\""))
    }

    /// Adds a `Set-Cookie`.
    #[must_use]
    fn cookie(mut self, cookie: SetCookie) -> Self {
        self.head().cookies.push(cookie);
        self
    }

    /// Counts in a rate limit class of the route. Other successful answers count in none.
    #[must_use]
    fn counted_in(mut self, class: RateLimitClass) -> Self {
        self.head().counted_in = Some(class);
        self
    }

    /// Reports a failure in its own way, as a redirect does, and so replaces the rate limiter's rejection.
    #[must_use]
    fn reports_failure(mut self) -> Self {
        self.head().reports_failure = true;
        self
    }

    /// Is never compressed: it carries secrets, which its length must not reveal.
    #[must_use]
    fn confidential(mut self) -> Self {
        self.head().is_confidential = true;
        self
    }
}

/// Data in the envelope, with a status: `{"success":true,"message":…,"data":…}`.
#[derive(Debug)]
pub struct Enveloped<const STATUS: u16, T> {
    content: Content<T>,
    head: Head,
}

/// 200 with data.
pub type Success<T> = Enveloped<200, T>;
/// 201 with data.
pub type Created<T> = Enveloped<201, T>;
/// 202 with data.
pub type Accepted<T> = Enveloped<202, T>;
/// 200 without data.
pub type Done = Success<NoData>;

/// The data of an answer that has none: `{}`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct NoData {}

inline_schema!(NoData, { "type": "object", "properties": {} });

#[derive(Debug)]
enum Content<T> {
    Data {
        message: Cow<'static, str>,
        data: T,
    },
    /// A whole body that was serialised before.
    Stored(String),
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    success: bool,
    message: &'a str,
    data: T,
}

impl<const STATUS: u16, T> Enveloped<STATUS, T> {
    pub const STATUS: u16 = STATUS;

    /// An answer with `data`; `message` is for people.
    pub fn new(message: impl Into<Cow<'static, str>>, data: T) -> Self {
        Self { content: Content::Data { message: message.into(), data }, head: Head::default() }
    }

    /// An answer that was given before, from its serialised body.
    pub(super) fn stored(body: String) -> Self {
        Self { content: Content::Stored(body), head: Head::default() }
    }
}

impl<const STATUS: u16, T: Serialize> Enveloped<STATUS, T> {
    /// The serialised body.
    pub(super) fn body(&self) -> Result<Cow<'_, str>, ApiError> {
        match &self.content {
            Content::Stored(body) => Ok(Cow::Borrowed(body)),
            Content::Data { message, data } => {
                let envelope = Envelope { success: true, message, data };
                serde_json::to_string(&envelope).map(Cow::Owned).map_err(ApiError::internal)
            }
        }
    }

    /// The value of one of its headers.
    pub(super) fn header_value(&self, name: &str) -> Option<&str> {
        self.head.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

impl Done {
    /// An answer that only says what was done.
    pub fn message(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(message, NoData {})
    }
}

impl<const STATUS: u16, T> WithHead for Enveloped<STATUS, T> {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

impl<const STATUS: u16, T: Serialize + Described> Answer for Enveloped<STATUS, T> {
    fn into_reply(self) -> Result<Reply, ApiError> {
        let body = self.body()?.into_owned();
        Ok(Reply::json(STATUS, body, self.head))
    }

    #[cfg(feature = "schema")]
    fn responses(generator: &mut crate::schema::schemars::SchemaGenerator) -> Vec<Response> {
        let schema = envelope(generator.subschema_for::<T>());
        vec![Response { status: STATUS, media_type: "application/json", schema }]
    }
}

#[cfg(feature = "schema")]
fn envelope(data: crate::schema::schemars::Schema) -> crate::schema::schemars::Schema {
    crate::schema::schemars::json_schema!({
        "type": "object",
        "required": ["success", "message", "data"],
        "properties": { "success": { "const": true }, "message": { "type": "string" }, "data": data },
    })
}

/// 302.
#[derive(Debug)]
pub struct Redirect {
    head: Head,
}

impl Redirect {
    /// A redirect to `location`.
    pub fn to(location: impl Into<String>) -> Self {
        Self { head: Head::default() }.header("location", location)
    }
}

impl WithHead for Redirect {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

impl Answer for Redirect {
    fn into_reply(self) -> Result<Reply, ApiError> {
        Ok(Reply::json(302, r#"{"success":true,"message":"Found","data":{}}"#, self.head))
    }

    #[cfg(feature = "schema")]
    fn responses(generator: &mut crate::schema::schemars::SchemaGenerator) -> Vec<Response> {
        let schema = envelope(generator.subschema_for::<NoData>());
        vec![Response { status: 302, media_type: "application/json", schema }]
    }
}

/// 308: the same request belongs at another URL (RFC 9110 §15.4.9).
#[derive(Debug)]
pub struct PermanentRedirect {
    head: Head,
}

impl PermanentRedirect {
    /// A redirect to `location`.
    pub fn to(location: impl Into<String>) -> Self {
        Self { head: Head::default() }.header("location", location)
    }
}

impl WithHead for PermanentRedirect {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

impl Answer for PermanentRedirect {
    fn into_reply(self) -> Result<Reply, ApiError> {
        Ok(Reply::json(308, r#"{"success":true,"message":"Permanent Redirect","data":{}}"#, self.head))
    }

    #[cfg(feature = "schema")]
    fn responses(generator: &mut crate::schema::schemars::SchemaGenerator) -> Vec<Response> {
        let schema = envelope(generator.subschema_for::<NoData>());
        vec![Response { status: 308, media_type: "application/json", schema }]
    }
}

/// An HTML page, for links that people open: 200, or 400 for a bad link.
#[derive(Debug)]
pub struct Page {
    status: u16,
    html: Cow<'static, str>,
}

impl Page {
    /// 200.
    pub fn ok(html: impl Into<Cow<'static, str>>) -> Self {
        Self { status: 200, html: html.into() }
    }

    /// 400: a page that says what is wrong with the link.
    pub fn bad_request(html: impl Into<Cow<'static, str>>) -> Self {
        Self { status: 400, html: html.into() }
    }
}

impl Answer for Page {
    fn into_reply(self) -> Result<Reply, ApiError> {
        Ok(Reply { status: self.status, media_type: HTML, body: self.html, head: Head::default() })
    }

    #[cfg(feature = "schema")]
    fn responses(_: &mut crate::schema::schemars::SchemaGenerator) -> Vec<Response> {
        let page = |status| Response {
            status,
            media_type: "text/html",
            schema: crate::schema::schemars::json_schema!({ "type": "string" }),
        };
        vec![page(200), page(400)]
    }
}

/// A JSON document that is part of the function.
#[derive(Debug)]
pub struct JsonDocument(pub &'static str);

impl Answer for JsonDocument {
    fn into_reply(self) -> Result<Reply, ApiError> {
        Ok(Reply::json(200, self.0, Head::default()))
    }

    #[cfg(feature = "schema")]
    fn responses(_: &mut crate::schema::schemars::SchemaGenerator) -> Vec<Response> {
        let schema = crate::schema::schemars::json_schema!({ "type": "object" });
        vec![Response { status: 200, media_type: "application/json", schema }]
    }
}

/// An HTML page that is part of the function.
#[derive(Debug)]
pub struct HtmlDocument(pub &'static str);

impl Answer for HtmlDocument {
    fn into_reply(self) -> Result<Reply, ApiError> {
        Page::ok(self.0).into_reply()
    }

    #[cfg(feature = "schema")]
    fn responses(_: &mut crate::schema::schemars::SchemaGenerator) -> Vec<Response> {
        let schema = crate::schema::schemars::json_schema!({ "type": "string" });
        vec![Response { status: 200, media_type: "text/html", schema }]
    }
}

/// One answer or another.
#[derive(Debug)]
pub enum Either<A, B> {
    /// The one.
    Left(A),
    /// The other.
    Right(B),
}

impl<A: Answer, B: Answer> Answer for Either<A, B> {
    fn into_reply(self) -> Result<Reply, ApiError> {
        match self {
            Self::Left(answer) => answer.into_reply(),
            Self::Right(answer) => answer.into_reply(),
        }
    }

    #[cfg(feature = "schema")]
    fn responses(generator: &mut crate::schema::schemars::SchemaGenerator) -> Vec<Response> {
        let mut responses = A::responses(generator);
        responses.extend(B::responses(generator));
        responses
    }
}
