//! Serialising only some fields of a struct, which a list's `fields` parameter names.

use serde::ser::{Error, Impossible, SerializeStruct};
use serde::{Serialize, Serializer};

use crate::schema::Described;

/// A struct of which only some fields are serialised.
#[derive(Debug)]
pub struct Selected<T> {
    value: T,
    fields: Option<Vec<&'static str>>,
}

impl<T> Selected<T> {
    /// `value` with only these fields; with all of them for `None`.
    pub fn new(value: T, fields: Option<Vec<&'static str>>) -> Self {
        Self { value, fields }
    }
}

#[cfg(feature = "schema")]
impl<T: Described> schemars::JsonSchema for Selected<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}Fields", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = T::json_schema(generator);
        schema.remove("required");
        schema
    }
}

impl<T: Serialize + Described> Serialize for Selected<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.fields {
            Some(fields) => self.value.serialize(StructFilter { serializer, fields }),
            None => self.value.serialize(serializer),
        }
    }
}

/// Serialises a struct, and leaves out the fields that are not among `fields`. Nothing else can be serialised with it.
struct StructFilter<'f, S> {
    serializer: S,
    fields: &'f [&'static str],
}

struct FieldFilter<'f, S> {
    inner: S,
    fields: &'f [&'static str],
}

impl<S: SerializeStruct> SerializeStruct for FieldFilter<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), S::Error> {
        if self.fields.contains(&key) { self.inner.serialize_field(key, value) } else { self.inner.skip_field(key) }
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.inner.end()
    }
}

macro_rules! only_structs {
    ($($method:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)+) => {
        $(fn $method(self, $($argument: $type),*) -> Result<only_structs!(@result $($result)?), S::Error> {
            $(let _ = $argument;)*
            Err(S::Error::custom("only the fields of a struct can be selected"))
        })+
    };
    (@result) => { S::Ok };
    (@result $result:ty) => { $result };
}

impl<'f, S: Serializer> Serializer for StructFilter<'f, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Impossible<S::Ok, S::Error>;
    type SerializeStruct = FieldFilter<'f, S::SerializeStruct>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeStruct, S::Error> {
        let inner = self.serializer.serialize_struct(name, length.min(self.fields.len()))?;
        Ok(FieldFilter { inner, fields: self.fields })
    }

    only_structs! {
        serialize_bool(v: bool);
        serialize_i8(v: i8);
        serialize_i16(v: i16);
        serialize_i32(v: i32);
        serialize_i64(v: i64);
        serialize_u8(v: u8);
        serialize_u16(v: u16);
        serialize_u32(v: u32);
        serialize_u64(v: u64);
        serialize_f32(v: f32);
        serialize_f64(v: f64);
        serialize_char(v: char);
        serialize_str(v: &str);
        serialize_bytes(v: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
        serialize_seq(length: Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(length: usize) -> Self::SerializeTuple;
        serialize_tuple_struct(name: &'static str, length: usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, length: usize) -> Self::SerializeTupleVariant;
        serialize_map(length: Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, length: usize) -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<S::Ok, S::Error> {
        self.serialize_none()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<S::Ok, S::Error> {
        self.serialize_none()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        self.serialize_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    struct Task {
        id: u8,
        due_date: Option<u8>,
        title: &'static str,
    }

    const TASK: fn() -> Task = || Task { id: 1, due_date: None, title: "Water the ferns" };

    #[test]
    fn only_the_selected_fields_are_serialised() {
        let some = Selected::new(TASK(), Some(vec!["title", "dueDate"]));
        assert_eq!(serde_json::to_value(&some).unwrap(), json!({"title": "Water the ferns", "dueDate": null}));
        assert_eq!(serde_json::to_string(&Selected::new(TASK(), Some(vec![]))).unwrap(), "{}");
        let all = Selected::new(TASK(), None);
        assert_eq!(serde_json::to_value(&all).unwrap(), serde_json::to_value(TASK()).unwrap());
    }

    #[test]
    fn what_is_no_struct_has_no_fields_to_select() {
        assert!(serde_json::to_string(&Selected::new(7, Some(vec!["title"]))).is_err());
        assert!(serde_json::to_string(&Selected::new(Some("x"), Some(vec![]))).is_err());
    }
}
