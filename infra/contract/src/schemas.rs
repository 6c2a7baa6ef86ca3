//! JSON Schemas as the document has them: named ones among the components, the rest where they are used.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

/// A generator whose references point to the document's components. Schemas describe what callers receive, where every
/// field that a type has is there.
pub fn generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    settings.into_generator()
}

/// The components that the generator's schemas refer to.
pub fn components(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<shared::http::error::ErrorOut<'_>>();
    answer(Value::Object(generator.take_definitions(true)))
}

/// A reference to the schema of an error.
pub fn error(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<shared::http::error::ErrorOut<'_>>().to_value()
}

/// A schema of an answer: objects have the fields that are listed, and no others.
pub fn answer(mut schema: Value) -> Value {
    tidy(&mut schema);
    close(&mut schema);
    schema
}

/// A schema of what a request sends.
pub fn request(mut schema: Value) -> Value {
    tidy(&mut schema);
    schema
}

/// The schema of a query parameter's value.
pub fn parameter<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    request(generator.subschema_for::<T>().to_value())
}

/// Removes what says nothing in JSON: sizes of numbers in Rust, and alternatives that are single words.
fn tidy(schema: &mut Value) {
    const RUST: [&str; 8] = ["uint8", "uint16", "uint32", "uint64", "int32", "int64", "double", "float"];
    match schema {
        Value::Object(object) => {
            if object.get("format").and_then(Value::as_str).is_some_and(|format| RUST.contains(&format)) {
                object.remove("format");
            }
            let words = object.get("oneOf").and_then(Value::as_array).and_then(|alternatives| words(alternatives));
            if let Some(words) = words {
                object.remove("oneOf");
                object.insert("type".to_owned(), json!("string"));
                object.insert("enum".to_owned(), words);
            }
            object.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// The words of alternatives that are nothing else.
fn words(alternatives: &[Value]) -> Option<Value> {
    let words: Option<Vec<&Value>> = alternatives.iter().map(|alternative| alternative.get("const")).collect();
    words.map(|words| json!(words))
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let lists_fields = object.get("properties").is_some_and(Value::is_object);
            let is_object = match object.get("type") {
                Some(Value::Array(types)) => types.contains(&json!("object")),
                kind => kind == Some(&json!("object")),
            };
            if lists_fields && is_object {
                object.entry("additionalProperties").or_insert(json!(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
