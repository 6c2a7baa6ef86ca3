//! JSON Schemas of requests and answers, for the published contract.
//!
//! They exist only with the feature `schema`, which the contract's writer enables and no deployed function does.
//! Answers derive theirs (`schemars`); bodies get theirs from [`body!`](crate::body), and types that read themselves
//! from a JSON value from [`inline_schema!`](crate::inline_schema).

#[cfg(feature = "schema")]
pub use schemars;
#[cfg(feature = "schema")]
pub use schemars::JsonSchema as Described;

/// A type that has a JSON Schema where the contract is written; every type elsewhere.
#[cfg(not(feature = "schema"))]
pub trait Described {}

#[cfg(not(feature = "schema"))]
impl<T: ?Sized> Described for T {}

#[cfg(feature = "schema")]
use crate::domain::body::Body;
#[cfg(feature = "schema")]
use crate::domain::field::{Blank, FieldIn};

/// Makes the JSON Schema of a type.
#[cfg(feature = "schema")]
pub type SchemaOf = fn(&mut schemars::SchemaGenerator) -> schemars::Schema;

/// The JSON Schema of `T`, or a reference to it.
#[cfg(feature = "schema")]
pub fn subschema<T: Described>(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    generator.subschema_for::<T>()
}

/// Gives a type a JSON Schema that is written where the type is used: `inline_schema!(Zone, {"type": "string"});`.
#[macro_export]
macro_rules! inline_schema {
    ($type:ty, $($schema:tt)+) => {
        #[cfg(feature = "schema")]
        impl $crate::schema::schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut $crate::schema::schemars::SchemaGenerator) -> $crate::schema::schemars::Schema {
                $crate::schema::schemars::json_schema!($($schema)+)
            }
        }
    };
}

/// The type of a field that need not be there.
#[cfg(feature = "schema")]
pub trait Wrapper {
    /// The type of its value.
    type Inner;
}

#[cfg(feature = "schema")]
impl<T> Wrapper for Option<T> {
    type Inner = T;
}

/// The JSON Schema of an object that is read field by field. Unknown fields are ignored, so more may be there.
#[cfg(feature = "schema")]
#[derive(Debug)]
pub struct ObjectSchema<'g> {
    generator: &'g mut schemars::SchemaGenerator,
    object: serde_json::Value,
}

#[cfg(feature = "schema")]
impl<'g> ObjectSchema<'g> {
    /// An object without fields.
    pub fn new(generator: &'g mut schemars::SchemaGenerator) -> Self {
        Self { generator, object: serde_json::json!({ "type": "object", "properties": {} }) }
    }

    /// The schema.
    pub fn finish(self) -> serde_json::Value {
        self.object
    }

    /// Adds a field that must be sent, and not as null. Dots in its name lead into inner objects.
    pub fn required<T: Described>(&mut self, name: &str, description: &str) {
        let schema = self.schema_of::<T>(description);
        insert(&mut self.object, name, schema, true);
    }

    /// Adds a field that may be missing, but not null.
    pub fn not_null<T: Described>(&mut self, name: &str, description: &str) {
        let schema = self.schema_of::<T>(description);
        insert(&mut self.object, name, schema, false);
    }

    /// Adds a field that may be missing, null, or the empty string.
    pub fn nullable<T: FieldIn>(&mut self, name: &str, description: &str) {
        let schema = self.schema_of::<T>(description);
        let schema = match T::BLANK {
            Blank::Text => nullable(schema),
            Blank::None => nullable_or_blank(schema),
        };
        insert(&mut self.object, name, schema, false);
    }

    /// Exactly one of two fields has a value; the other is missing, null, or the empty string. Said by `if`, which generators of
    /// clients ignore: of alternatives (`oneOf`) they make a type each, without the other fields.
    pub fn exactly_one_of(&mut self, [usual, other]: [&str; 2]) {
        use serde_json::json;
        let none = json!({ "enum": ["", null] });
        let has = |name: &str| json!({ "required": [name], "properties": { name: { "not": none } } });
        if let Some(object) = self.object.as_object_mut() {
            object.insert("if".to_owned(), has(other));
            object.insert("then".to_owned(), json!({ "properties": { usual: none } }));
            object.insert("else".to_owned(), has(usual));
        }
    }

