//! The page for people. No script, nothing fetched: it works under the API's own policy.

pub mod example;
mod words;

use askama::Template;
use serde_json::Value;
use shared::http::ErrorCode;

use self::words::{Field, Kind};

#[derive(Template)]
#[template(path = "api.html")]
struct Page<'a> {
    title: &'a str,
    version: &'a str,
    /// Text and code in turns.
    introduction: Vec<&'a str>,
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
    method: String,
    path: &'a str,
    summary: &'a str,
    access: &'static str,
    parameters: Vec<Parameter<'a>>,
    body: Option<Body<'a>>,
    successes: Vec<Success<'a>>,
    refusals: Vec<Refusal<'a>>,
}

struct Parameter<'a> {
    name: &'a str,
    place: &'a str,
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

struct Refusal<'a> {
    status: &'a str,
    phrase: &'a str,
    codes: Vec<&'a str>,
}

struct Schema<'a> {
    name: &'a str,
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
        introduction: text(document, "/info/description").split('`').collect(),
        groups: items(document, "/tags").map(|tag| group(text(tag, "/name"))).collect(),
        schemas: schemas
            .map(|(name, schema)| Schema { name, fields: words::fields(schema), example: example(schema, document) })
            .collect(),
        errors: ErrorCode::ALL,
    };
    let mut html = page.render()?;
    html.push('\n');
    Ok(html)
}

fn operations<'a>(document: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    let of_path = |(path, item): (&'a String, &'a Value)| entries(item, "").map(move |(method, it)| (path, method, it));
    let all = entries(document, "/paths").flat_map(of_path);
    let of_tag = all.filter(|(_, _, it)| text(it, "/tags/0") == tag);
    of_tag.map(|(path, method, it)| operation(path, method, it, document)).collect()
}

fn operation<'a>(path: &'a str, method: &str, it: &'a Value, document: &'a Value) -> Operation<'a> {
    let (refused, succeeded): (Vec<_>, Vec<_>) =
        entries(it, "/responses").partition(|(_, response)| !codes(response).is_empty());
    Operation {
        id: text(it, "/operationId"),
        method: method.to_uppercase(),
        path,
        summary: text(it, "/summary"),
        access: access(it),
        parameters: items(it, "/parameters").map(parameter).collect(),
        body: body(it, document),
        successes: succeeded.into_iter().map(|(status, response)| success(status, response, document)).collect(),
        refusals: refused
            .into_iter()
            .map(|(status, response)| Refusal {
                status,
                phrase: text(response, "/description"),
                codes: codes(response),
            })
            .collect(),
    }
}

fn access(it: &Value) -> &'static str {
    let ways: Vec<bool> =
        items(it, "/security").map(|way| way.as_object().is_some_and(serde_json::Map::is_empty)).collect();
    match (ways.is_empty(), ways.contains(&true)) {
        (true, _) => "for anyone",
        (_, true) => "for anyone, or signed in",
        _ => "signed in",
    }
}

fn parameter(parameter: &Value) -> Parameter<'_> {
    const NONE: &Value = &Value::Null;
    let schema = parameter.get("schema").unwrap_or(NONE);
    let note = [text(parameter, "/description"), text(schema, "/description")];
    Parameter {
        name: text(parameter, "/name"),
        place: text(parameter, "/in"),
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

/// The error codes of a response; none for a success.
fn codes(response: &Value) -> Vec<&str> {
    entries(response, "/content/application~1json/examples").map(|(code, _)| code.as_str()).collect()
}
