//! Every request that no other route takes: 405 where the path has other methods, else 404.

use shared::domain::body::NoBody;
use shared::http::{Answer, ApiError, App, ErrorCode, Operation, Reply, Request};
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

/// No successful answer.
#[derive(Debug)]
pub enum NoAnswer {}

impl Answer for NoAnswer {
    fn into_reply(self) -> Result<Reply, ApiError> {
        match self {}
    }

    #[cfg(feature = "schema")]
    fn responses(_: &mut schemars::SchemaGenerator) -> Vec<shared::http::answer::Response> {
        Vec::new()
    }
}

pub const OPERATION: Operation<NoBody, NoAnswer> = Operation::fallback();

pub async fn handle(_app: &App, request: &Request<'_>) -> Result<NoAnswer, ApiError> {
    let methods = methods_of(request.path());
    if methods.is_empty() {
        return Err(ApiError::new(ErrorCode::RouteNotFound));
    }
    Err(ApiError::new(ErrorCode::MethodNotAllowed).with_header("allow", methods.join(", ")))
}

/// The methods of a path, in the order of the domains' tables; empty for an unknown path.
fn methods_of(path: &str) -> Vec<&'static str> {
    let method_of = |function: &Function| match function.trigger {
        Trigger::Http(facts) if !facts.method.is_empty() && facts.matches(path) => Some(facts.method),
        Trigger::Http(_) | Trigger::Queue(_) | Trigger::Stream => None,
    };
    DOMAINS.into_iter().flat_map(|(_, functions)| functions).filter_map(method_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_methods_of_all_its_routes() {
        let paths: [(&str, &[&str]); 8] = [
            ("/api/tasks/x", &["GET", "PUT", "DELETE"]),
            ("/api/attachments/x", &["POST", "GET", "DELETE"]),
            ("/api/user/me", &["GET", "PATCH", "DELETE"]),
            ("/api/notifications/count", &["GET", "DELETE"]),
            ("/api/unsubscribe", &["GET", "POST"]),
            ("/", &["GET"]),
            ("/api/nothing", &[]),
            ("", &[]),
        ];
        for (path, methods) in paths {
            assert_eq!(methods_of(path), methods, "{path}");
        }
    }
}
