//! Reading a JSON object into domain types, collecting every field's error instead of stopping at the first.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock::Timestamp;

/// What is wrong with one field, in words for the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field's name as the caller sends it.
    pub field: Cow<'static, str>,
    /// A sentence without a final stop.
    pub message: String,
}

impl FieldError {
    /// What is wrong with `field`.
    pub fn new(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// A type that is made from one JSON value, and in no other way.
pub trait Field: Sized {
    /// Reads `value`; `label` opens the error's sentence (`Title is required`).
    ///
    /// # Errors
    /// The sentence that tells the caller what is wrong.
    fn read(label: &str, value: &Value) -> Result<Self, String>;

    /// The values that it takes, as JSON Schema (2020-12), for the published contract.
    fn schema() -> Value;
}

/// A field that a reader asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// Its name; dots lead into inner objects.
    pub name: &'static str,
    /// Whether it must be there.
    pub is_required: bool,
    /// Whether it may be null.
    pub is_nullable: bool,
    /// What it takes.
    pub schema: Value,
}

/// What an update does to an optional field.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The field was not sent.
    #[default]
    Keep,
    /// `null` was sent.
    Clear,
    /// A value was sent.
    Set(T),
}

impl<T> Patch<T> {
    /// The field's next value, from the present one.
    pub fn apply(self, present: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *present = None,
            Self::Set(value) => *present = Some(value),
        }
    }
}

/// The fields of one JSON object. Unknown ones are ignored.
#[derive(Debug)]
pub struct Fields {
    object: Map<String, Value>,
    errors: Vec<FieldError>,
    /// What has been asked for, where nothing but that is wanted.
    described: Option<Vec<Described>>,
}

impl Fields {
    /// The fields of `object`.
    pub fn new(object: Map<String, Value>) -> Self {
        Self { object, errors: Vec::new(), described: None }
    }

    /// No fields at all: the reader that runs on them tells what it asks for.
    pub fn describing() -> Self {
        Self { object: Map::new(), errors: Vec::new(), described: Some(Vec::new()) }
    }

    /// What a reader has asked for, of [`Self::describing`].
    pub fn described(self) -> Vec<Described> {
        self.described.unwrap_or_default()
    }

    fn describe<T: Field>(&mut self, name: &'static str, is_required: bool, is_nullable: bool) {
        if let Some(described) = &mut self.described {
            described.push(Described { name, is_required, is_nullable, schema: T::schema() });
        }
    }

    /// A field that must be there and not null. `None` after an error, which [`Fields::finish`] reports.
    pub fn required<T: Field>(&mut self, name: &'static str, label: &str) -> Option<T> {
        self.describe::<T>(name, true, false);
        self.read_required(name, label)
    }

    fn read_required<T: Field>(&mut self, name: &'static str, label: &str) -> Option<T> {
        match self.object.get(name) {
            None | Some(Value::Null) => {
                self.reject(name, format!("{label} is required"));
                None
            }
            Some(value) => self.read(name, label, value.clone()),
        }
    }

    /// A field that may be missing or null.
    pub fn optional<T: Field>(&mut self, name: &'static str, label: &str) -> Option<T> {
        match self.patch(name, label) {
            Patch::Set(value) => Some(value),
            Patch::Keep | Patch::Clear => None,
        }
    }

    /// A field of an update: missing keeps, null clears.
    pub fn patch<T: Field>(&mut self, name: &'static str, label: &str) -> Patch<T> {
        self.describe::<T>(name, false, true);
        match self.object.get(name) {
            None => Patch::Keep,
            Some(Value::Null) => Patch::Clear,
            Some(value) => self.read(name, label, value.clone()).map_or(Patch::Keep, Patch::Set),
        }
    }

    /// A field of an update that may be missing but not null.
    pub fn patch_required<T: Field>(&mut self, name: &'static str, label: &str) -> Option<T> {
        self.describe::<T>(name, false, false);
        self.object.get(name)?;
        self.read_required(name, label)
    }

    /// Makes the fields of an inner object readable under their dotted names, which are those it may have.
    pub fn flatten(&mut self, name: &'static str, label: &str, dotted: &[&'static str]) {
        match self.object.remove(name) {
            None => {}
            Some(Value::Object(mut inner)) => {
                for path in dotted {
                    let key = path.rsplit('.').next().unwrap_or(path);
                    if let Some(value) = inner.remove(key) {
                        self.object.insert((*path).to_owned(), value);
                    }
                }
            }
            Some(_) => self.reject(name, format!("{label} must be an object")),
        }
    }

    /// Notes an error that only several fields together, or the clock, can show.
    pub fn reject(&mut self, field: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError::new(field, message));
    }

    /// Notes what is wrong with a part of a field.
    pub fn note(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// The value, if every field was good.
    ///
    /// # Errors
    /// Every bad field, in the order in which they were read.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Vec<FieldError>> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(self.errors),
        }
    }

    fn read<T: Field>(&mut self, name: &'static str, label: &str, value: Value) -> Option<T> {
        T::read(label, &value).map_err(|message| self.reject(name, message)).ok()
    }
}

impl Field for bool {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| format!("{label} must be a boolean"))
    }

    fn schema() -> Value {
        serde_json::json!({"type": "boolean"})
    }
}

impl Field for Timestamp {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?;
        Self::parse(text.trim()).map_err(|_| format!("{label} must be a valid date"))
    }

    fn schema() -> Value {
        serde_json::json!({"type": "string", "format": "date-time"})
    }
}

/// The text of a JSON string.
///
/// # Errors
/// The sentence for a value of another type, `{"$ne": null}` among them.
pub fn string<'a>(label: &str, value: &'a Value) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("{label} must be a string"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: Value) -> Fields {
        match value {
            Value::Object(object) => Fields::new(object),
            other => panic!("no object: {other}"),
        }
    }

    #[test]
    fn every_bad_field_is_named() {
        let mut fields = fields(json!({"a": 1, "c": true}));
        let a: Option<bool> = fields.required("a", "A");
        let b: Option<bool> = fields.required("b", "B");
        let c: Option<bool> = fields.required("c", "C");
        assert_eq!(c, Some(true));
        let errors = fields.finish(a.zip(b)).unwrap_err();
        let messages: Vec<_> = errors.iter().map(|e| e.message.as_str()).collect();
        assert_eq!(messages, ["A must be a boolean", "B is required"]);
    }

    #[test]
    fn an_update_tells_missing_from_null() {
        let mut fields = fields(json!({"null": null, "set": true}));
        assert_eq!(fields.patch::<bool>("missing", "M"), Patch::Keep);
        assert_eq!(fields.patch::<bool>("null", "N"), Patch::Clear);
        assert_eq!(fields.patch::<bool>("set", "S"), Patch::Set(true));
        assert_eq!(fields.patch_required::<bool>("null", "N"), None);
        assert_eq!(fields.finish(Some(())).unwrap_err().len(), 1);
    }
}
