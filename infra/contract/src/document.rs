//! The OpenAPI 3.1 document (<https://spec.openapis.org/oas/v3.1.1.html>).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use shared::http::ErrorCode;
use shared::http::idempotency::KEY_MAX;
use shared::http::routes::{self, Access, BodyKind, Route};

use crate::bodies::bodies;
use crate::operations::{Answer, Operation, operation};
use crate::schemas::{reference, schemas};

/// The document.
///
/// # Errors
/// A route is missing, or a handler reads no body where it should.
pub async fn document() -> Result<Value, Box<dyn std::error::Error>> {
    let bodies = bodies().await?;
    let mut paths: Map<String, Value> = Map::new();
    for route in routes::ALL {
        let operation = operation(route.function).ok_or_else(|| format!("nothing is said of {}", route.function))?;
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(route.method.to_lowercase(), described(route, &operation, bodies.get(route.function)));
        }
    }
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Spacedly",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A task manager that reminds",
            "license": { "name": "MIT", "identifier": "MIT" },
            "description": INTRODUCTION,
        },
        "servers": [{ "url": "/" }],
        "tags": tags(),
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "headers": headers(),
            "examples": examples()?,
            "securitySchemes": {
                "cookie": { "type": "apiKey", "in": "cookie", "name": "accessToken", "description": "Named `__Host-accessToken` where the API is on https and has no cookie domain" },
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
        },
    }))
}

/// The document as it is committed.
pub fn text(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

const INTRODUCTION: &str = "JSON in and out. Successes are `{success, message, data}`, failures `{success, message, code, requestId}` with `errors` \
for bad fields. Browsers are kept signed in by cookies; scripts send `X-Token-Delivery: body` with the login and then \
`Authorization: Bearer`. Times are RFC 3339 in UTC, from 1970 to 9999. Unknown fields are ignored. Enumerations are read \
in any case, and written in lower case. Text is trimmed and composed (NFC) before it is measured. \
Answers that the gateway makes itself (preflight, its own 413, 429 and 503) have another shape.";

fn tags() -> Value {
    let mut names: Vec<&str> = routes::ALL.iter().map(|route| tag(route)).collect();
    names.dedup();
    names.into_iter().map(|name| json!({ "name": name })).collect()
}

fn tag(route: &Route) -> &'static str {
    match route.function.split('-').next().unwrap_or_default() {
        "auth" => "Signing in",
        "users" => "Account",
        "tasks" => "Tasks",
        "attachments" => "Attachments",
        "reminders" => "Reminders",
        "notifications" => "Notifications",
        "analytics" => "Analytics",
        "mail" => "Mail",
        _ => "Service",
    }
}

fn described(route: &Route, operation: &Operation, body: Option<&Value>) -> Value {
    let mut described = json!({
        "operationId": operation_id(route),
        "summary": operation.summary,
        "tags": [tag(route)],
        "parameters": parameters(route, operation),
        "responses": responses(route, operation),
        "security": security(route.access),
    });
    if let (Some(object), Some(body)) = (described.as_object_mut(), request_body(route, body)) {
        object.insert("requestBody".to_owned(), body);
    }
    described
}

/// `tasks-create` is `tasksCreate`; a second path of the same function has its path's last word behind it.
fn operation_id(route: &Route) -> String {
    let mut words = route.function.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    let id = words.fold(first, |id, word| {
        let (head, tail) = word.split_at(1);
        id + &head.to_uppercase() + tail
    });
    let is_second =
        routes::ALL.iter().find(|other| other.function == route.function).is_some_and(|other| other.path != route.path);
    if is_second { id + "Too" } else { id }
}

fn security(access: Access) -> Value {
    match access {
        Access::SignedIn => json!([{ "cookie": [] }, { "bearer": [] }]),
        Access::Anyone => json!([]),
        Access::AnyoneOrSignedIn => json!([{}, { "cookie": [] }, { "bearer": [] }]),
    }
}

