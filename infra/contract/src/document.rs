//! The OpenAPI 3.1 document (<https://spec.openapis.org/oas/v3.1.1.html>).

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};
use shared::domain::field::{Parameter, Repetition};
use shared::http::idempotency::KEY_MAX;
use shared::http::operation::{CountedFor, Versioning};
use shared::http::{Access, BodyKind, ErrorCode, list};
use shared::limits::RateLimitClass;
use shared::schema::ObjectSchema;

use crate::catalogue::{DOMAINS, Route, routes};
use crate::{errors, introduction, schemas};

/// The document.
pub fn document() -> Value {
    let mut generator = schemas::generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes() {
        let operation = described(&route, &mut generator);
        if let Some(item) = paths.entry(route.path).or_insert_with(|| json!({})).as_object_mut() {
            item.insert(route.facts.method.to_lowercase(), operation);
        }
    }
    let tags: Vec<Value> = DOMAINS.iter().map(|(name, _)| json!({ "name": name })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Spacedly",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A task-manager API with email reminders",
            "license": { "name": "MIT", "identifier": "MIT" },
            "description": introduction::markdown(),
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas::components(&mut generator),
            "headers": headers(),
            "examples": errors::examples(),
            "securitySchemes": {
                "cookie": { "type": "apiKey", "in": "cookie", "name": "accessToken", "description": "Named `__Host-accessToken` where the API is on https and has no cookie domain" },
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
        },
    })
}

