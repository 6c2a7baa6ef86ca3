//! The table. One module an entity; [`keys`] holds the page of keys, access patterns and budgets.
//!
//! Reads are plain methods. Writes take a [`Permit`], which carries the session that must still be alive;
//! they are [`Transaction`]s, so that what belongs together changes together. SDK types stay in here.

pub mod accounts;
mod analytics;
mod attachments;
mod challenges;
pub mod counters;
mod digests;
pub mod due;
pub mod exports;
pub mod feedback;
pub mod google;
pub mod idempotency;
pub mod import;
pub mod keys;
pub mod ledger;
pub mod mailed_tokens;
pub mod mails;
pub mod meter;
pub mod notifications;
pub mod page;
pub mod rates;
pub mod reminders;
pub mod replay;
pub mod sessions;
pub mod tasks;
mod transact;
pub mod update;
pub mod users;
pub mod walk;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity, WriteRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use transact::{Permit, Transaction, WriteError};

use self::keys::Key;
use self::meter::Meter;

/// A row as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The table could not do what was asked. Says nothing that a caller of the API should see.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table, or the way to it, is overloaded.
    #[error("{operation} was throttled")]
    Throttled {
        /// The API operation.
        operation: &'static str,
    },
    /// It failed in another way, after the SDK's retries.
    #[error("{operation} failed: {code}: {detail}")]
    Failed {
        /// The API operation.
        operation: &'static str,
        /// The service's error code.
        code: String,
        /// The service's words.
        detail: String,
    },
    /// A row does not have the shape that the code expects.
    #[error("a row is malformed: {0}")]
    Malformed(#[from] serde_dynamo::Error),
}

/// Why a write was not done: a condition that the caller should hear about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another account has the address.
    EmailTaken,
    /// The account has gone, or changed meanwhile.
    AccountChanged,
    /// The user has as many tasks as allowed.
    TooManyTasks,
    /// The task is gone.
    TaskGone,
    /// The task was changed meanwhile.
    TaskChanged,
    /// The task has as many reminders as allowed.
    TooManyReminders,
    /// The task has as many attachments as allowed.
    TooManyAttachments,
    /// The attachment was changed or deleted meanwhile.
    AttachmentChanged,
    /// The user's files would take more bytes than allowed.
    QuotaExceeded,
    /// The reminder was changed or deleted meanwhile.
    ReminderChanged,
    /// The session was rotated or ended meanwhile.
    SessionChanged,
    /// The mailed token was used, or a newer one was sent.
    TokenVoid,
    /// The mail is another run's, or done.
    MailClaimed,
    /// The notification was read or deleted meanwhile.
    NotificationChanged,
    /// A later notification was made meanwhile, or all were marked as read: this one is dated anew and tried again.
    ToldLater,
    /// What a counted day held was changed meanwhile.
    DaysChanged,
    /// The counters were changed while they were recounted.
    CountersChanged,
    /// Somebody else runs migrations.
    MigrationsLocked,
    /// The login that waited for its code is over, or has another code by now.
    ChallengeOver,
    /// Another account is linked with the Google account.
    GoogleTaken,
    /// What the message asked for was done before.
    AlreadyDone,
    /// The export was finished or replaced meanwhile.
    ExportChanged,
}

/// A handle on the table.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
    meter: Meter,
}

impl Store {
    /// A handle on `table`.
    pub fn new(sdk: &aws_types::SdkConfig, table: String) -> Self {
        Self { client: Client::new(sdk), table, meter: Meter::default() }
    }

    /// What this handle's calls have consumed.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Opens the connection, and shows that the table answers: reads a key that nothing is stored under.
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
        let mut found = Vec::with_capacity(wanted.len());
        let mut pending: Vec<Item> = wanted.into_iter().map(key_item).collect();
        let mut backoff = Backoff::default();
        while !pending.is_empty() {
            let request = KeysAndAttributes::builder()
                .set_keys(Some(pending))
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
            backoff.after("BatchGetItem", pending.len()).await?;
        }
        Ok(found)
    }

    /// Writes up to 25 rows, each on its own. Throttled ones take further calls.
    pub(crate) async fn batch_write(&self, mut requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        let mut backoff = Backoff::default();
        while !requests.is_empty() {
            let output = self
                .client
                .batch_write_item()
                .request_items(&self.table, requests)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| failed("BatchWriteItem", &error))?;
            self.meter.write(output.consumed_capacity());
            requests = output.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
            backoff.after("BatchWriteItem", requests.len()).await?;
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

/// Pauses between the calls of a batch of which something is left: the table is throttled, or the answer was full.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    tries: u32,
}

impl Backoff {
    const TRIES: u32 = 8;

    pub(crate) async fn after(&mut self, operation: &'static str, left: usize) -> Result<(), StoreError> {
        if left == 0 {
            return Ok(());
        }
        self.tries += 1;
        if self.tries >= Self::TRIES {
            return Err(StoreError::Throttled { operation });
        }
        let longest = std::time::Duration::from_millis(10) * 2_u32.pow(self.tries);
        tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
        Ok(())
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

/// A row: `value`'s fields, its key, and what else its indexes need.
pub(crate) fn row<T: Serialize>(key: Key, value: &T) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(value)?;
    item.extend(key_item(key));
    Ok(item)
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

pub(crate) fn failed<E, R>(
    operation: &'static str,
    error: &aws_smithy_runtime_api::client::result::SdkError<E, R>,
) -> StoreError
where
    E: ProvideErrorMetadata,
{
    use aws_smithy_runtime_api::client::result::SdkError;
    let code = error.code().unwrap_or("none");
    if is_throttling(code) {
        return StoreError::Throttled { operation };
    }
    let kind = match error {
        SdkError::ConstructionFailure(_) => "construction failure",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "dispatch failure",
        SdkError::ResponseError(_) => "unparsable response",
        _ => "service error",
    };
    let detail = format!("{kind}: {}", error.message().unwrap_or("no message"));
    StoreError::Failed { operation, code: code.to_owned(), detail }
}

fn malformed(operation: &'static str, error: &dyn std::error::Error) -> StoreError {
    StoreError::Failed { operation, code: "none".to_owned(), detail: error.to_string() }
}

pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "ThrottlingError"
            | "ProvisionedThroughputExceededException"
            | "ProvisionedThroughputExceeded"
            | "RequestLimitExceeded"
    )
}