fn parameters(route: &Route, operation: &Operation) -> Value {
    let mut parameters = Vec::new();
    if route.path.contains("{id}") {
        parameters.push(
            json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string", "format": "uuid" } }),
        );
    }
    for (name, schema) in &operation.query {
        parameters.push(json!({ "name": name, "in": "query", "schema": schema }));
    }
    let mut header = |name: &str, schema: Value, description: &str| {
        parameters.push(json!({ "name": name, "in": "header", "schema": schema, "description": description }));
    };
    if operation.has_match {
        header(
            "If-Match",
            json!({ "type": "string" }),
            "The ETag of what is to be changed: 412 when it is another by now",
        );
    }
    if operation.is_once {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": "^[ -~]+$" });
        header("Idempotency-Key", schema, "The same key and body get the first answer again, for a day");
    }
    if operation.gives_tokens {
        header(
            "X-Token-Delivery",
            json!({ "type": "string", "examples": ["body"] }),
            "`body` puts the tokens into the body instead of cookies",
        );
    }
    json!(parameters)
}

fn request_body(route: &Route, body: Option<&Value>) -> Option<Value> {
    let schema = body?;
    let is_required = route.body != BodyKind::OptionalJson;
    let mut content = json!({ "application/json": { "schema": schema } });
    if route.body == BodyKind::JsonOrMultipart
        && let Some(content) = content.as_object_mut()
    {
        let files = json!({ "type": "array", "minItems": 1, "maxItems": 10, "items": { "type": "string", "contentMediaType": "application/octet-stream" } });
        let form = json!({ "type": "object", "required": ["files"], "properties": { "files": files } });
        content.insert("multipart/form-data".to_owned(), json!({ "schema": form }));
    }
    Some(json!({ "required": is_required, "content": content }))
}

/// The refusals of a route: those that its kind brings, and its own.
fn errors(route: &Route, operation: &Operation) -> BTreeMap<u16, BTreeSet<ErrorCode>> {
    use ErrorCode::*;
    let mut codes = vec![Internal, Unavailable];
    codes.extend(&operation.errors);
    if route.access == Access::SignedIn {
        codes.push(Unauthorized);
    }
    if route.method != "GET" && !route.takes_foreign_posts {
        codes.push(OriginNotAllowed);
    }
    if route.is_limited {
        codes.push(TooManyRequests);
    }
    if route.path.contains("{id}") {
        codes.push(NotFound);
    }
    if route.body != BodyKind::Ignored {
        codes.extend([MalformedJson, ValidationFailed, BodyTooLarge, UnsupportedMediaType]);
    }
    let mut by_status: BTreeMap<u16, BTreeSet<ErrorCode>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status()).or_default().insert(code);
    }
    by_status
}

fn responses(route: &Route, operation: &Operation) -> Value {
    let mut responses: BTreeMap<u16, Value> = BTreeMap::new();
    for answer in &operation.answers {
        let (status, kind, schema) = match answer {
            Answer::Data(status, properties) => (*status, "application/json", envelope(properties)),
            Answer::Bare(status, schema) => (*status, "application/json", schema.clone()),
            Answer::Page(status) => (*status, "text/html", json!({ "type": "string" })),
            Answer::Redirect => (302, "application/json", envelope(&json!({}))),
        };
        add(responses.entry(status).or_insert_with(|| json!({ "description": phrase(status) })), kind, schema);
    }
    for (status, codes) in errors(route, operation) {
        let response = responses.entry(status).or_insert_with(|| json!({ "description": phrase(status) }));
        add(response, "application/json", reference("Error"));
        let named = |code: &ErrorCode| {
            let code = code.as_str();
            (code.to_owned(), json!({ "$ref": format!("#/components/examples/{code}") }))
        };
        let examples: Map<String, Value> = codes.iter().map(named).collect();
        if let Some(json) = response.pointer_mut("/content/application~1json").and_then(Value::as_object_mut) {
            json.insert("examples".to_owned(), Value::Object(examples));
        }
    }
    let described = responses.into_iter().map(|(status, mut response)| {
        if let Some(response) = response.as_object_mut() {
            response.insert("headers".to_owned(), response_headers(route, operation, status));
        }
        (status.to_string(), response)
    });
    Value::Object(described.collect())
}

