//! The published contract is what the code makes of it.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeSet;
use std::path::Path;

use contract::catalogue::routes;
use contract::{document, errors, facts, page};
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

#[test]
fn operations_and_parameters_say_what_a_caller_needs_to_know() {
    let document: Value = serde_json::from_str(&committed("openapi.json")).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, it) in item.as_object().unwrap() {
            let description = it["description"].as_str().unwrap();
            assert!(description.ends_with('.'), "{method} {path} has no description: .describe(\"…\")");
            for parameter in it["parameters"].as_array().unwrap() {
                let (name, schema) = (&parameter["name"], &parameter["schema"]);
                let values = schema.get("enum").or(schema.pointer("/items/enum"));
                let is_described = parameter.get("description").or(schema.get("description")).or(values).is_some();
                assert!(is_described || name == "category", "{method} {path}: {name}");
            }
        }
    }
}

#[test]
fn an_operation_returns_its_own_errors_and_the_common_ones_and_no_others() {
    for route in routes() {
        let of_route: BTreeSet<ErrorCode> = errors::of(&route).into_values().flatten().collect();
        let own: BTreeSet<ErrorCode> = errors::own(&route).into_iter().collect();
        assert!(route.facts.errors.iter().all(|code| of_route.contains(code)), "{}", route.function);
        let common = errors::COMMON.iter().flat_map(|common| common.codes).copied().collect::<BTreeSet<_>>();
        assert!(of_route.difference(&own).all(|code| common.contains(code)), "{}", route.function);
        assert!(of_route.contains(&ErrorCode::Internal));
    }
}

#[test]
fn the_page_has_every_route_and_every_error() {
    let page = committed("api.html");
    for route in routes() {
        let shown = [format!(">{}</a>", route.path), format!(">{} {}</code>", route.facts.method, route.path)];
        assert!(shown.iter().any(|shown| page.contains(shown)), "{}", route.path);
    }
    for code in ErrorCode::ALL {
        assert!(page.contains(&format!("<tr id=\"{}\">", code.as_str())));
    }
    let anchors: BTreeSet<&str> = page.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let links = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
    let broken: Vec<&str> = links.filter(|link| !anchors.contains(link)).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn bodies_of_the_page_s_commands_are_what_the_document_takes() {
    let document: Value = serde_json::from_str(&committed("openapi.json")).unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let mut checked = 0;
    for schema in operations.filter_map(|it| it.pointer("/requestBody/content/application~1json/schema")) {
        let body = page::curl::body(schema, &document);
        let mut rooted = schema.clone();
        rooted["components"] = document["components"].clone();
        let validator = jsonschema::options().should_validate_formats(true).build(&rooted).unwrap();
        let errors: Vec<String> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}: {body}");
        assert!(body.as_object().is_some_and(|fields| !fields.is_empty()), "{body}");
        checked += 1;
    }
    assert!(checked > 15, "{checked}");
}
