//! The sample events of `make invoke`: `cargo lambda watch` names no function, so each event has to pick its own.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use service::fallback::DOMAINS;
use shared::runtime::{Function, pick};

/// The sample events by the name of their function.
fn sample_events() -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let read = |path: &Path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(|entry| read(&entry.unwrap().path())).collect()
}

#[test]
fn every_sample_event_picks_the_function_that_it_is_named_after() {
    let functions: Vec<&Function> = DOMAINS.into_iter().flat_map(|(_, functions)| functions).collect();
    let events = sample_events();
    let names: BTreeSet<&str> = functions.iter().map(|function| function.name).collect();
    assert_eq!(events.keys().map(String::as_str).collect::<BTreeSet<_>>(), names, "one event for each function");
    for function in &functions {
        let of_binary: Vec<&Function> = functions.iter().copied().filter(|f| f.binary == function.binary).collect();
        assert_eq!(pick(&of_binary, &events[function.name]), Some(function.name));
    }
}
