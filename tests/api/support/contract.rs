//! The published contract, which every answer to every test is held to.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../docs/openapi.json")).expect("docs/openapi.json is JSON")
});

/// The schemas of answers that were met, ready to check others.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Checks that an answer of ours is one that the document promises: its status, its type, its code, its fields.
#[track_caller]
pub(super) fn check(method: &str, path: &str, answer: &Answer) {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    // The gateway's own answers have no such header, and an unknown address none of these routes.
    let (Some(template), Some(_)) = (template(path), answer.header("x-request-id")) else { return };
    // HEAD is GET without its body.
    let documented = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
    let operation = &DOCUMENT["paths"][template][documented];
    if operation.is_null() {
        return;
    }
    let response = &operation["responses"][answer.status().to_string()];
    assert!(response.is_object(), "{method} {template} does not say that it answers {}\n{answer}", answer.status());
    let kind = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    let content = &response["content"][kind];
    assert!(content.is_object(), "{method} {template} does not say that it answers {kind}\n{answer}");
    if kind != "application/json" || method == "HEAD" {
        return;
    }
    if let Some(code) = answer.json()["code"].as_str() {
        assert!(
            content["examples"][code].is_object(),
            "{method} {template} does not say that it answers {code}\n{answer}"
        );
    }
    let validator = validator(&format!("{method} {template} {}", answer.status()), &content["schema"]);
    let problems: Vec<String> =
        validator.iter_errors(answer.json()).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{method} {template} answers otherwise than it says: {problems:#?}\n{answer}");
}

/// The path of the document that a request's path is one of.
fn template(path: &str) -> Option<&'static str> {
    let templates = DOCUMENT["paths"].as_object().expect("paths").keys();
    let matches = |template: &str| {
        let (wanted, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        let fits = |(wanted, given): (&&str, &&str)| wanted == given || (wanted.starts_with('{') && !given.is_empty());
        wanted.len() == given.len() && wanted.iter().zip(&given).all(fits)
    };
    let mut found: Vec<&str> = templates.map(String::as_str).filter(|template| matches(template)).collect();
    found.sort_by_key(|template| template.contains('{'));
    found.first().copied()
}

fn validator(of: &str, schema: &Value) -> Arc<Validator> {
    let mut validators = VALIDATORS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let made = validators.entry(of.to_owned()).or_insert_with(|| {
        let root = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": { "schemas": DOCUMENT["components"]["schemas"] },
            "allOf": [schema],
        });
        let options = jsonschema::options().should_validate_formats(true);
        Arc::new(options.build(&root).unwrap_or_else(|error| panic!("{of} is no schema: {error}")))
    });
    Arc::clone(made)
}
