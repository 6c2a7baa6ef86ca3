//! The table. One module an entity; [`keys`] holds the page of keys, access patterns and budgets.
//!
//! Reads are plain methods. Every write takes a [`Permit`], which names the session that must be alive. What belongs together
//! is written in one transaction, which is data until it is sent. The domain decides what changes; the store writes it.
//! SDK types stay in here.

pub mod accounts;
pub mod addresses;
mod analytics;
mod attachments;
mod challenges;
mod completions;
pub mod counters;
mod digests;
pub mod due;
mod error;
pub mod exports;
pub mod feedback;
pub(crate) mod gate;
pub mod google;
pub mod idempotency;
pub mod import;
pub mod keys;
pub mod ledger;
pub mod mailboxes;
pub mod mailed_tokens;
pub mod mails;
pub mod meter;
pub mod notifications;
mod occurrences;
pub mod page;
mod permit;
pub mod rates;
pub mod reminders;
pub mod replay;
pub mod review_plans;
mod row;
mod row_set;
pub mod sessions;
pub mod task_list;
pub mod tasks;
mod transact;
pub mod update;
pub mod users;
pub mod walk;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, ReturnConsumedCapacity, WriteRequest,
};
use futures::future::try_join_all;
use serde::de::DeserializeOwned;

pub use self::error::{ReadError, Refusal, Refuse, StoreError, WriteError};
pub use self::permit::Permit;

use self::error::{failed, malformed};
use self::gate::{Gate, ReadCost};
use self::keys::Key;
use self::meter::Meter;
use self::row::Row;
use self::row_set::RowSet;
use self::transact::past_transactions;
use self::update::Expression;
use crate::backoff::Backoff;

/// Tries of a batch of which something is left: the table is throttled, or the answer was full.
const BATCH_BACKOFF: Backoff = Backoff::new(8, Duration::from_millis(20), Duration::from_millis(1280));

/// Rows of one `BatchWriteItem`.
const BATCH: usize = 25;
/// Rows of one `BatchGetItem`.
const GET_BATCH: usize = 100;

/// A row as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A handle on the table.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
    meter: Meter,
    gate: Option<Arc<Gate>>,
}

impl Store {
    /// A handle on `table`.
    pub fn new(sdk: &aws_types::SdkConfig, table: String) -> Self {
        Self { client: Client::new(sdk), table, meter: Meter::default(), gate: None }
    }

    /// The same handle for one request, whose reads wait at `gate`.
    pub(crate) fn behind(&self, gate: Arc<Gate>) -> Self {
        Self { gate: Some(gate), ..self.clone() }
    }

    /// Waits until a read may begin. Every read calls it first.
    ///
    /// # Errors
    /// [`StoreError::NotAdmitted`].
    pub(crate) async fn admit(&self, cost: ReadCost) -> Result<(), StoreError> {
        match &self.gate {
            Some(gate) => gate.pass(cost).await,
            None => Ok(()),
        }
    }

    /// Counts what this handle's calls consume.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Opens the connection and checks that the table answers: reads a key that nothing is stored under.
    ///
    /// # Errors
    /// The table cannot be reached.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.get_item(keys::health_probe(), Consistency::Eventual).await.map(|_| ())
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, StoreError> {
        let item = self.get_item(key, Consistency::Strong).await?;
        Ok(item.map(serde_dynamo::from_item).transpose()?)
    }

