//! An answer, with assertions that show the whole exchange when they fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::Tokens;

/// An answer, and the request that it is to.
pub(crate) struct Answer {
    pub(super) request: String,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
    pub(super) json: Value,
    /// Bytes of the body as it travelled.
    pub(crate) length: usize,
}

/// What must never be in an answer: our own insides.
const INSIDES: [&str; 6] = ["dynamodb", "aws_sdk", "amazonaws", "spacedly-", "panicked", ".rs:"];

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The body as it came.
    pub(crate) fn body(&self) -> &str {
        &self.body
    }

    /// The status must be this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert!(self.status == status, "expected {status}\n{self}");
        self
    }

    /// An HTML page of this status.
    #[track_caller]
    pub(crate) fn expect_page(self, status: u16) -> String {
        let answer = self.expect(status);
        let kind = answer.header("content-type");
        assert!(kind == Some("text/html; charset=utf-8"), "expected a page\n{answer}");
        answer.body
    }

    /// The body, which must be JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> &Value {
        assert!(!self.json.is_null(), "expected a JSON body\n{self}");
        &self.json
    }

    /// A success's `data`.
    #[track_caller]
    pub(crate) fn data(&self) -> &Value {
        let is_success = self.json["success"] == true && self.json["message"].is_string();
        assert!(is_success && self.json["data"].is_object(), "expected a success with data\n{self}");
        &self.json["data"]
    }

    /// A list inside a success's `data`.
    #[track_caller]
    pub(crate) fn list(&self, name: &str) -> Vec<Value> {
        let list = self.data()[name].as_array();
        list.unwrap_or_else(|| panic!("expected a list `{name}`\n{self}")).clone()
    }

    #[track_caller]
    pub(crate) fn message(&self) -> &str {
        self.json["message"].as_str().unwrap_or_else(|| panic!("expected a message\n{self}"))
    }

    /// The message must be this one, word for word.
    #[track_caller]
    pub(crate) fn saying(self, message: &str) -> Self {
        assert!(self.message() == message, "expected the message {message:?}\n{self}");
        self
    }

    /// A failure of this status and code, in the shape of every failure, telling nothing of our insides.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        let body = answer.json();
        assert!(body["code"] == code, "expected the code {code}\n{answer}");
        assert!(body["success"] == false, "a failure says `success: false`\n{answer}");
        assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "a failure has a message\n{answer}");
        assert!(body["requestId"].as_str().is_some_and(|text| !text.is_empty()), "a failure has a requestId\n{answer}");
        let names = ["success", "message", "code", "errors", "requestId"];
        assert!(super::names(body).iter().all(|name| names.contains(name)), "a failure has no other fields\n{answer}");
        assert!(body.get("errors").is_some() == (code == "VALIDATION_FAILED"), "`errors` are for validation\n{answer}");
        let lower = answer.body.to_lowercase();
        assert!(!INSIDES.iter().any(|inside| lower.contains(inside)), "an answer tells our insides\n{answer}");
        answer
    }

    /// A validation error that names exactly these fields.
    #[track_caller]
    pub(crate) fn expect_invalid(self, fields: &[&str]) -> Self {
        let answer = self.expect_error(400, "VALIDATION_FAILED");
        let errors = answer.field_errors();
        let named: BTreeSet<&str> = errors.keys().map(String::as_str).collect();
        let wanted: BTreeSet<&str> = fields.iter().copied().collect();
        assert!(named == wanted, "expected errors for {wanted:?}\n{answer}");
        answer
    }

    /// A 401 that says nothing but that.
    #[track_caller]
    pub(crate) fn expect_unauthorized(self) -> Self {
        self.expect_error(401, "UNAUTHORIZED").saying("Unauthorized")
    }

    /// A validation error's message by field. The answer's own message must join them all.
    #[track_caller]
    pub(crate) fn field_errors(&self) -> BTreeMap<String, String> {
        let errors = self.json["errors"].as_array().unwrap_or_else(|| panic!("expected errors\n{self}"));
        let messages: Vec<&str> = errors.iter().map(|error| super::text(error, "message")).collect();
        assert!(self.message() == messages.join(", "), "the message must join the fields' messages\n{self}");
        let pair = |error| (super::text(error, "field").to_owned(), super::text(error, "message").to_owned());
        errors.iter().map(pair).collect()
    }

    /// The value of a header that is there once at most.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        assert!(values.next().is_none(), "the header {name} must not be there twice\n{self}");
        Some(value.to_str().unwrap_or_else(|_| panic!("the header {name} must be ASCII\n{self}")))
    }

    /// The values of a header that may be there more than once.
    pub(crate) fn every_header(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// All headers; the values of one that is there more than once are joined.
    pub(crate) fn all_headers(&self) -> BTreeMap<String, String> {
        let value = |name: &str| self.every_header(name).join(", ");
        self.headers.keys().map(|name| (name.to_string(), value(name.as_str()))).collect()
    }

    /// The `ETag`, which must be there.
    #[track_caller]
    pub(crate) fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("expected an ETag\n{self}")).to_owned()
    }

    /// The cookie of this name that the answer sets.
    pub(crate) fn set_cookie(&self, name: &str) -> Option<SetCookie> {
        let mut cookies = self.every_header("set-cookie").into_iter().filter_map(SetCookie::parse);
        cookies.find(|cookie| cookie.name == name)
    }

    /// The tokens that a success delivers in its body.
    #[track_caller]
    pub(crate) fn tokens(&self) -> Tokens {
        let tokens = &self.data()["tokens"];
        let token = |name| tokens[name].as_str().unwrap_or_else(|| panic!("expected {name}\n{self}")).to_owned();
        Tokens { access: token("accessToken"), refresh: token("refreshToken") }
    }

    /// The tokens that it sets as cookies.
    #[track_caller]
    pub(crate) fn cookie_tokens(&self) -> Tokens {
        let token = |name| self.set_cookie(name).unwrap_or_else(|| panic!("expected {name}\n{self}")).value;
        Tokens { access: token("accessToken"), refresh: token("refreshToken") }
    }

    /// Both cookies are cleared, each once.
    #[track_caller]
    pub(crate) fn assert_cookies_cleared(&self) {
        for name in ["accessToken", "refreshToken"] {
            let cookie = self.set_cookie(name).unwrap_or_else(|| panic!("expected {name} to be cleared\n{self}"));
            assert_eq!(cookie.value, "", "{name}");
            assert_eq!(cookie.attributes, ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax"], "{name}");
        }
        assert_eq!(self.cookies_set(), 2, "each is set once\n{self}");
    }

    /// How many cookies the answer sets.
    pub(crate) fn cookies_set(&self) -> usize {
        self.headers.get_all("set-cookie").iter().count()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  request: {}", self.request)?;
        writeln!(f, "  status:  {}", self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "  {name}: {}", value.to_str().unwrap_or("(not ASCII)"))?;
        }
        write!(f, "  body:    {}", self.body)
    }
}

/// A `Set-Cookie` header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SetCookie {
    pub(crate) name: String,
    pub(crate) value: String,
    /// `Path=/`, `HttpOnly`, …, as sent, in alphabetical order.
    pub(crate) attributes: Vec<String>,
}

impl SetCookie {
    fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let mut attributes: Vec<String> = parts.map(str::to_owned).collect();
        attributes.sort_unstable();
        Some(Self { name: name.to_owned(), value: value.to_owned(), attributes })
    }
}
