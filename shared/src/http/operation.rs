//! The facts of a route, beside its handler as one value: address, access, limits, body, answers, errors, words.

use std::marker::PhantomData;

use super::answer::Answer;
#[cfg(feature = "schema")]
use super::answer::Response;
use super::error::ErrorCode;
use crate::domain::body::{Body, NoBody};
use crate::domain::field::Parameter;
use crate::limits::RateLimitClass;

/// Maximum size of a JSON body, in bytes.
pub const JSON_MAX: usize = 256 * 1024;

/// Maximum size of a multipart body, in bytes. Lambda takes 6 MB, encoded in Base64.
pub const MULTIPART_MAX: usize = 4 * 1024 * 1024;

/// The body that a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// None; a body that is sent is ignored.
    Ignored,
    /// A JSON object of at most [`JSON_MAX`] bytes.
    Json,
    /// The same, or nothing.
    OptionalJson,
    /// The same, or `multipart/form-data` of at most [`MULTIPART_MAX`] bytes.
    JsonOrMultipart,
    /// The fields of an HTML form (`application/x-www-form-urlencoded`), at most [`JSON_MAX`] bytes, or nothing.
    OptionalForm,
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A signed-in user.
    SignedIn,
    Anyone,
    /// Anyone; the handler sees who is signed in, if anybody is.
    AnyoneOrSignedIn,
}

/// What a route does with the versions of what it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    None,
    /// Its answers carry an `ETag`.
    ETag,
    /// It checks `If-Match`.
    IfMatch,
    Both,
}

/// Who a route's requests are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedFor {
    /// The account of a signed-in caller; otherwise the client's address.
    Caller,
    /// The client's address.
    Address,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteClasses([Option<RateLimitClass>; 2]);

impl IntoIterator for RouteClasses {
    type Item = RateLimitClass;
    type IntoIter = std::iter::Flatten<std::array::IntoIter<Option<RateLimitClass>, 2>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}

/// The facts of a route, whatever the types of its body and answers.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The method; empty for the catch-all. A route of `GET` answers `HEAD` too: see [`Self::methods`].
    pub method: &'static str,
    /// The path as API Gateway writes it, parameters in braces.
    pub path: &'static str,
    /// A second path of the same operation.
    pub alias: Option<&'static str>,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What a caller needs to know besides, in sentences. Names of fields and values are in backticks.
    pub description: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The body it takes.
    pub body: BodyKind,
    /// The rate limit classes it counts in, besides that of every request.
    pub classes: RouteClasses,
    /// Who it is counted for.
    pub counted_for: CountedFor,
    /// Whether it counts at all.
    pub is_limited: bool,
    /// The field of its body that may hold a refresh token, which names the account that it is counted for.
    pub refresh_token_field: Option<&'static str>,
    /// Whether other sites and mail programs may post to it: then its token alone authorises the request.
    pub takes_foreign_posts: bool,
    /// Its `ETag` and `If-Match`.
    pub versioning: Versioning,
    /// Whether it takes an `Idempotency-Key`.
    pub is_idempotent: bool,
    /// Whether `X-Token-Delivery` decides how it delivers tokens.
    pub delivers_tokens: bool,
    /// Whether its 201 carries a `Location`.
    pub has_location: bool,
    /// Whether its handler reports the bad fields of a body.
    pub reports_bad_fields: bool,
    /// The default of `limit`, where it is a list with `limit` and `cursor`.
    pub page_size: Option<u32>,
    /// Its query parameters, besides those of every list.
    pub query: &'static [Parameter],
    /// Its own errors; those of its kind (401 of a signed-in route, 429 of a limited one) follow from the other facts.
    pub errors: &'static [ErrorCode],
    /// The schema of its body.
    #[cfg(feature = "schema")]
    pub describe_body: fn(&mut crate::schema::ObjectSchema<'_>),
    /// Its successful answers.
    #[cfg(feature = "schema")]
    pub responses: fn(&mut crate::schema::schemars::SchemaGenerator) -> Vec<Response>,
}

impl Facts {
    /// Whether a request's path is this route's. A parameter matches one segment that is not empty.
    pub fn matches(&self, path: &str) -> bool {
        self.paths().any(|pattern| path_parameter(pattern, path).is_some())
    }

    /// Its methods: `HEAD` works wherever `GET` does (RFC 9110 §9.3.2). None for the catch-all.
    pub fn methods(&self) -> impl Iterator<Item = &'static str> + use<> {
        let method = Some(self.method).filter(|method| !method.is_empty());
        method.into_iter().chain((self.method == "GET").then_some("HEAD"))
    }

    /// Its path, and its second one.
    pub fn paths(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.path).chain(self.alias)
    }

    /// The value of the parameter in a path of this route; `None` where there is no parameter, or another path.
    pub fn parameter_of<'p>(&self, path: &'p str) -> Option<&'p str> {
        self.paths().find_map(|pattern| path_parameter(pattern, path)).flatten()
    }
}

