//! The published contract is what the code makes of it.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeSet;
use std::path::Path;

use contract::catalogue::routes;
use contract::{document, facts, page};
use serde_json::Value;
use shared::http::ErrorCode;

fn committed(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)).unwrap()
}

#[test]
fn the_committed_files_are_up_to_date() {
    let made = document::document();
    assert!(committed("openapi.json") == document::text(&made), "docs/openapi.json is out of date: run make contract");
    assert!(committed("api.html") == page::page(&made).unwrap(), "docs/api.html is out of date: run make contract");
    assert!(
        committed("facts.json") == document::text(&facts::facts()),
        "docs/facts.json is out of date: run make contract"
    );
}

#[test]
fn every_route_is_in_the_document_and_nothing_else() {
    let document: Value = serde_json::from_str(&committed("openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let documented: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let served: BTreeSet<String> = routes().map(|route| format!("{} {}", route.facts.method, route.path)).collect();
    assert_eq!(documented, served);
}

#[test]
fn every_error_code_has_an_example_somewhere_but_those_of_the_catch_all() {
    let text = committed("openapi.json");
    for code in ErrorCode::ALL {
        let of_catch_all = matches!(code, ErrorCode::RouteNotFound | ErrorCode::MethodNotAllowed);
        let example = format!("\"code\": \"{}\"", code.as_str());
        assert!(of_catch_all || text.contains(&example), "{}", code.as_str());
    }
}

#[test]
fn operation_ids_are_distinct() {
    let document: Value = serde_json::from_str(&committed("openapi.json")).unwrap();
    let items = document["paths"].as_object().unwrap().values();
    let ids: Vec<&str> = items
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|it| it["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn the_page_fetches_nothing() {
    let page = committed("api.html");
    for fetching in ["<script", "src=", "@import", "url(", "<link", " onclick"] {
        assert!(!page.contains(fetching), "{fetching}");
    }
}

#[test]
fn examples_of_the_page_are_what_the_document_takes() {
    let document: Value = serde_json::from_str(&committed("openapi.json")).unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let bodies = operations.filter_map(|it| it.pointer("/requestBody/content/application~1json/schema"));
    let schemas: Vec<&Value> = bodies.chain(document["components"]["schemas"].as_object().unwrap().values()).collect();
    assert!(schemas.len() > 30);
    for schema in schemas {
        let example = page::example::of(schema, "", &document);
        let mut rooted = schema.clone();
        rooted["components"] = document["components"].clone();
        let validator = jsonschema::options().should_validate_formats(true).build(&rooted).unwrap();
        let errors: Vec<String> = validator.iter_errors(&example).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}: {example}");
    }
}
