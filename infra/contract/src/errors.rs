//! The errors of a route: its own, and those that follow from its other facts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use shared::http::operation::Versioning;
use shared::http::{Access, BodyKind, ErrorCode};

use crate::catalogue::{Route, routes};

/// Errors that routes share.
#[derive(Clone, Copy, Debug)]
pub struct CommonErrors {
    /// Which requests return them, in words.
    pub of: &'static str,
    applies: fn(&Route) -> bool,
    /// The errors.
    pub codes: &'static [ErrorCode],
}

/// The errors that follow from facts of a route.
pub const COMMON: [CommonErrors; 10] = {
    use ErrorCode::*;
    [
        CommonErrors { of: "every request", applies: |_| true, codes: &[Internal, Unavailable] },
        CommonErrors {
            of: "every request but the health check",
            applies: |route| route.facts.is_limited,
            codes: &[TooManyRequests],
        },
        CommonErrors {
            of: "requests that need a sign-in",
            applies: |route| route.facts.access == Access::SignedIn,
            codes: &[Unauthorized],
        },
        CommonErrors {
            of: "requests that may change something (any method but `GET`), from a page of an unknown origin",
            applies: |route| route.facts.method != "GET" && !route.facts.takes_foreign_posts,
            codes: &[OriginNotAllowed],
        },
        CommonErrors {
            of: "requests with a body",
            applies: |route| !matches!(route.facts.body, BodyKind::Ignored | BodyKind::OptionalForm),
            codes: &[MalformedJson, ValidationFailed, BodyTooLarge, UnsupportedMediaType],
        },
        CommonErrors {
            of: "requests with an HTML form",
            applies: |route| route.facts.body == BodyKind::OptionalForm,
            codes: &[BodyTooLarge, UnsupportedMediaType],
        },
        CommonErrors { of: "paths with `{id}`", applies: |route| route.path.contains("{id}"), codes: &[NotFound] },
        CommonErrors {
            of: "lists",
            applies: |route| route.facts.page_size.is_some(),
            codes: &[ValidationFailed, InvalidCursor],
        },
        CommonErrors {
            of: "requests with `Idempotency-Key`",
            applies: |route| route.facts.is_idempotent,
            codes: &[IdempotencyKeyReused, Conflict, ValidationFailed],
        },
        CommonErrors {
            of: "requests with `If-Match`",
            applies: |route| matches!(route.facts.versioning, Versioning::IfMatch | Versioning::Both),
            codes: &[PreconditionFailed, Conflict],
        },
    ]
};

/// The errors of a route by status.
pub fn of(route: &Route) -> BTreeMap<u16, BTreeSet<ErrorCode>> {
    let common = COMMON.iter().filter(|common| (common.applies)(route)).flat_map(|common| common.codes);
    let mut by_status: BTreeMap<u16, BTreeSet<ErrorCode>> = BTreeMap::new();
    for code in common.chain(route.facts.errors) {
        by_status.entry(code.status()).or_default().insert(*code);
    }
    by_status
}

/// The errors of a route that none of its other facts explains.
pub fn own(route: &Route) -> Vec<ErrorCode> {
    let is_common =
        |code: &ErrorCode| COMMON.iter().any(|common| (common.applies)(route) && common.codes.contains(code));
    let mut own: Vec<ErrorCode> = route.facts.errors.iter().copied().filter(|code| !is_common(code)).collect();
    own.sort_by_key(|code| code.status());
    own
}

/// An example of every error that a route may return.
pub fn examples() -> Value {
    let codes = routes().flat_map(|route| of(&route).into_values().flatten().collect::<Vec<_>>());
    Value::Object(codes.map(|code| (code.as_str().to_owned(), example(code))).collect::<Map<_, _>>())
}

fn example(code: ErrorCode) -> Value {
    let mut value = json!({ "success": false, "message": code.message(), "code": code.as_str(), "requestId": "3f1c2a9e-0b1d-4c55-9e0e-5a4be1d2c3f4" });
    if code == ErrorCode::ValidationFailed
        && let Some(value) = value.as_object_mut()
    {
        value.insert("message".to_owned(), json!("Title is required"));
        value.insert("errors".to_owned(), json!([{ "field": "title", "message": "Title is required" }]));
    }
    json!({ "value": value })
}
