//! The page for people. No script, nothing fetched: it works under the API's own policy.

use askama::Template;
use serde_json::Value;

#[derive(Template)]
#[template(path = "api.html")]
struct Page<'a> {
    title: &'a str,
    version: &'a str,
    introduction: &'a str,
    groups: Vec<Group<'a>>,
    schemas: Vec<(&'a str, String)>,
    errors: Vec<&'a str>,
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
    is_open: bool,
    parameters: Vec<Parameter<'a>>,
    body: Option<String>,
    responses: Vec<Response<'a>>,
}

struct Parameter<'a> {
    name: &'a str,
    place: &'a str,
    schema: String,
    description: &'a str,
}

struct Response<'a> {
    status: &'a str,
    phrase: &'a str,
    codes: Vec<&'a str>,
    schema: Option<String>,
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// The page of a document.
///
/// # Errors
/// The template failed, which it does not.
pub fn page(document: &Value) -> Result<String, askama::Error> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let tags = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    for name in tags.map(|tag| text(tag, "/name")) {
        groups.push(Group { name, operations: operations(document, name) });
    }
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
    let errors = document.pointer("/components/schemas/Error/properties/code/enum").and_then(Value::as_array);
    let page = Page {
        title: text(document, "/info/title"),
        version: text(document, "/info/version"),
        introduction: text(document, "/info/description"),
        groups,
        schemas: schemas.map(|(name, schema)| (name.as_str(), pretty(schema))).collect(),
        errors: errors.into_iter().flatten().filter_map(Value::as_str).collect(),
    };
    let mut html = page.render()?;
    html.push('\n');
    Ok(html)
}

fn operations<'a>(document: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let methods = paths
        .flat_map(|(path, item)| item.as_object().into_iter().flatten().map(move |(method, it)| (path, method, it)));
    let of_tag = methods.filter(|(_, _, it)| text(it, "/tags/0") == tag);
    of_tag.map(|(path, method, it)| operation(path, method, it)).collect()
}

fn operation<'a>(path: &'a str, method: &str, it: &'a Value) -> Operation<'a> {
    let parameters = it.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let responses = it.get("responses").and_then(Value::as_object).into_iter().flatten();
    Operation {
        id: text(it, "/operationId"),
        method: method.to_uppercase(),
        path,
        summary: text(it, "/summary"),
        is_open: it.get("security").and_then(Value::as_array).is_some_and(Vec::is_empty),
        parameters: parameters
            .map(|parameter| Parameter {
                name: text(parameter, "/name"),
                place: text(parameter, "/in"),
                schema: parameter.get("schema").map(ToString::to_string).unwrap_or_default(),
                description: text(parameter, "/description"),
            })
            .collect(),
        body: it.pointer("/requestBody/content/application~1json/schema").map(pretty),
        responses: responses.map(|(status, response)| self::response(status, response)).collect(),
    }
}

fn response<'a>(status: &'a str, response: &'a Value) -> Response<'a> {
    let json = response.pointer("/content/application~1json");
    let examples = json.and_then(|json| json.get("examples")).and_then(Value::as_object).into_iter().flatten();
    let data = json.and_then(|json| json.pointer("/schema/properties/data"));
    Response {
        status,
        phrase: text(response, "/description"),
        codes: examples.map(|(code, _)| code.as_str()).collect(),
        schema: data.map(pretty),
    }
}
