//! Every function of the system, domain by domain.

pub use service::fallback::DOMAINS;
use shared::http::Facts;
use shared::runtime::Trigger;

/// One path of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The domain's name in the contract.
    pub tag: &'static str,
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