/// `None` when the path does not match the pattern; then the value of the pattern's parameter, if it has one.
fn path_parameter<'p>(pattern: &str, path: &'p str) -> Option<Option<&'p str>> {
    let (mut expected, mut actual) = (pattern.split('/'), path.split('/'));
    let mut parameter = None;
    loop {
        match (expected.next(), actual.next()) {
            (None, None) => return Some(parameter),
            (Some(expected), Some(actual)) if expected == actual => {}
            (Some(expected), Some(actual)) if expected.starts_with('{') && !actual.is_empty() => {
                parameter = Some(actual);
            }
            _ => return None,
        }
    }
}

/// An operation of the API: its [`Facts`], the body that its handler takes and the answer that it gives.
///
/// ```
/// use shared::domain::body::NoBody;
/// use shared::http::{Done, Operation};
///
/// pub const OPERATION: Operation<NoBody, Done> = Operation::delete("/api/tasks/{id}", "Delete a task").if_match();
/// ```
#[derive(Debug)]
pub struct Operation<B, A> {
    facts: Facts,
    types: PhantomData<fn(B) -> A>,
}

impl<B, A> Clone for Operation<B, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B, A> Copy for Operation<B, A> {}

impl<A: Answer> Operation<NoBody, A> {
    /// `GET`, for signed-in users.
    pub const fn get(path: &'static str, summary: &'static str) -> Self {
        Self::new("GET", path, summary, BodyKind::Ignored)
    }

    /// `DELETE`, for signed-in users.
    pub const fn delete(path: &'static str, summary: &'static str) -> Self {
        Self::new("DELETE", path, summary, BodyKind::Ignored)
    }

    /// `POST` without a body, for signed-in users.
    pub const fn post_nothing(path: &'static str, summary: &'static str) -> Self {
        Self::new("POST", path, summary, BodyKind::Ignored)
    }

    /// `PATCH` without a body, for signed-in users.
    pub const fn patch_nothing(path: &'static str, summary: &'static str) -> Self {
        Self::new("PATCH", path, summary, BodyKind::Ignored)
    }

    /// Every request that no other route takes.
    pub const fn fallback() -> Self {
        Self::new("", "", "", BodyKind::Ignored).anyone()
    }
}

impl<B: Body, A: Answer> Operation<B, A> {
    /// `POST` with a JSON body, for signed-in users.
    pub const fn post(path: &'static str, summary: &'static str) -> Self {
        Self::new("POST", path, summary, BodyKind::Json)
    }

    /// `POST` with the fields of an HTML form, which need not be there, for signed-in users.
    pub const fn post_form(path: &'static str, summary: &'static str) -> Self {
        Self::new("POST", path, summary, BodyKind::OptionalForm)
    }

    /// `PUT` with a JSON body, for signed-in users.
    pub const fn put(path: &'static str, summary: &'static str) -> Self {
        Self::new("PUT", path, summary, BodyKind::Json)
    }

    /// `PATCH` with a JSON body, for signed-in users.
    pub const fn patch(path: &'static str, summary: &'static str) -> Self {
        Self::new("PATCH", path, summary, BodyKind::Json)
    }

    /// `DELETE` with a JSON body that need not be there, for signed-in users.
    pub const fn delete_with(path: &'static str, summary: &'static str) -> Self {
        Self::new("DELETE", path, summary, BodyKind::OptionalJson)
    }

    const fn new(method: &'static str, path: &'static str, summary: &'static str, body: BodyKind) -> Self {
        let facts = Facts {
            method,
            path,
            alias: None,
            summary,
            description: "",
            access: Access::SignedIn,
            body,
            classes: RouteClasses([None; 2]),
            counted_for: CountedFor::Caller,
            is_limited: true,
            refresh_token_field: None,
            takes_foreign_posts: false,
            versioning: Versioning::None,
            is_idempotent: false,
            delivers_tokens: false,
            has_location: false,
            reports_bad_fields: false,
            page_size: None,
            query: &[],
            errors: &[],
            #[cfg(feature = "schema")]
            describe_body: B::describe,
            #[cfg(feature = "schema")]
            responses: A::responses,
        };
        Self { facts, types: PhantomData }
    }

    /// The facts, without the types.
    pub const fn facts(&self) -> Facts {
        self.facts
    }

    /// What a caller needs to know besides the summary.
    #[must_use]
    pub const fn describe(mut self, description: &'static str) -> Self {
        self.facts.description = description;
        self
    }

    /// A second path of the same operation.
    #[must_use]
    pub const fn alias(mut self, path: &'static str) -> Self {
        self.facts.alias = Some(path);
        self
    }

    /// Anyone may call it.
    #[must_use]
    pub const fn anyone(mut self) -> Self {
        self.facts.access = Access::Anyone;
        self
    }

    /// Anyone may call it; the handler sees who is signed in.
    #[must_use]
    pub const fn anyone_or_signed_in(mut self) -> Self {
        self.facts.access = Access::AnyoneOrSignedIn;
        self
    }

