//! Bodies of requests: which fields they have, and the rules of each.

use crate::domain::field::Fields;
#[cfg(feature = "schema")]
use crate::schema::ObjectSchema;

/// A type that is parsed from the JSON object of a request's body. Declared by [`body!`](crate::body).
pub trait Body: Sized {
    /// Parses the body; `None` after an error, which [`Fields::finish`] reports with all others.
    fn read(fields: &mut Fields) -> Option<Self>;

    /// Describes the fields for the published contract.
    #[cfg(feature = "schema")]
    fn describe(object: &mut ObjectSchema<'_>);
}

/// The body of a request that has none.
#[derive(Clone, Copy, Debug)]
pub struct NoBody;

impl Body for NoBody {
    fn read(_: &mut Fields) -> Option<Self> {
        Some(Self)
    }

    #[cfg(feature = "schema")]
    fn describe(_: &mut ObjectSchema<'_>) {}
}

/// Declares a body: a struct, how each field is read, and, with the feature `schema`, its JSON Schema.
///
/// | Kind | Sent | Rust type |
/// |---|---|---|
/// | `required` | must have a value | `T` |
/// | `optional` | may be missing or null; in an update, each keeps | `Option<T>` |
/// | `patch` | missing keeps, null clears | `Patch<T>` |
/// | `not_null` | may be missing, else must have a value | `Option<T>` |
/// | `optional_object` | as `optional`; `T` is a body itself | `Option<T>` |
/// | `patch_object` | as `patch`; `T` is a body itself | `Patch<T>` |
///
/// Blank text counts as null, unless the type's [`Field::BLANK`](crate::domain::field::Field::BLANK) says that it is text.
///
/// A type in parentheses behind the kind is what the field is parsed as, before it becomes the field's own type:
/// `pub at: Timestamp = required(FutureTime) "scheduledAt"`.
///
/// The label that opens an error's sentence follows from the name (`dueDate`: `Due date`), unless `as` gives another.
/// A field's doc comment is its description in the contract.
///
/// ```
/// shared::body! {
///     /// Fields of a new account.
///     pub struct NewAccount {
///         /// Shown in mails.
///         pub name: shared::domain::user::PersonName = required "name",
///         /// Whether to stay signed in for 30 days.
///         pub remember: Option<bool> = optional "rememberMe",
///     }
/// }
/// ```
#[macro_export]
macro_rules! body {
    (
        $(#[doc = $about:literal])*
        $(#[derive($($derived:ident),+)])?
        $visibility:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $field_visibility:vis $field:ident: $type:ty
                    = $kind:ident $(($parsed:ty))? $json:literal $(as $label:literal)?,
            )+
        }
    ) => {
        $(#[doc = $about])*
        $(#[derive($($derived),+)])?
        $visibility struct $name {
            $($(#[doc = $doc])* $field_visibility $field: $type,)+
        }

        impl $crate::domain::body::Body for $name {
            fn read(fields: &mut $crate::domain::field::Fields) -> Option<Self> {
                $(let $field = $crate::body!(@read fields, $kind $(($parsed))?, $json, $crate::body!(@label $json $($label)?));)+
                Some(Self { $($field: $crate::body!(@take $kind $field),)+ })
            }

            #[cfg(feature = "schema")]
            fn describe(object: &mut $crate::schema::ObjectSchema<'_>) {
                $($crate::body!(@describe $kind $(($parsed))? $type, object, $json, concat!($($doc),*).trim_ascii());)+
            }
        }
    };
    (@label $json:literal) => { $crate::domain::field::label_of($json) };
    (@label $json:literal $label:literal) => { $label };
    (@read $fields:ident, $kind:ident, $json:literal, $label:expr) => { $fields.$kind($json, &$label) };
    (@read $fields:ident, $kind:ident ($parsed:ty), $json:literal, $label:expr) => {
        $fields.$kind::<$parsed>($json, &$label).map(Into::into)
    };
    (@take required $field:ident) => { $field? };
    (@take $kind:ident $field:ident) => { $field };
    (@describe required ($parsed:ty) $type:ty, $object:ident, $json:literal, $doc:expr) => {
        $object.required::<$parsed>($json, $doc)
    };
    (@describe not_null ($parsed:ty) $type:ty, $object:ident, $json:literal, $doc:expr) => {
        $object.not_null::<$parsed>($json, $doc)
    };
    (@describe optional_object $type:ty, $object:ident, $json:literal, $doc:expr) => {
        $object.object::<<$type as $crate::schema::Wrapper>::Inner>($json, $doc)
    };
    (@describe patch_object $type:ty, $object:ident, $json:literal, $doc:expr) => {
        $object.object::<<$type as $crate::schema::Wrapper>::Inner>($json, $doc)
    };
    (@describe $kind:ident ($parsed:ty) $type:ty, $object:ident, $json:literal, $doc:expr) => {
        $object.nullable::<$parsed>($json, $doc)
    };
    (@describe required $type:ty, $object:ident, $json:literal, $doc:expr) => { $object.required::<$type>($json, $doc) };
    (@describe not_null $type:ty, $object:ident, $json:literal, $doc:expr) => {
        $object.not_null::<<$type as $crate::schema::Wrapper>::Inner>($json, $doc)
    };
    (@describe $kind:ident $type:ty, $object:ident, $json:literal, $doc:expr) => {
        $object.nullable::<<$type as $crate::schema::Wrapper>::Inner>($json, $doc)
    };
}

#[cfg(test)]
pub(crate) mod testing {
    use serde_json::Value;

    use super::Body;
    use crate::clock::Timestamp;
    use crate::domain::field::{BodyContext, FieldError, Fields};

    /// A body, parsed as that of a request at `now`.
    pub(crate) fn parsed_at<B: Body>(body: Value, now: Timestamp) -> Result<B, Vec<FieldError>> {
        let Value::Object(object) = body else { panic!("not an object: {body}") };
        let password_min_length = 6.try_into().unwrap();
        let mut fields = Fields::new(object, BodyContext { now, password_min_length, challenges: Vec::new() });
        let body = B::read(&mut fields);
        fields.finish(body)
    }

    /// A body of a request at an ordinary time.
    pub(crate) fn parsed<B: Body>(body: Value) -> Result<B, Vec<FieldError>> {
        parsed_at(body, crate::clock::testing::now())
    }
}
