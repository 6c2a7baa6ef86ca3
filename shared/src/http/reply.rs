//! An answer as it is sent: status, media type, body, and what it carries besides.

use std::borrow::Cow;

use super::cookies::SetCookie;
use crate::limits::RateLimitClass;

/// The media type of JSON answers.
pub(super) const JSON: &str = "application/json; charset=utf-8";
/// The media type of pages.
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// An answer, serialised.
#[derive(Debug)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) media_type: &'static str,
    pub(super) body: Cow<'static, str>,
    pub(super) head: Head,
}

impl Reply {
    pub(super) fn json(status: u16, body: impl Into<Cow<'static, str>>, head: Head) -> Self {
        Self { status, media_type: JSON, body: body.into(), head }
    }

    pub(super) fn error(status: u16, body: String, headers: Vec<(&'static str, String)>) -> Self {
        Self::json(status, body, Head { headers, ..Head::default() })
    }
}

/// What an answer carries besides its status and body.
#[derive(Debug, Default)]
pub struct Head {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) cookies: Vec<SetCookie>,
    /// The rate limit class of the route that it counts in; in the others it is given back.
    pub(super) counted_in: Option<RateLimitClass>,
    /// Whether it reports a failure in its own way: then it replaces the rate limiter's rejection.
    pub(super) reports_failure: bool,
    /// Whether it carries secrets: then it is not compressed.
    pub(super) is_confidential: bool,
}
