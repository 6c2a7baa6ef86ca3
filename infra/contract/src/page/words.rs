//! JSON Schema in words.

use serde_json::Value;

/// What values may be: words, and the schema of the document that they end with, if there is one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind<'a> {
    pub(super) words: String,
    pub(super) link: Option<&'a str>,
}

/// A field: a row of a table.
#[derive(Debug)]
pub(super) struct Field<'a> {
    /// Its path, as in `files[].filename`.
    pub(super) path: String,
    pub(super) is_required: bool,
    pub(super) kind: Kind<'a>,
    pub(super) note: &'a str,
}

/// The fields of an object, the required ones first, each followed by the fields of objects within it; none for anything
/// else.
pub(super) fn fields(schema: &Value) -> Vec<Field<'_>> {
    let mut found = Vec::new();
    collect(schema, "", &mut found);
    found
}

fn collect<'a>(schema: &'a Value, within: &str, found: &mut Vec<Field<'a>>) {
    let required: Vec<&str> = list(schema, "required").filter_map(Value::as_str).collect();
    let mut properties: Vec<_> = schema.get("properties").and_then(Value::as_object).into_iter().flatten().collect();
    // Stable: otherwise by name.
    properties.sort_by_key(|(name, _)| !required.contains(&name.as_str()));
    for (name, field) in properties {
        let path = format!("{within}{name}");
        let (is_required, kind) = (required.contains(&name.as_str()), kind(field));
        found.push(Field { path: path.clone(), is_required, kind, note: text(field, "description") });
        let (inner, mark) = match field.get("items") {
            Some(items) => (items, "[]."),
            None => (list(field, "anyOf").find(|one| one.get("properties").is_some()).unwrap_or(field), "."),
        };
        collect(inner, &format!("{path}{mark}"), found);
    }
}

/// What values of a schema may be.
pub(super) fn kind(schema: &Value) -> Kind<'_> {
    let (mut parts, mut link) = (Vec::new(), None);
    let may_be_null = has_null(schema);
    let choices: Vec<&Value> = list(schema, "anyOf").filter(|one| !is_null(one)).collect();
    let alternatives = if choices.is_empty() { vec![schema] } else { choices };
    for alternative in alternatives {
        let (words, to) = simple(alternative);
        parts.push(words);
        link = link.or(to);
    }
    let mut words = parts.join(" or ");
    if may_be_null {
        words.push_str(if words.is_empty() { "or null: " } else { ", or null" });
    }
    if let Some(default) = schema.get("default") {
        words.push_str(&format!("; {} if left out", plain(default)));
    }
    Kind { words, link }
}

fn simple(schema: &Value) -> (String, Option<&str>) {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        return (String::new(), Some(name));
    }
    if let Some(value) = schema.get("const") {
        return (plain(value), None);
    }
    let choices: Vec<String> = list(schema, "enum").filter(|value| !is_no_value(value)).map(plain).collect();
    if !choices.is_empty() {
        return (choices.join(" · "), None);
    }
    match type_of(schema) {
        "array" => array(schema),
        "object" => ("object".to_owned(), None),
        "boolean" => ("true or false".to_owned(), None),
        "integer" => (format!("whole number{}", bounds(schema, "minimum", "maximum", "")), None),
        "number" => (format!("number{}", bounds(schema, "minimum", "maximum", "")), None),
        _ => (string(schema), None),
    }
}

fn array(schema: &Value) -> (String, Option<&str>) {
    let items = schema.get("items").map(kind).unwrap_or(Kind { words: String::new(), link: None });
    let many = bounds(schema, "minItems", "maxItems", "");
    let words = if items.words == "object" { String::new() } else { format!(" of {}", items.words) };
    (format!("list{many}{words}"), items.link)
}

fn string(schema: &Value) -> String {
    match text(schema, "format") {
        "uuid" => "UUID".to_owned(),
        "date-time" => "time (RFC 3339)".to_owned(),
        "date" => "date (YYYY-MM-DD)".to_owned(),
        "email" => format!("e-mail address{}", bounds(schema, "minLength", "maxLength", " characters")),
        "uri" => format!("URL{}", bounds(schema, "minLength", "maxLength", " characters")),
        _ => format!("text{}", bounds(schema, "minLength", "maxLength", " characters")),
    }
}

