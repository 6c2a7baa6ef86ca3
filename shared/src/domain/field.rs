//! Reading a JSON object into domain types, collecting every field's error instead of stopping at the first.

use std::borrow::Cow;
use std::num::NonZeroU8;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::domain::body::Body;
use crate::id::ChallengeId;
use crate::inline_schema;
use crate::schema::Described;

/// An error of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct FieldError {
    /// The field's name, as it is sent.
    pub field: Cow<'static, str>,
    /// A sentence for people, without a final stop.
    pub message: String,
}

impl FieldError {
    /// What is wrong with `field`.
    pub fn new(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// A parameter of a query string.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does; empty where the name says it.
    pub description: &'static str,
    /// Whether it may be there more than once.
    pub repetition: Repetition,
    /// The schema of a value.
    #[cfg(feature = "schema")]
    pub schema: crate::schema::SchemaOf,
}

/// Whether a parameter may be there more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repetition {
    /// At most once.
    Once,
    /// Any number of times: any of its values matches.
    Repeatable,
}

impl Parameter {
    /// A parameter that may be there at most once.
    pub const fn once<T: Described>(name: &'static str, description: &'static str) -> Self {
        Self::new::<T>(name, description, Repetition::Once)
    }

    /// A parameter that may be there any number of times.
    pub const fn repeatable<T: Described>(name: &'static str, description: &'static str) -> Self {
        Self::new::<T>(name, description, Repetition::Repeatable)
    }

    #[cfg_attr(not(feature = "schema"), expect(clippy::extra_unused_type_parameters, reason = "only schemas need it"))]
    const fn new<T: Described>(name: &'static str, description: &'static str, repetition: Repetition) -> Self {
        Self {
            name,
            description,
            repetition,
            #[cfg(feature = "schema")]
            schema: crate::schema::subschema::<T>,
        }
    }
}

/// What blank text means for a type of field: an empty string, or nothing but white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blank {
    /// No value, as `null`: HTML forms send it for what was left empty.
    None,
    /// Text like any other.
    Text,
}

impl Blank {
    /// Whether `value` is no value for such a field: `null`, or blank text where that is none.
    pub fn is_no_value(self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::String(text) => self == Self::None && text.trim().is_empty(),
            _ => false,
        }
    }
}

/// A type that is parsed from one JSON value, and in no other way.
pub trait Field: Sized + Described {
    /// What blank text means.
    const BLANK: Blank = Blank::None;

    /// Parses `value`; `label` opens the error's sentence (`Title is required`).
    ///
    /// # Errors
    /// The sentence for the caller.
    fn read(label: &str, value: &Value) -> Result<Self, String>;
}

/// A [`Field`] whose rules need more than the value: the time, or the configuration.
pub trait FieldIn: Sized + Described {
    /// What blank text means.
    const BLANK: Blank = Blank::None;

    /// Parses `value`; `label` opens the error's sentence.
    ///
    /// # Errors
    /// The sentence for the caller.
    fn read_in(label: &str, value: &Value, context: &BodyContext) -> Result<Self, String>;
}

impl<T: Field> FieldIn for T {
    const BLANK: Blank = <T as Field>::BLANK;

    fn read_in(label: &str, value: &Value, _: &BodyContext) -> Result<Self, String> {
        Self::read(label, value)
    }
}

/// What the rules of a body need to know besides the body.
#[derive(Clone, Debug)]
pub struct BodyContext {
    /// When the request arrived.
    pub now: Timestamp,
    /// Minimum length of a new password, in characters.
    pub password_min_length: NonZeroU8,
    /// The logins that the request's cookies name, in the order in which they were sent.
    pub challenges: Vec<ChallengeId>,
}

/// What an update does to an optional field.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The field was not sent.
    #[default]
    Keep,
    /// `null` was sent, or blank text where that is no value.
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

#[cfg(feature = "schema")]
impl<T> crate::schema::Wrapper for Patch<T> {
    type Inner = T;
}

/// The fields of one JSON object. Unknown ones are ignored.
#[derive(Debug)]
pub struct Fields {
    object: Map<String, Value>,
    context: BodyContext,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The fields of `object`.
    pub fn new(object: Map<String, Value>, context: BodyContext) -> Self {
        Self { object, context, errors: Vec::new() }
    }

    /// What the rules need to know besides the fields.
    pub fn context(&self) -> &BodyContext {
        &self.context
    }

    /// A field that must have a value. `None` after an error, which [`Fields::finish`] reports.
    /// Dots in `name` lead into inner objects.
    pub fn required<T: FieldIn>(&mut self, name: &'static str, label: &str) -> Option<T> {
        match self.find(name).filter(|value| !T::BLANK.is_no_value(value)) {
            None => {
                self.reject(name, format!("{label} is required"));
                None
            }
            Some(value) => self.read(name, label, &value),
        }
    }

    /// A field that may be missing, null or blank. In an update: one that stays as it is then.
    pub fn optional<T: FieldIn>(&mut self, name: &'static str, label: &str) -> Option<T> {
        match self.patch(name, label) {
            Patch::Set(value) => Some(value),
            Patch::Keep | Patch::Clear => None,
        }
    }

    /// A field of an update: missing keeps, null or blank clears.
    pub fn patch<T: FieldIn>(&mut self, name: &'static str, label: &str) -> Patch<T> {
        match self.find(name) {
            None => Patch::Keep,
            Some(value) if T::BLANK.is_no_value(&value) => Patch::Clear,
            Some(value) => self.read(name, label, &value).map_or(Patch::Keep, Patch::Set),
        }
    }

    /// A field of an update that may be missing, but must have a value where it is there.
    pub fn not_null<T: FieldIn>(&mut self, name: &'static str, label: &str) -> Option<T> {
        self.find(name)?;
        self.required(name, label)
    }