    /// The body need not be there.
    #[must_use]
    pub const fn optional_body(mut self) -> Self {
        self.facts.body = BodyKind::OptionalJson;
        self
    }

    /// The body may also be `multipart/form-data`.
    #[must_use]
    pub const fn or_multipart(mut self) -> Self {
        self.facts.body = BodyKind::JsonOrMultipart;
        self
    }

    /// Counts in a rate limit class, besides that of every request and at most one other.
    #[must_use]
    pub const fn limit(mut self, class: RateLimitClass) -> Self {
        let [first, second] = self.facts.classes.0;
        assert!(second.is_none(), "a route has two classes at most");
        self.facts.classes = RouteClasses(if first.is_none() { [Some(class), None] } else { [first, Some(class)] });
        self
    }

    /// Is counted for the client's address, whoever is signed in. For routes that try a secret of any account, or send
    /// mail to any address: everyone can register accounts to be signed in as, and multiply the tries.
    #[must_use]
    pub const fn counted_by_address(mut self) -> Self {
        self.facts.counted_for = CountedFor::Address;
        self
    }

    /// May be sent a refresh token in this field of its body.
    #[must_use]
    pub const fn refresh_token_in(mut self, field: &'static str) -> Self {
        self.facts.refresh_token_field = Some(field);
        self
    }

    /// Does not count in any rate limit class.
    #[must_use]
    pub const fn unlimited(mut self) -> Self {
        self.facts.is_limited = false;
        self
    }

    /// Takes requests of other sites and of mail programs: its token alone authorises them.
    #[must_use]
    pub const fn foreign_posts(mut self) -> Self {
        self.facts.takes_foreign_posts = true;
        self
    }

    /// Answers an `ETag`.
    #[must_use]
    pub const fn etag(mut self) -> Self {
        self.facts.versioning = match self.facts.versioning {
            Versioning::None | Versioning::ETag => Versioning::ETag,
            Versioning::IfMatch | Versioning::Both => Versioning::Both,
        };
        self
    }

    /// Checks `If-Match`.
    #[must_use]
    pub const fn if_match(mut self) -> Self {
        self.facts.versioning = match self.facts.versioning {
            Versioning::None | Versioning::IfMatch => Versioning::IfMatch,
            Versioning::ETag | Versioning::Both => Versioning::Both,
        };
        self
    }

    /// Takes an `Idempotency-Key`.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.facts.is_idempotent = true;
        self
    }

    /// Delivers tokens as cookies, or in the body where `X-Token-Delivery` asks for it.
    #[must_use]
    pub const fn delivers_tokens(mut self) -> Self {
        self.facts.delivers_tokens = true;
        self
    }

    /// Its 201 carries a `Location`.
    #[must_use]
    pub const fn location(mut self) -> Self {
        self.facts.has_location = true;
        self
    }

    /// Has its handler report the bad fields of a body: what is wrong with one depends on a row too. Otherwise they are
    /// reported before the handler is called.
    #[must_use]
    pub const fn reports_bad_fields(mut self) -> Self {
        self.facts.reports_bad_fields = true;
        self
    }

    /// Is a list with `limit`, whose default is `page_size`, and `cursor`.
    #[must_use]
    pub const fn paged(mut self, page_size: u32) -> Self {
        self.facts.page_size = Some(page_size);
        self
    }

    /// Takes query parameters.
    #[must_use]
    pub const fn query(mut self, parameters: &'static [Parameter]) -> Self {
        self.facts.query = parameters;
        self
    }

    /// Has errors of its own.
    #[must_use]
    pub const fn errors(mut self, errors: &'static [ErrorCode]) -> Self {
        self.facts.errors = errors;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Done;

    #[test]
    fn a_parameter_matches_one_segment_that_is_not_empty() {
        let facts = Operation::<NoBody, Done>::get("/api/tasks/{id}", "").alias("/api/t/{id}").facts();
        assert_eq!(facts.parameter_of("/api/tasks/x"), Some("x"));
        assert_eq!(facts.parameter_of("/api/t/y"), Some("y"));
        for other in ["/api/tasks/", "/api/tasks/x/y", "/api/tasks", "/"] {
            assert!(!facts.matches(other), "{other}");
        }
    }

    #[test]
    fn head_works_where_get_does() {
        let get = Operation::<NoBody, Done>::get("/", "").facts();
        assert_eq!(get.methods().collect::<Vec<_>>(), ["GET", "HEAD"]);
        let delete = Operation::<NoBody, Done>::delete("/", "").facts();
        assert_eq!(delete.methods().collect::<Vec<_>>(), ["DELETE"]);
        assert_eq!(Operation::<NoBody, Done>::fallback().facts().methods().count(), 0);
    }

    #[test]
    fn etag_and_if_match_add_up() {
        let both = Operation::<NoBody, Done>::get("/", "").etag().if_match().etag().facts();
        assert_eq!(both.versioning, Versioning::Both);
    }
}