    /// A field has a value where another one is `word`. Said by `if`, for the reason of [`Self::exactly_one_of`].
    pub fn required_where(&mut self, (of, word): (&str, &str), name: &str) {
        use serde_json::json;
        if let Some(object) = self.object.as_object_mut() {
            object.insert("if".to_owned(), json!({ "required": [of], "properties": { of: { "const": word } } }));
            let none = json!({ "enum": ["", null] });
            object.insert("then".to_owned(), json!({ "required": [name], "properties": { name: { "not": none } } }));
        }
    }

    /// Adds an object that may be missing, null, or the empty string.
    pub fn object<T: Body>(&mut self, name: &str, description: &str) {
        let mut object = ObjectSchema::new(self.generator);
        T::describe(&mut object);
        let mut schema = object.finish();
        if let (Some(schema), false) = (schema.as_object_mut(), description.is_empty()) {
            schema.insert("description".to_owned(), description.into());
        }
        insert(&mut self.object, name, nullable_or_blank(schema), false);
    }

    fn schema_of<T: Described>(&mut self, description: &str) -> serde_json::Value {
        let mut schema = self.generator.subschema_for::<T>().to_value();
        if let (Some(schema), false) = (schema.as_object_mut(), description.is_empty()) {
            schema.entry("description").or_insert_with(|| description.into());
        }
        schema
    }
}

#[cfg(feature = "schema")]
fn insert(object: &mut serde_json::Value, name: &str, schema: serde_json::Value, is_required: bool) {
    use serde_json::json;
    let Some(object) = object.as_object_mut() else { return };
    let properties = object.entry("properties").or_insert_with(|| json!({}));
    if let Some((outer, inner)) = name.split_once('.') {
        if let Some(properties) = properties.as_object_mut() {
            let kind = if is_required { json!("object") } else { json!(["object", "null"]) };
            let nested = properties.entry(outer).or_insert_with(|| json!({ "type": kind, "properties": {} }));
            insert(nested, inner, schema, is_required);
        }
        return;
    }
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(name.to_owned(), schema);
    }
    if is_required && let Some(required) = object.entry("required").or_insert_with(|| json!([])).as_array_mut() {
        required.push(json!(name));
    }
}

/// The schema, or null.
#[cfg(feature = "schema")]
fn nullable(mut schema: serde_json::Value) -> serde_json::Value {
    use serde_json::json;
    let lists_words = schema.get("enum").is_some();
    match schema.get_mut("type") {
        Some(kind) if !lists_words => *kind = json!([kind.clone(), "null"]),
        _ => return either(schema, &[json!({ "type": "null" })]),
    }
    schema
}

/// The schema, null, or the empty string.
#[cfg(feature = "schema")]
fn nullable_or_blank(schema: serde_json::Value) -> serde_json::Value {
    use serde_json::json;
    either(schema, &[json!({ "const": "" }), json!({ "type": "null" })])
}

/// The schema, or one of the alternatives. Each alternative has one type of its own: generators of clients make a type of
/// each, and of a list of types, or of words among which null is, nothing that a program likes to use.
#[cfg(feature = "schema")]
fn either(mut schema: serde_json::Value, alternatives: &[serde_json::Value]) -> serde_json::Value {
    use serde_json::{Value, json};
    if let Some(listed) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        listed.extend_from_slice(alternatives);
        return schema;
    }
    let description = schema.as_object_mut().and_then(|object| object.remove("description"));
    let mut listed = vec![schema];
    listed.extend_from_slice(alternatives);
    let mut either = json!({ "anyOf": listed });
    if let (Some(either), Some(description)) = (either.as_object_mut(), description) {
        either.insert("description".to_owned(), description);
    }
    either
}

/// An absolute URL.
#[cfg(feature = "schema")]
#[derive(Debug)]
pub struct Uri;

inline_schema!(Uri, { "type": "string", "format": "uri" });
