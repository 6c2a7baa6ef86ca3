//! HTTP: operations and their handlers, and the pipeline that every request runs through.
//!
//! | Module | Holds |
//! |---|---|
//! | [`operation`] | the facts of a route, as one typed value beside its handler |
//! | [`request`], [`list`] | what a handler takes: body, parameters, caller, permit; pages of lists |
//! | [`answer`], [`select`] | what a handler gives; answers with some of their fields only |
//! | [`error`] | the catalogue of errors |
//! | [`function`](mod@function) | the edge: `lambda_http`, one task per request |
//! | [`respond`](mod@respond) | the pipeline: origin, body, rate limiter, caller, handler, headers |
//! | [`limiter`], [`login_guard`], [`password_attempt`] | rate limits by client or account, login limits by account, passwords on other routes |
//! | [`idempotency`], [`retry`] | requests that are sent again, rows that others change |
//! | [`refresh_tokens`] | the session that refresh tokens continue, and their theft |
//! | [`accept`], [`cookies`], [`origin`], [`compression`], [`headers`] | single rules of HTTP |
//!
//! The rate limiter's one write runs in parallel with the first read; the other reads wait for its decision. A handler
//! that writes asks for a [`Permit`] first, and gets it once the limiter has let the request pass.

pub mod accept;
mod access_log;
pub mod answer;
mod app;
mod authenticate;
pub mod compression;
pub mod cookies;
mod ended_sessions;
pub mod error;
pub mod function;
pub mod headers;
pub mod idempotency;
mod identity;
pub mod limiter;
pub mod list;
pub mod login_guard;
pub mod operation;
pub mod origin;
pub mod password_attempt;
pub mod refresh_tokens;
mod reply;
pub mod request;
pub mod respond;
mod retry;
pub mod select;

pub use self::answer::{
    Accepted, Answer, Created, Done, Either, HtmlDocument, JsonDocument, NoData, Page, PermanentRedirect, Redirect,
    Success, WithHead, bare,
};
pub use self::app::App;
pub use self::ended_sessions::EndedSessions;
pub use self::error::{ApiError, ErrorCode};
pub use self::function::{HttpFunction, Resources, function, function_with};
pub use self::limiter::RejectedParties;
pub use self::list::{PageRequest, Serialized};
pub use self::operation::{Access, BodyKind, Facts, Operation};
pub use self::reply::Reply;
pub use self::request::{Caller, Request, RequestParts};
pub use self::respond::{Route, erased, respond};
pub use self::retry::retry_conflicts;
pub use self::select::Selected;
pub use crate::store::Permit;

#[cfg(test)]
pub(crate) mod testing {
    use std::num::NonZeroU8;

    use crate::auth::keyring::Keyring;
    use crate::config::{HttpConfig, SameSite};
    use crate::domain::zone::Zone;
    use crate::limits::Limits;

    pub(crate) fn http_config() -> HttpConfig {
        HttpConfig {
            allowed_origins: vec!["http://localhost:8080".to_owned()],
            secure: false,
            same_site: SameSite::Lax,
            cookie_domain: None,
            public_url: "http://localhost:3000".to_owned().into(),
            password_min_length: NonZeroU8::new(6).unwrap(),
            default_zone: Zone::parse("Asia/Kolkata").unwrap(),
            limits: Limits::parse(
                "global=100/900,account=1000/900,foreign=100/900,auth=5/900,otp=5/900,register=10/3600,reset=3/3600,\
                verify=5/3600,upload=10/3600,login=10/3600,\
                mailbox-hour=10/3600,mailbox-day=30/86400,code-hour=10/3600,code-day=30/86400",
            )
            .unwrap(),
        }
    }

    pub(crate) fn keyring() -> Keyring {
        Keyring::parse(r#"{"current":"1","1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).unwrap()
    }
}
