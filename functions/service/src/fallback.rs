//! Every request that no other route takes: 405 where the path has other methods, 308 where it has one slash too many at its
//! end, else 404.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use shared::domain::body::NoBody;
use shared::http::{ApiError, App, ErrorCode, Operation, PermanentRedirect, Request};
use shared::runtime::{Function, Trigger};

/// Every domain: its name in the contract, and its functions.
pub const DOMAINS: [(&str, &[Function]); 9] = [
    ("Signing in", auth::FUNCTIONS),
    ("Account", users::FUNCTIONS),
    ("Tasks", tasks::FUNCTIONS),
    ("Attachments", attachments::FUNCTIONS),
    ("Reminders", reminders::FUNCTIONS),
    ("Notifications", notifications::FUNCTIONS),
    ("Mail", mail::FUNCTIONS),
    ("Analytics", analytics::FUNCTIONS),
    ("Service", crate::FUNCTIONS),
];

pub const OPERATION: Operation<NoBody, PermanentRedirect> = Operation::fallback();

/// Redirects a path that is a route but for one trailing slash.
pub async fn handle(app: &App, request: &Request<'_>) -> Result<PermanentRedirect, ApiError> {
    let methods = methods_of(request.path());
    if !methods.is_empty() {
        return Err(ApiError::new(ErrorCode::MethodNotAllowed).with_header("allow", methods.join(", ")));
    }
    match request.path().strip_suffix('/') {
        Some(path) if !methods_of(path).is_empty() => {
            Ok(PermanentRedirect::to(location(&app.http.public_url, path, request.raw_query())))
        }
        _ => Err(ApiError::new(ErrorCode::RouteNotFound)),
    }
}

/// The methods of a path, in the order of the domains' tables; empty for an unknown path.
fn methods_of(path: &str) -> Vec<&'static str> {
    let facts_of = |function: &Function| match function.trigger {
        Trigger::Http(facts) if facts.matches(path) => Some(facts),
        Trigger::Http(_) | Trigger::Queue(_) | Trigger::Stream => None,
    };
    let functions = DOMAINS.into_iter().flat_map(|(_, functions)| functions);
    functions.filter_map(facts_of).flat_map(|facts| facts.methods()).collect()
}

/// The URL of a route's path. The gateway has decoded the path, but for `%25`: what no URL may hold is encoded again, so that
/// no character of a request can end the header or lead elsewhere.
fn location(public_url: &str, path: &str, raw_query: &str) -> String {
    // What RFC 3986 §3.3 and §3.4 allow, and `%` where it is part of an escape.
    const UNSAFE: &AsciiSet =
        &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');
    const UNSAFE_IN_PATH: &AsciiSet = &UNSAFE.add(b'#').add(b'?').add(b'[').add(b']');
    let path = utf8_percent_encode(path, UNSAFE_IN_PATH);
    if raw_query.is_empty() {
        return format!("{public_url}{path}");
    }
    format!("{public_url}{path}?{}", utf8_percent_encode(raw_query, UNSAFE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_methods_of_all_its_routes() {
        let paths: [(&str, &[&str]); 9] = [
            ("/api/tasks/x", &["GET", "HEAD", "PUT", "DELETE"]),
            ("/api/attachments/x", &["POST", "GET", "HEAD", "DELETE"]),
            ("/api/user/me", &["GET", "HEAD", "PATCH", "DELETE"]),
            ("/api/notifications/count", &["GET", "HEAD", "DELETE"]),
            ("/api/unsubscribe", &["GET", "HEAD", "POST"]),
            ("/api/act", &["GET", "HEAD", "POST"]),
            ("/", &["GET", "HEAD"]),
            ("/api/nothing", &[]),
            ("", &[]),
        ];
        for (path, methods) in paths {
            assert_eq!(methods_of(path), methods, "{path}");
        }
    }

    #[test]
    fn a_location_stays_at_the_api_and_within_its_header() {
        let at = |path, query| location("https://api.example.com", path, query);
        assert_eq!(at("/api/tasks", ""), "https://api.example.com/api/tasks");
        assert_eq!(at("/api/tasks", "q=a%20b&q=c/?"), "https://api.example.com/api/tasks?q=a%20b&q=c/?");
        assert_eq!(at("/api/tasks/é?x#y", ""), "https://api.example.com/api/tasks/%C3%A9%3Fx%23y");
        assert_eq!(at("/api/tasks/a%252Fb", ""), "https://api.example.com/api/tasks/a%252Fb");
        assert_eq!(
            at("/api/tasks/\r\nx: y", "\r\nx: \"é\""),
            "https://api.example.com/api/tasks/%0D%0Ax:%20y?%0D%0Ax:%20%22%C3%A9%22"
        );
    }
}
