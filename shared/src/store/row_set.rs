//! Rows that were read by key.

use std::collections::HashMap;

use serde::de::DeserializeOwned;

use super::keys::Key;
use super::{Item, key_of};

/// Rows that were read together, to be taken out by their keys.
#[derive(Debug, Default)]
pub(crate) struct RowSet(HashMap<Key, Item>);

impl RowSet {
    /// Takes the row of `key` out, and reads it; `None` when there is no such row.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, key: &Key) -> Result<Option<T>, serde_dynamo::Error> {
        self.take_item(key).map(serde_dynamo::from_item).transpose()
    }

    /// Takes the row of `key` out as it is.
    pub(crate) fn take_item(&mut self, key: &Key) -> Option<Item> {
        self.0.remove(key)
    }

    /// The rows that are left, in no order.
    pub(crate) fn into_items(self) -> impl Iterator<Item = Item> {
        self.0.into_values()
    }
}

impl FromIterator<Item> for RowSet {
    fn from_iter<I: IntoIterator<Item = Item>>(items: I) -> Self {
        Self(items.into_iter().filter_map(|item| Some((key_of(&item)?, item))).collect())
    }
}