/// The document as it is committed.
pub fn text(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

fn described(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut described = json!({
        "operationId": operation_id(route),
        "summary": route.facts.summary,
        "description": route.facts.description,
        "tags": [route.tag],
        "parameters": parameters(route, generator),
        "responses": responses(route, generator),
        "security": security(route.facts.access),
    });
    if let (Some(object), Some(body)) = (described.as_object_mut(), request_body(route, generator)) {
        object.insert("requestBody".to_owned(), body);
    }
    described
}

/// `tasks-create` is `tasksCreate`; at its second path it is `tasksCreateToo`.
fn operation_id(route: &Route) -> String {
    let mut words = route.function.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    let id = words.fold(first, |id, word| {
        let (head, tail) = word.split_at(1);
        id + &head.to_uppercase() + tail
    });
    if route.path == route.facts.path { id } else { id + "Too" }
}

fn security(access: Access) -> Value {
    match access {
        Access::SignedIn => json!([{ "cookie": [] }, { "bearer": [] }]),
        Access::Anyone => json!([]),
        Access::AnyoneOrSignedIn => json!([{}, { "cookie": [] }, { "bearer": [] }]),
    }
}

fn parameters(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let facts = &route.facts;
    let mut parameters = Vec::new();
    if route.path.contains("{id}") {
        let schema = json!({ "type": "string", "format": "uuid" });
        let description = id_description(facts.path);
        parameters.push(
            json!({ "name": "id", "in": "path", "required": true, "schema": schema, "description": description }),
        );
    }
    let of_lists: &[Parameter] = if facts.page_size.is_some() { &list::PARAMETERS } else { &[] };
    for parameter in of_lists.iter().chain(facts.query) {
        let mut schema = query_schema(parameter, generator);
        if let (list::LIMIT, Some(default), Some(schema)) = (parameter.name, facts.page_size, schema.as_object_mut()) {
            schema.insert("default".to_owned(), json!(default));
        }
        parameters.push(json!({ "name": parameter.name, "in": "query", "schema": schema, "allowEmptyValue": true }));
    }
    let mut header = |name: &str, schema: Value, description: &str| {
        parameters.push(json!({ "name": name, "in": "header", "schema": schema, "description": description }));
    };
    if matches!(facts.versioning, Versioning::IfMatch | Versioning::Both) {
        header("If-Match", json!({ "type": "string" }), "ETag from your last read; a mismatch returns 412.");
    }
    if facts.is_idempotent {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": "^[ -~]+$" });
        header(
            "Idempotency-Key",
            schema,
            "The same key with the same body returns the first response again, for 24 hours.",
        );
    }
    if facts.delivers_tokens {
        header(
            "X-Token-Delivery",
            json!({ "type": "string", "examples": ["body"] }),
            "`body` returns the tokens in the response instead of as cookies; a refresh token that came as a cookie is replaced by a cookie.",
        );
    }
    json!(parameters)
}

/// What `{id}` names: one of the collection before it.
fn id_description(path: &str) -> String {
    let collection = path.split("/{id}").next().and_then(|before| before.rsplit('/').next()).unwrap_or_default();
    format!("ID of the {}", collection.trim_end_matches('s'))
}

fn query_schema(parameter: &Parameter, generator: &mut SchemaGenerator) -> Value {
    let value = schemas::request((parameter.schema)(generator).to_value());
    let mut schema = match parameter.repetition {
        Repetition::Once => value,
        Repetition::Repeatable => json!({ "type": "array", "items": value }),
    };
    if let (Some(schema), false) = (schema.as_object_mut(), parameter.description.is_empty()) {
        schema.insert("description".to_owned(), json!(parameter.description));
    }
    schema
}

fn request_body(route: &Route, generator: &mut SchemaGenerator) -> Option<Value> {
    let kind = route.facts.body;
    if kind == BodyKind::Ignored {
        return None;
    }
    let mut object = ObjectSchema::new(generator);
    (route.facts.describe_body)(&mut object);
    let media_type = match kind {
        BodyKind::OptionalForm => "application/x-www-form-urlencoded",
        BodyKind::Ignored | BodyKind::Json | BodyKind::OptionalJson | BodyKind::JsonOrMultipart => "application/json",
    };
    let mut schema = schemas::request(object.finish());
    if kind == BodyKind::OptionalForm {
        remove_null(&mut schema);
    }
    let mut content = json!({ media_type: { "schema": schema } });
    if kind == BodyKind::JsonOrMultipart
        && let Some(content) = content.as_object_mut()
    {
        // `format: binary` is OpenAPI 3.0's word. Client generators take a part without it for text, and send no file name.
        let file = json!({ "type": "string", "contentMediaType": "application/octet-stream", "format": "binary" });
        let files = json!({ "type": "array", "minItems": 1, "maxItems": 10, "items": file });
        let form = json!({
            "type": "object",
            "description": "Files of at most 4 MB together. The API answers when all are ready or rejected, or after ten seconds with those that are still `pending` or `processing`.",
            "required": ["files"],
            "properties": { "files": files },
        });
        content.insert("multipart/form-data".to_owned(), json!({ "schema": form }));
    }
    let is_optional = matches!(kind, BodyKind::OptionalJson | BodyKind::OptionalForm);
    Some(json!({ "required": !is_optional, "content": content }))
}

/// The fields of a form are text: none of them can be null.
fn remove_null(form: &mut Value) {
    let fields = form.get_mut("properties").and_then(Value::as_object_mut);
    for field in fields.into_iter().flat_map(|fields| fields.values_mut()) {
        if let Some(alternatives) = field.get_mut("anyOf").and_then(Value::as_array_mut) {
            alternatives.retain(|alternative| alternative["type"] != "null");
        }
    }
}

fn responses(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut responses: BTreeMap<u16, Value> = BTreeMap::new();
    for response in (route.facts.responses)(generator) {
        let described = || json!({ "description": phrase(response.status) });
        let schema = schemas::answer(response.schema.to_value());
        add(responses.entry(response.status).or_insert_with(described), response.media_type, schema);
    }
    for (status, codes) in errors::of(route) {
        let response = responses.entry(status).or_insert_with(|| {
            let description = if status == 429 { limits(route) } else { phrase(status).to_owned() };
            json!({ "description": description })
        });
        add(response, "application/json", schemas::error(generator));
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
            response.insert("headers".to_owned(), response_headers(route, status));
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

/// The description of a 429: what the route counts besides all requests, and for whom.
fn limits(route: &Route) -> String {
    let party = match route.facts.counted_for {
        CountedFor::Address => "client address",
        CountedFor::Caller if route.facts.access == Access::SignedIn => "account",
        CountedFor::Caller => "account, or client address if not signed in",
    };
    let counted: Vec<&str> = route.facts.classes.into_iter().map(RateLimitClass::counted).collect();
    match counted.as_slice() {
        [] => phrase(429).to_owned(),
        counted => format!("{}. Limited per {party}: {}", phrase(429), counted.join("; ")),
    }
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
        412 => "Precondition failed",
        413 => "Too large",
        415 => "Unsupported media type",
        422 => "Idempotency-Key reused for another request",
        429 => "Too many requests",
        503 => "Temporarily unavailable",
        _ => "Server error",
    }
}

fn headers() -> Value {
    let header = |schema: Value, description: &str| json!({ "schema": schema, "description": description });
    let number = || json!({ "type": "integer", "minimum": 0 });
    let text = || json!({ "type": "string" });
    json!({
        "RequestId": header(text(), "Identifies the request in the logs."),
        "RateLimitLimit": header(number(), "Request limit of the class closest to its limit."),
        "RateLimitRemaining": header(number(), "Requests left in that class."),
        "RateLimitReset": header(number(), "Seconds until its window ends."),
        "RateLimitPolicy": header(text(), "Its limit, and the length of its window in seconds."),
        "RetryAfter": header(number(), "Seconds until a request may pass."),
        "ETag": header(text(), "The version, for If-Match."),
        "Location": header(text(), "The URL to follow, or of what was created."),
        "AcceptEncoding": header(text(), "The content coding to send instead, where the body was compressed: `identity`."),
    })
}

fn response_headers(route: &Route, status: u16) -> Value {
    let facts = &route.facts;
    let mut headers = Map::new();
    let mut add = |name: &str, component: &str| {
        headers.insert(name.to_owned(), json!({ "$ref": format!("#/components/headers/{component}") }));
    };
    add("X-Request-Id", "RequestId");
    if facts.is_limited {
        add("RateLimit-Limit", "RateLimitLimit");
        add("RateLimit-Remaining", "RateLimitRemaining");
        add("RateLimit-Reset", "RateLimitReset");
        add("RateLimit-Policy", "RateLimitPolicy");
    }
    if status == 429 {
        add("Retry-After", "RetryAfter");
    }
    if status == 415 {
        add("Accept-Encoding", "AcceptEncoding");
    }
    if matches!(facts.versioning, Versioning::ETag | Versioning::Both) && status < 300 {
        add("ETag", "ETag");
    }
    if status == 302 || (status == 201 && facts.has_location) {
        add("Location", "Location");
    }
    Value::Object(headers)
}
