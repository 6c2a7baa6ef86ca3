//! Values as they may stand in a request or an answer.

use serde_json::{Map, Value, json};

/// Texts by the field that they stand in; others are in [`of`].
const TEXTS: [(&str, &str); 22] = [
    ("accessToken", "eyJ0eXAiOiJhdCtqd3Qi…"),
    ("category", "Home"),
    ("date", "2030-01-31"),
    ("description", "By bank transfer"),
    ("device", "Firefox on Linux"),
    ("email", "asha@example.com"),
    ("environment", "production"),
    ("filename", "beach.webp"),
    ("fileType", "image/webp"),
    ("ip", "203.0.113.7"),
    ("link", "https://example.com/invoice"),
    ("message", "Success"),
    ("name", "Asha Rao"),
    ("nextCursor", "eyJrIjoi…"),
    ("originalName", "beach.jpg"),
    ("otp", "123456"),
    ("refreshToken", "k3Zq…"),
    ("time", "08:00"),
    ("timezone", "Asia/Kolkata"),
    ("title", "Pay rent"),
    ("token", "x5Gm…"),
    ("week", "2030-01-28"),
];

/// A value that the schema takes, for the field of this name.
pub fn of(schema: &Value, name: &str, document: &Value) -> Value {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = document.pointer(reference.trim_start_matches('#'));
        return target.map(|target| of(target, name, document)).unwrap_or_default();
    }
    let first = |key: &str| schema.get(key).and_then(Value::as_array).and_then(|values| values.first());
    if let Some(value) = schema.get("const").or_else(|| first("examples")).or_else(|| first("enum")) {
        return value.clone();
    }
    if let Some(choice) = first("anyOf") {
        return of(choice, name, document);
    }
    let types = schema.get("type");
    match first("type").or(types).and_then(Value::as_str) {
        Some("object") => object(schema, document),
        Some("array") => {
            let many = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).max(1);
            let item = schema.get("items").map(|items| of(items, name, document)).unwrap_or_default();
            (0..many).map(|_| item.clone()).collect()
        }
        Some("boolean") => json!(true),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(42)),
        Some("number") => schema.get("minimum").cloned().unwrap_or(json!(0.25)),
        _ => json!(text(schema, name)),
    }
}

fn object(schema: &Value, document: &Value) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    // Of fields that exclude each other, the usual one is shown.
    let excluded = schema.get("else").and_then(|_| schema.pointer("/if/required")?.as_array());
    let shown = properties.filter(|(name, _)| !excluded.is_some_and(|it| it.contains(&json!(name))));
    let fields = shown.map(|(name, field)| (name.clone(), of(field, name, document)));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn text<'a>(schema: &Value, name: &str) -> &'a str {
    if let Some((_, text)) = TEXTS.iter().find(|(known, _)| *known == name) {
        return text;
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => "01935f3c-6e2a-7c41-9d0b-5a4be1d2c3f4",
        Some("date-time") => "2030-01-31T09:00:00Z",
        Some("date") => "2030-01-31",
        Some("uri") => "https://example.com/beach.webp",
        Some("password") => "Correct-horse-9",
        _ => "…",
    }
}
