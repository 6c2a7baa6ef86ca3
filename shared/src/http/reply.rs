//! A success on its way to the caller.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::cookies::SetCookie;

/// The type of what is no page.
pub(super) const JSON: &str = "application/json; charset=utf-8";

/// What a handler answers.
#[derive(Debug)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) cookies: Vec<SetCookie>,
    /// A text instead of the body, and its type.
    pub(super) text: Option<(&'static str, Cow<'static, str>)>,
    /// Whether it counts as a failure in the classes in which only failures count.
    pub(super) is_failure: bool,
    /// Whether it carries secrets: then it is not compressed.
    pub(super) is_confidential: bool,
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    success: bool,
    message: &'a str,
    data: T,
}

impl Reply {
    /// 200 in the envelope.
    pub fn ok(message: &str, data: impl Serialize) -> Self {
        Self::enveloped(200, message, data)
    }

    /// 201 in the envelope.
    pub fn created(message: &str, data: impl Serialize) -> Self {
        Self::enveloped(201, message, data)
    }

    /// 202 in the envelope.
    pub fn accepted(message: &str, data: impl Serialize) -> Self {
        Self::enveloped(202, message, data)
    }

    /// 302 to `location`.
    pub fn redirect(location: impl Into<String>) -> Self {
        Self::enveloped(302, "Found", serde_json::json!({})).header("location", location)
    }

    /// A body as it is, for the few answers without the envelope.
    pub fn bare(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            headers: Vec::new(),
            cookies: Vec::new(),
            is_failure: false,
            is_confidential: false,
            text: None,
        }
    }

    /// An HTML page.
    pub fn page(status: u16, html: impl Into<Cow<'static, str>>) -> Self {
        Self { text: Some(("text/html; charset=utf-8", html.into())), ..Self::bare(status, Value::Null) }
    }

    /// JSON that is text already.
    pub fn json(text: &'static str) -> Self {
        Self { text: Some((JSON, Cow::Borrowed(text))), ..Self::bare(200, Value::Null) }
    }

    fn enveloped(status: u16, message: &str, data: impl Serialize) -> Self {
        // Our own types serialise: they hold no maps with keys that are not texts.
        let body = serde_json::to_value(Envelope { success: true, message, data }).unwrap_or_default();
        Self::bare(status, body)
    }

    /// The data in the envelope.
    pub fn data(&self) -> Option<&Value> {
        self.body.get("data")
    }

    /// Puts other data into the envelope.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> Self {
        if let Some(old) = self.body.get_mut("data") {
            *old = serde_json::to_value(data).unwrap_or_default();
        }
        self
    }

    /// Has it count as a failure, although it is no error's answer.
    #[must_use]
    pub fn counted_as_failure(mut self) -> Self {
        self.is_failure = true;
        self
    }

    /// Says that it carries secrets, which its length is not to give away.
    #[must_use]
    pub fn confidential(mut self) -> Self {
        self.is_confidential = true;
        self
    }

    /// Adds the `ETag` of a version.
    #[must_use]
    pub fn etag(self, version: u64) -> Self {
        self.header("etag", format!("\"{version}\""))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a cookie.
    #[must_use]
    pub fn cookie(mut self, cookie: SetCookie) -> Self {
        self.cookies.push(cookie);
        self
    }
}
