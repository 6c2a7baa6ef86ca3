//! The page for people. No script, nothing fetched: it works under the API's own policy.

pub mod curl;
pub mod example;
mod words;

use askama::Template;
use serde_json::Value;
use shared::http::ErrorCode;

use self::words::{Field, Kind};
use crate::catalogue::{Route, routes};
use crate::errors::{self, CommonErrors};
use crate::introduction::{SECTIONS, Section};

#[derive(Template)]
#[template(path = "api.html")]
struct Page<'a> {
    title: &'a str,
    version: &'a str,
    summary: &'a str,
    introduction: &'static [Section],
    common: &'static [CommonErrors],
    groups: Vec<Group<'a>>,
    schemas: Vec<Schema<'a>>,
    errors: &'static [ErrorCode],
}

struct Group<'a> {
    name: &'a str,
    operations: Vec<Operation<'a>>,
}

struct Operation<'a> {
    id: &'a str,
    method: &'static str,
    path: &'static str,
    alias: Option<&'static str>,
    summary: &'a str,
    description: &'a str,
    access: &'static str,
    commands: Vec<String>,
    parameters: Vec<Parameter<'a>>,
    body: Option<Body<'a>>,
    successes: Vec<Success<'a>>,
    /// What its own rate limits count.
    limit: &'a str,
    /// Besides the common ones.
    errors: Vec<ErrorCode>,
}

struct Parameter<'a> {
    name: &'a str,
    place: &'a str,
    is_required: bool,
    kind: Kind<'a>,
    note: &'a str,
}

struct Body<'a> {
    is_form_too: bool,
    fields: Vec<Field<'a>>,
    example: String,
}

struct Success<'a> {
    status: &'a str,
    phrase: &'a str,
    fields: Vec<Field<'a>>,
    link: Option<&'a str>,
    example: Option<String>,
}

struct Schema<'a> {
    name: &'a str,
    description: &'a str,
    fields: Vec<Field<'a>>,
    example: String,
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn entries<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
}

fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn example(schema: &Value, document: &Value) -> String {
    serde_json::to_string_pretty(&example::of(schema, "", document)).unwrap_or_default()
}

/// The page of a document.
///
/// # Errors
/// The template failed, which it does not.
pub fn page(document: &Value) -> Result<String, askama::Error> {
    let group = |name| Group { name, operations: operations(document, name) };
    let schemas = entries(document, "/components/schemas");
    let page = Page {
        title: text(document, "/info/title"),
        version: text(document, "/info/version"),
        summary: text(document, "/info/summary"),
        introduction: &SECTIONS,
        common: &errors::COMMON,
        groups: items(document, "/tags").map(|tag| group(text(tag, "/name"))).collect(),
        schemas: schemas
            .map(|(name, schema)| Schema {
                name,
                description: text(schema, "/description"),
                fields: words::fields(schema),
                example: example(schema, document),
            })
            .collect(),
        errors: ErrorCode::ALL,
    };
    let mut html = page.render()?;
    html.push('\n');
    Ok(html)
}

/// In the order of the domains' tables, which is that of a user's way. A second path is shown with the first.
fn operations<'a>(document: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    let of_tag = routes().filter(|route| route.tag == tag && route.path == route.facts.path);
    of_tag.filter_map(|route| operation(&route, document)).collect()
}

fn operation<'a>(route: &Route, document: &'a Value) -> Option<Operation<'a>> {
    let Route { path, facts, .. } = *route;
    let it = document.get("paths")?.get(path)?.get(facts.method.to_lowercase())?;
    let succeeded = entries(it, "/responses").filter(|(_, response)| !is_error(response));
    Some(Operation {
        id: text(it, "/operationId"),
        method: facts.method,
        path,
        alias: facts.alias,
        summary: text(it, "/summary"),
        description: text(it, "/description"),
        access: access(it),
        commands: curl::commands(path, facts.method, it, document),
        parameters: items(it, "/parameters").map(parameter).collect(),
        body: body(it, document),
        successes: succeeded.map(|(status, response)| success(status, response, document)).collect(),
        limit: text(it, "/responses/429/description").split_once(". ").map(|(_, limit)| limit).unwrap_or_default(),
        errors: errors::own(route),
    })
}

fn access(it: &Value) -> &'static str {
    let ways: Vec<bool> =
        items(it, "/security").map(|way| way.as_object().is_some_and(serde_json::Map::is_empty)).collect();
    match (ways.is_empty(), ways.contains(&true)) {
        (true, _) => "no sign-in",
        (_, true) => "sign-in optional",
        _ => "sign-in needed",
    }
}

fn parameter(parameter: &Value) -> Parameter<'_> {
    const NONE: &Value = &Value::Null;
    let schema = parameter.get("schema").unwrap_or(NONE);
    let note = [text(parameter, "/description"), text(schema, "/description")];
    Parameter {
        name: text(parameter, "/name"),
        place: text(parameter, "/in"),
        is_required: parameter.pointer("/required") == Some(&Value::Bool(true)),
        kind: words::kind(schema),
        note: note.into_iter().find(|note| !note.is_empty()).unwrap_or_default(),
    }
}

fn body<'a>(it: &'a Value, document: &Value) -> Option<Body<'a>> {
    let schema = it.pointer("/requestBody/content/application~1json/schema")?;
    Some(Body {
        is_form_too: it.pointer("/requestBody/content/multipart~1form-data").is_some(),
        fields: words::fields(schema),
        example: example(schema, document),
    })
}

fn success<'a>(status: &'a str, response: &'a Value, document: &Value) -> Success<'a> {
    let schema = response.pointer("/content/application~1json/schema");
    // One of several: each has the same envelope.
    let schemas: Vec<&Value> = match schema.and_then(|schema| schema.get("anyOf")).and_then(Value::as_array) {
        Some(choices) => choices.iter().collect(),
        None => schema.into_iter().collect(),
    };
    let data: Vec<&Value> =
        schemas.iter().copied().map(|schema| schema.pointer("/properties/data").unwrap_or(schema)).collect();
    Success {
        status,
        phrase: text(response, "/description"),
        fields: data.iter().flat_map(|data| words::fields(data)).collect(),
        link: data.first().and_then(|data| words::kind(data).link),
        example: schemas.first().map(|schema| example(schema, document)),
    }
}

/// Whether a response is an error: those have an example for each code.
fn is_error(response: &Value) -> bool {
    response.pointer("/content/application~1json/examples").is_some()
}