    pub(crate) async fn get_item(&self, key: Key, consistency: Consistency) -> Result<Option<Item>, StoreError> {
        self.admit(ReadCost::Bounded).await?;
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key_item(key)))
            .consistent_read(consistency == Consistency::Strong)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| failed("GetItem", &error))?;
        self.meter.read(output.consumed_capacity.as_ref());
        Ok(output.item)
    }

    /// Reads up to 100 rows strongly, in no order; missing ones are left out. A large answer takes further calls.
    pub(crate) async fn batch_get(&self, wanted: Vec<Key>) -> Result<Vec<Item>, StoreError> {
        self.batch_get_fields(wanted, None).await
    }

    /// Reads some attributes, and the keys, of any number of rows strongly, in no order; missing rows are left out. 1 call for
    /// each 100 rows, all at once. What is left out of a row costs as many units, and is not sent.
    pub(crate) async fn get_fields(&self, wanted: Vec<Key>, fields: &[&str]) -> Result<Vec<Item>, StoreError> {
        let mut projection = Expression::default();
        let keys = [keys::PK, keys::SK];
        let names: Vec<String> = keys.iter().chain(fields).map(|field| projection.name(field)).collect();
        let projection = (names.join(", "), projection.names_map());
        let batches =
            wanted.chunks(GET_BATCH).map(|keys| self.batch_get_fields(keys.to_vec(), Some(projection.clone())));
        Ok(try_join_all(batches).await?.concat())
    }

    async fn batch_get_fields(
        &self,
        wanted: Vec<Key>,
        projection: Option<(String, Option<HashMap<String, String>>)>,
    ) -> Result<Vec<Item>, StoreError> {
        let (projection, names) = projection.unzip();
        let names = names.flatten();
        let mut found = Vec::with_capacity(wanted.len());
        let mut pending: Vec<Item> = wanted.into_iter().map(key_item).collect();
        let mut backoff = BATCH_BACKOFF;
        while !pending.is_empty() {
            self.admit(ReadCost::Bounded).await?;
            let request = KeysAndAttributes::builder()
                .set_keys(Some(pending))
                .set_projection_expression(projection.clone())
                .set_expression_attribute_names(names.clone())
                .consistent_read(true)
                .build()
                .map_err(|error| malformed("BatchGetItem", &error))?;
            let output = self
                .client
                .batch_get_item()
                .request_items(&self.table, request)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| failed("BatchGetItem", &error))?;
            self.meter.read(output.consumed_capacity());
            found.extend(output.responses.unwrap_or_default().into_values().flatten());
            let left = output.unprocessed_keys.unwrap_or_default();
            pending = left.into_values().flat_map(|keys| keys.keys).collect();
            if !pending.is_empty() {
                backoff.pause().await.map_err(|_| StoreError::Throttled { operation: "BatchGetItem" })?;
            }
        }
        Ok(found)
    }

    /// Reads up to 100 rows strongly, for look-ups by key. A large answer takes further calls.
    pub(crate) async fn get_rows(&self, wanted: Vec<Key>) -> Result<RowSet, StoreError> {
        Ok(self.batch_get(wanted).await?.into_iter().collect())
    }

    /// Changes one row on its own, at half a transaction's price. The permit's session is not checked.
    pub(crate) async fn update_row<R: Refuse>(
        &self,
        _permit: &Permit,
        key: Key,
        change: Expression,
        refusal: R,
    ) -> Result<(), WriteError<R>> {
        let change = change.checked()?;
        let update = self
            .client()
            .update_item()
            .table_name(self.table())
            .set_key(Some(key_item(key)))
            .set_update_expression(change.update_text())
            .set_condition_expression(change.condition_text())
            .set_expression_attribute_names(change.names_map())
            .set_expression_attribute_values(change.values_map())
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match past_transactions(async || update.clone().send().await).await {
            Ok(output) => {
                self.meter().write(output.consumed_capacity.as_ref());
                Ok(())
            }
            Err(error)
                if matches!(error.as_service_error(), Some(UpdateItemError::ConditionalCheckFailedException(_))) =>
            {
                Err(WriteError::Refused(refusal))
            }
            Err(error) => Err(failed("UpdateItem", &error).into()),
        }
    }

    /// Writes up to 25 rows, each on its own. Throttled ones take further calls. The permit's session is not checked.
    async fn batch_write(&self, _permit: &Permit, mut requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        let mut backoff = BATCH_BACKOFF;
        while !requests.is_empty() {
            let write = self
                .client
                .batch_write_item()
                .request_items(&self.table, requests)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let sent = past_transactions(async || write.clone().send().await).await;
            let output = sent.map_err(|error| failed("BatchWriteItem", &error))?;
            self.meter.write(output.consumed_capacity());
            requests = output.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
            if !requests.is_empty() {
                backoff.pause().await.map_err(|_| StoreError::Throttled { operation: "BatchWriteItem" })?;
            }
        }
        Ok(())
    }

    /// Writes rows whole, 25 a call, each on its own.
    pub(crate) async fn put_rows(&self, permit: &Permit, rows: &[&Row]) -> Result<(), StoreError> {
        for rows in rows.chunks(BATCH) {
            let put = |row: &&Row| {
                let put = PutRequest::builder().set_item(Some(row.item()?)).build();
                let put = put.map_err(|error| malformed("BatchWriteItem", &error))?;
                Ok::<_, StoreError>(WriteRequest::builder().put_request(put).build())
            };
            self.batch_write(permit, rows.iter().map(put).collect::<Result<_, _>>()?).await?;
        }
        Ok(())
    }

    /// Deletes rows, 25 a call, each on its own.
    pub(crate) async fn delete_rows(&self, permit: &Permit, keys: Vec<Key>) -> Result<(), StoreError> {
        for keys in keys.chunks(BATCH) {
            let delete = |key: &Key| {
                let delete = DeleteRequest::builder().set_key(Some(key_item(key.clone()))).build();
                let delete = delete.map_err(|error| malformed("BatchWriteItem", &error))?;
                Ok::<_, StoreError>(WriteRequest::builder().delete_request(delete).build())
            };
            self.batch_write(permit, keys.iter().map(delete).collect::<Result<_, _>>()?).await?;
        }
        Ok(())
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn table(&self) -> &str {
        &self.table
    }
}

/// How fresh a read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// Sees every finished write; twice the price.
    Strong,
    /// May lag behind.
    Eventual,
}

pub(crate) fn key_item(key: Key) -> Item {
    HashMap::from([(keys::PK.to_owned(), AttributeValue::S(key.pk)), (keys::SK.to_owned(), AttributeValue::S(key.sk))])
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The text of an attribute; `None` when it is missing or of another type.
pub(crate) fn text_of<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// The row's key; `None` when the item holds none.
pub(crate) fn key_of(item: &Item) -> Option<Key> {
    Some(Key { pk: text_of(item, keys::PK)?.to_owned(), sk: text_of(item, keys::SK)?.to_owned() })
}