/// `, 3 to 200 characters`; nothing where there is no bound.
fn bounds(schema: &Value, least: &str, most: &str, unit: &str) -> String {
    let least = schema.get(least).filter(|value| value.as_u64() != Some(0) || unit.is_empty());
    match (least, schema.get(most)) {
        (Some(least), Some(most)) if least == most => format!(", {least}{unit}"),
        (Some(least), Some(most)) => format!(", {least} to {most}{unit}"),
        (Some(least), None) => format!(", at least {least}{unit}"),
        (None, Some(most)) => format!(", at most {most}{unit}"),
        (None, None) => String::new(),
    }
}

fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or(""),
        Some(Value::String(name)) => name,
        _ => "",
    }
}

/// Whether a schema takes null or the empty string, which both say that there is no value, and nothing else.
fn is_null(schema: &Value) -> bool {
    text(schema, "type") == "null" || schema.get("const").is_some_and(is_no_value)
}

fn is_no_value(value: &Value) -> bool {
    value.is_null() || value == ""
}

fn has_null(schema: &Value) -> bool {
    list(schema, "type").any(|name| name == "null") || list(schema, "anyOf").any(is_null)
}

fn list<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(schema: &'a Value, key: &str) -> &'a str {
    schema.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_are_said_in_words() {
        for (schema, words, link) in [
            (json!({"type": "string", "minLength": 3, "maxLength": 200}), "text, 3 to 200 characters", None),
            (
                json!({"type": ["string", "null"], "minLength": 0, "maxLength": 50}),
                "text, at most 50 characters, or null",
                None,
            ),
            (
                json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50}),
                "whole number, 1 to 100; 50 if left out",
                None,
            ),
            (json!({"type": "integer", "minimum": 0}), "whole number, at least 0", None),
            (json!({"type": ["string", "null"], "enum": ["email", "push", null]}), "email · push, or null", None),
            (
                json!({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
                "time (RFC 3339), or null",
                None,
            ),
            (
                json!({"anyOf": [
                    {"type": "string", "format": "date-time"},
                    {"type": "string", "format": "date"},
                    {"const": ""},
                    {"type": "null"},
                ]}),
                "time (RFC 3339) or date (YYYY-MM-DD), or null",
                None,
            ),
            (
                json!({"anyOf": [{"type": "string", "enum": ["email", "push"]}, {"const": ""}, {"type": "null"}]}),
                "email · push, or null",
                None,
            ),
            (json!({"anyOf": [{"type": "boolean"}, {"const": ""}, {"type": "null"}]}), "true or false, or null", None),
            (
                json!({"type": "array", "maxItems": 20, "items": {"$ref": "#/components/schemas/Task"}}),
                "list, at most 20 of ",
                Some("Task"),
            ),
            (json!({"type": "array", "minItems": 7, "maxItems": 7, "items": {"type": "object"}}), "list, 7", None),
            (json!({"$ref": "#/components/schemas/Task"}), "", Some("Task")),
            (json!({"const": true}), "true", None),
        ] {
            assert_eq!(kind(&schema), Kind { words: words.to_owned(), link }, "{schema}");
        }
    }

    #[test]
    fn fields_of_objects_within_are_named_by_their_path() {
        let schema = json!({"type": "object", "required": ["files"], "properties": {
            "files": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
            "at": {"anyOf": [{"type": "object", "properties": {"day": {"type": "string", "format": "date"}}}, {"type": "null"}]},
        }});
        let paths: Vec<(String, bool)> =
            fields(&schema).into_iter().map(|field| (field.path, field.is_required)).collect();
        let wanted = [("files", true), ("files[].name", false), ("at", false), ("at.day", false)];
        assert_eq!(paths, wanted.map(|(path, is_required)| (path.to_owned(), is_required)));
    }
}
