//! Every function of the system, domain by domain.

use shared::http::Facts;
use shared::runtime::{Function, Trigger};

/// A domain: its name in the contract, and its functions.
pub const DOMAINS: [(&str, &[Function]); 9] = [
    ("Signing in", auth::FUNCTIONS),
    ("Account", users::FUNCTIONS),
    ("Tasks", tasks::FUNCTIONS),
    ("Attachments", attachments::FUNCTIONS),
    ("Reminders", reminders::FUNCTIONS),
    ("Notifications", notifications::FUNCTIONS),
    ("Mail", mail::FUNCTIONS),
    ("Analytics", analytics::FUNCTIONS),
    ("Service", service::FUNCTIONS),
];

/// One path of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The domain's name in the contract.
    pub tag: &'static str,
    /// The function.
    pub function: &'static str,
    /// The path: the operation's own, or its alias.
    pub path: &'static str,
    /// The operation's facts.
    pub facts: Facts,
}

/// Every route but the catch-all.
pub fn routes() -> impl Iterator<Item = Route> {
    DOMAINS.into_iter().flat_map(|(tag, functions)| {
        functions.iter().flat_map(move |function| {
            let facts = match function.trigger {
                Trigger::Http(facts) if !facts.method.is_empty() => Some(facts),
                _ => None,
            };
            let paths = move |facts: Facts| facts.paths().map(move |path| (path, facts));
            let route = move |(path, facts)| Route { tag, function: function.name, path, facts };
            facts.into_iter().flat_map(paths).map(route)
        })
    })
}
