//! A row to be written.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::keys::{self, Key};
use super::{Item, key_item, text};

/// A row to be written: a key and its attributes. One whose value cannot be serialized keeps the error until it is written,
/// so that building a transaction cannot fail.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    key: Key,
    attributes: Result<Item, serde_dynamo::Error>,
}

impl Row {
    /// A row that holds `value`'s fields.
    pub(crate) fn new<T: Serialize>(key: Key, value: &T) -> Self {
        Self { key, attributes: serde_dynamo::to_item(value) }
    }

    /// A row that holds these attributes.
    pub(crate) fn of_attributes(key: Key, attributes: Item) -> Self {
        Self { key, attributes: Ok(attributes) }
    }

    /// The row with a further attribute.
    pub(crate) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        if let Ok(attributes) = &mut self.attributes {
            attributes.insert(name.to_owned(), value);
        }
        self
    }

    /// The row with the fields of a further value.
    pub(crate) fn with_fields<T: Serialize>(self, value: &T) -> Self {
        let attributes = self.attributes.and_then(|mut attributes| {
            attributes.extend(serde_dynamo::to_item::<_, Item>(value)?);
            Ok(attributes)
        });
        Self { key: self.key, attributes }
    }

    /// The row with its place in the index `due`: shard and sort key.
    pub(crate) fn with_due(self, (shard, at): (String, String)) -> Self {
        self.with(keys::DUE_SHARD, text(shard)).with(keys::DUE_AT, text(at))
    }

    /// The row without some attributes.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        if let Ok(attributes) = &mut self.attributes {
            attributes.retain(|name, _| !names.contains(&name.as_str()));
        }
        self
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Its attributes but the table's key.
    pub(crate) fn attributes(&self) -> Result<&Item, serde_dynamo::Error> {
        self.attributes.as_ref().map_err(Clone::clone)
    }

    /// The row as the SDK takes it.
    ///
    /// # Errors
    /// Its value cannot be serialized.
    pub(crate) fn item(&self) -> Result<Item, serde_dynamo::Error> {
        let mut item = self.attributes.clone()?;
        item.extend(key_item(self.key.clone()));
        Ok(item)
    }
}
