//! The code's facts as JSON, which the tests of the template compare with it.

use serde_json::{Map, Value, json};
use shared::config::Variable;
use shared::limits::Limits;
use shared::runtime::{Function, Trigger};
use shared::store::keys::{self, Index};
use shared::telemetry::{self, Metric};

use crate::catalogue::DOMAINS;

/// Functions, the variables of every function, rate limit classes, metrics, and the table's keys and indexes.
pub fn facts() -> Value {
    let functions: Vec<Value> = DOMAINS.iter().flat_map(|(_, functions)| functions.iter().map(function)).collect();
    json!({
        "functions": functions,
        "variables": names(Variable::EVERY_FUNCTION),
        "rate_limits": Limits::names().collect::<Vec<_>>(),
        "metrics": {
            "namespace": telemetry::NAMESPACE,
            "dimension": telemetry::DIMENSION,
            "names": Metric::ALL.iter().map(|metric| metric.name()).collect::<Vec<_>>(),
        },
        "table": table(),
    })
}

fn function(function: &Function) -> Value {
    let mut facts = json!({
        "function": function.name,
        "binary": function.binary,
        "variables": names(function.variables),
    });
    let trigger = match function.trigger {
        Trigger::Http(facts) if facts.method.is_empty() => json!({ "kind": "fallback" }),
        Trigger::Http(facts) => json!({
            "kind": "http",
            "methods": facts.methods().collect::<Vec<_>>(),
            "path": facts.path,
            "aliases": facts.alias.into_iter().collect::<Vec<_>>(),
        }),
        Trigger::Queue(queue) => json!({ "kind": "queue", "queue": queue }),
        Trigger::Stream => json!({ "kind": "stream" }),
    };
    if let (Some(facts), Value::Object(trigger)) = (facts.as_object_mut(), trigger) {
        facts.extend(trigger);
    }
    facts
}

fn names(variables: &[Variable]) -> Vec<&'static str> {
    variables.iter().map(|variable| variable.name()).collect()
}

fn table() -> Value {
    let read = [Index::Time, Index::Created, Index::Task, Index::Open].into_iter();
    let read = read.filter_map(|index| Some((index.name()?, index.sort_key())));
    let local = read.chain([("by-changed", keys::BY_CHANGED)]);
    let local: Map<String, Value> = local.map(|(name, key)| (name.to_owned(), json!(key))).collect();
    json!({
        "keys": [keys::PK, keys::SK],
        "local_indexes": local,
        "global_indexes": { "due": [keys::DUE_SHARD, keys::DUE_AT] },
        "expiry": keys::EXPIRES_AT,
    })
}