/// Adds a content to a response; two of one type are either of them.
fn add(response: &mut Value, kind: &str, schema: Value) {
    let Some(response) = response.as_object_mut() else { return };
    let content = response.entry("content").or_insert_with(|| json!({}));
    let Some(content) = content.as_object_mut() else { return };
    let merged = match content.get(kind).and_then(|known| known.get("schema")) {
        None => schema,
        Some(known) => json!({ "anyOf": [known, schema] }),
    };
    content.insert(kind.to_owned(), json!({ "schema": merged }));
}

/// The envelope around data: a schema, or an object's properties, of which those with a `?` need not be there.
fn envelope(data: &Value) -> Value {
    let is_schema = data.get("$ref").is_some();
    let data = if is_schema { data.clone() } else { object(data) };
    json!({
        "type": "object",
        "required": ["success", "message", "data"],
        "properties": { "success": { "const": true }, "message": { "type": "string" }, "data": data },
        "additionalProperties": false,
    })
}

fn object(properties: &Value) -> Value {
    let properties = properties.as_object().cloned().unwrap_or_default();
    let required: Vec<&String> = properties.keys().filter(|name| !name.ends_with('?')).collect();
    let named: Map<String, Value> =
        properties.iter().map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone())).collect();
    json!({ "type": "object", "required": required, "properties": named, "additionalProperties": false })
}

/// An example of every refusal that a route may give.
fn examples() -> Result<Value, String> {
    let mut examples = Map::new();
    for route in routes::ALL {
        let operation = operation(route.function).ok_or_else(|| format!("nothing is said of {}", route.function))?;
        let codes = errors(route, &operation).into_values().flatten();
        examples.extend(codes.map(|code| (code.as_str().to_owned(), example(code))));
    }
    Ok(Value::Object(examples))
}

fn example(code: ErrorCode) -> Value {
    let mut value = json!({ "success": false, "message": code.message(), "code": code.as_str(), "requestId": "3f1c2a9e-0b1d-4c55-9e0e-5a4be1d2c3f4" });
    if code == ErrorCode::ValidationFailed
        && let Some(value) = value.as_object_mut()
    {
        value.insert("message".to_owned(), json!("Title is required"));
        value.insert("errors".to_owned(), json!([{ "field": "title", "message": "Title is required" }]));
    }
    json!({ "value": value })
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        302 => "Found",
        400 => "Bad request",
        401 => "Not signed in",
        403 => "Forbidden",
        404 => "Not found",
        405 => "Method not allowed",
        409 => "Conflict",
        412 => "Changed since it was read",
        413 => "Too large",
        415 => "Unsupported media type",
        422 => "The Idempotency-Key was used for another request",
        429 => "Too many requests",
        503 => "Unavailable",
        _ => "Our failure",
    }
}

fn headers() -> Value {
    let header = |schema: Value, description: &str| json!({ "schema": schema, "description": description });
    let number = || json!({ "type": "integer", "minimum": 0 });
    let text = || json!({ "type": "string" });
    json!({
        "RequestId": header(text(), "Names the request in the logs"),
        "RateLimitLimit": header(number(), "Requests that are allowed, in the class that has least left"),
        "RateLimitRemaining": header(number(), "What is left of them"),
        "RateLimitReset": header(number(), "Seconds until the window ends"),
        "RateLimitPolicy": header(text(), "Requests and seconds of the window"),
        "RetryAfter": header(number(), "Seconds until a request may pass"),
        "ETag": header(text(), "The version, for If-Match"),
        "Location": header(text(), "Where it is"),
    })
}

fn response_headers(route: &Route, operation: &Operation, status: u16) -> Value {
    let mut headers = Map::new();
    let mut add = |name: &str, component: &str| {
        headers.insert(name.to_owned(), json!({ "$ref": format!("#/components/headers/{component}") }));
    };
    add("X-Request-Id", "RequestId");
    if route.is_limited {
        add("RateLimit-Limit", "RateLimitLimit");
        add("RateLimit-Remaining", "RateLimitRemaining");
        add("RateLimit-Reset", "RateLimitReset");
        add("RateLimit-Policy", "RateLimitPolicy");
    }
    if status == 429 {
        add("Retry-After", "RetryAfter");
    }
    if operation.has_etag && status < 300 {
        add("ETag", "ETag");
    }
    if status == 302 || (status == 201 && route.function == "tasks-create") {
        add("Location", "Location");
    }
    Value::Object(headers)
}