    /// Whether a field was sent that is neither null nor blank.
    pub fn has_value(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(|value| !Blank::None.is_no_value(value))
    }

    /// An object that may be missing, null or blank. The errors name its own fields: `recurrence.rrule`.
    pub fn optional_object<T: Body>(&mut self, name: &'static str, label: &str) -> Option<T> {
        match self.patch_object(name, label) {
            Patch::Set(value) => Some(value),
            Patch::Keep | Patch::Clear => None,
        }
    }

    /// An object of an update: missing keeps, null or blank clears, anything else replaces it whole.
    pub fn patch_object<T: Body>(&mut self, name: &'static str, label: &str) -> Patch<T> {
        let object = match self.find(name) {
            None => return Patch::Keep,
            Some(value) if Blank::None.is_no_value(&value) => return Patch::Clear,
            Some(Value::Object(object)) => object,
            Some(_) => {
                self.reject(name, format!("{label} must be an object"));
                return Patch::Keep;
            }
        };
        let mut fields = Self::new(object, self.context.clone());
        let value = T::read(&mut fields);
        fields.finish(value).map_or_else(
            |errors| {
                let inside = |error: FieldError| FieldError::new(format!("{name}.{}", error.field), error.message);
                self.errors.extend(errors.into_iter().map(inside));
                Patch::Keep
            },
            Patch::Set,
        )
    }

    fn find(&mut self, name: &'static str) -> Option<Value> {
        let Some((outer, inner)) = name.split_once('.') else {
            return self.object.get(name).cloned();
        };
        match self.object.get(outer) {
            None | Some(Value::Null) => None,
            Some(Value::Object(object)) => object.get(inner).cloned(),
            Some(_) => {
                if !self.errors.iter().any(|error| error.field == outer) {
                    self.reject(outer, format!("{} must be an object", label_of(outer)));
                }
                None
            }
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

    /// Every bad field, in the order in which they were read.
    pub fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    fn read<T: FieldIn>(&mut self, name: &'static str, label: &str, value: &Value) -> Option<T> {
        T::read_in(label, value, &self.context).map_err(|message| self.reject(name, message)).ok()
    }
}

/// How a field's name opens the sentence of an error: `dueDate` is `Due date`.
pub fn label_of(name: &str) -> String {
    let mut label = String::with_capacity(name.len() + 2);
    for (at, character) in name.chars().enumerate() {
        match character {
            '.' | '_' => label.push(' '),
            first if at == 0 => label.extend(first.to_uppercase()),
            upper if upper.is_uppercase() => {
                label.push(' ');
                label.extend(upper.to_lowercase());
            }
            other => label.push(other),
        }
    }
    label
}

impl Field for bool {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| format!("{label} must be a boolean"))
    }
}

inline_schema!(Timestamp, { "type": "string", "format": "date-time" });

impl Field for Timestamp {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?;
        Self::parse(text.trim()).map_err(|_| format!("{label} must be a valid date"))
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

    fn context() -> BodyContext {
        BodyContext { now: Timestamp::MAX, password_min_length: NonZeroU8::MIN, challenges: Vec::new() }
    }

    fn fields(value: Value) -> Fields {
        match value {
            Value::Object(object) => Fields::new(object, context()),
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
        assert_eq!(fields.not_null::<bool>("null", "N"), None);
        assert_eq!(fields.finish(Some(())).unwrap_err().len(), 1);
    }

    #[derive(Debug, PartialEq)]
    struct Note(String);

    impl Field for Note {
        const BLANK: Blank = Blank::Text;

        fn read(label: &str, value: &Value) -> Result<Self, String> {
            string(label, value).map(|text| Self(text.to_owned()))
        }
    }

    inline_schema!(Note, { "type": "string" });

    #[test]
    fn blank_text_is_no_value_but_where_text_is_free() {
        let mut fields = fields(json!({"blank": " \u{3000}\n", "empty": ""}));
        for name in ["blank", "empty"] {
            assert_eq!(fields.optional::<bool>(name, "B"), None);
            assert_eq!(fields.patch::<bool>(name, "B"), Patch::Clear);
        }
        assert_eq!(fields.optional("empty", "N"), Some(Note(String::new())));
        assert_eq!(fields.patch("empty", "N"), Patch::Set(Note(String::new())));
        assert_eq!(fields.required("empty", "N"), Some(Note(String::new())));
        assert_eq!(fields.required::<bool>("blank", "B"), None);
        assert_eq!(fields.not_null::<bool>("empty", "E"), None);
        let errors = fields.finish(Some(())).unwrap_err();
        assert_eq!(errors, [FieldError::new("blank", "B is required"), FieldError::new("empty", "E is required")]);
    }

    #[test]
    fn dots_lead_into_inner_objects() {
        let mut fields = fields(json!({"digest": {"on": true}, "flat": 1, "null": null}));
        assert_eq!(fields.optional::<bool>("null.on", "On"), None);
        assert_eq!(fields.not_null::<bool>("digest.on", "On"), Some(true));
        assert_eq!(fields.not_null::<bool>("digest.off", "Off"), None);
        assert_eq!(fields.not_null::<bool>("flat.on", "On"), None);
        assert_eq!(fields.not_null::<bool>("flat.off", "Off"), None);
        let errors = fields.finish(Some(())).unwrap_err();
        assert_eq!(errors, [FieldError::new("flat", "Flat must be an object")]);
    }

    #[test]
    fn labels_are_made_of_names() {
        let labels = ["title", "dueDate", "morning_digest", "morning_digest.time"].map(label_of);
        assert_eq!(labels, ["Title", "Due date", "Morning digest", "Morning digest time"]);
    }
}
