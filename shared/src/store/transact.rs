//! The one way to write several rows: all of them or none.
//!
//! A [`Transaction`] is data. It is built without errors, and turned into the SDK's types in one place, when it is sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use uuid::Uuid;

use super::error::Refuse;
use super::error::{failed, is_throttling, malformed};
use super::keys::Key;
use super::row::Row;
use super::update::Expression;
use super::{Item, Refusal, Store, StoreError, WriteError, key_item};
use crate::backoff::{Backoff, retry};

/// Tries against transactions on the same rows.
const BACKOFF: Backoff = Backoff::new(10, Duration::from_millis(20), Duration::from_millis(640));
const OPERATION: &str = "TransactWriteItems";
/// The error of a write outside a transaction that conflicts with one.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>
pub(super) const CONFLICT: &str = "TransactionConflictException";

/// Writes that happen together. At most 100 rows.
#[derive(Clone, Debug)]
pub(crate) struct Transaction<R = Refusal> {
    writes: Vec<Write<R>>,
    dependents: Vec<Dependent<R>>,
}

impl<R> Default for Transaction<R> {
    fn default() -> Self {
        Self { writes: Vec::new(), dependents: Vec::new() }
    }
}

/// One write of a transaction, and what its failed condition means.
#[derive(Clone, Debug)]
pub(crate) struct Write<R> {
    action: Action,
    on_refusal: OnRefusal<R>,
}

/// A write, and the dependent set that it belongs to.
#[derive(Debug)]
struct PlannedWrite<R> {
    write: Write<R>,
    dependent: Option<usize>,
}

#[derive(Clone, Debug)]
enum Action {
    /// Writes nothing; the condition must hold.
    Check(Key, Expression),
    /// Writes a whole row.
    Put(Row, Expression),
    /// Changes parts of a row.
    Update(Key, Expression),
    /// Deletes a row.
    Delete(Key, Expression),
}

type Interpretation<R> = dyn Fn(Option<&Item>) -> WriteError<R> + Send + Sync;

/// What it means that a write's condition does not hold.
#[derive(Clone)]
pub(crate) enum OnRefusal<R> {
    /// The transaction is refused.
    Refuse(R),
    /// The row as it was found decides; there may be none.
    Interpret(Arc<Interpretation<R>>),
    /// The transaction's dependent writes are built again from the row as it was found.
    Rebuild,
}

impl<R: Refuse> OnRefusal<R> {
    /// `meaning` tells the error from the row as it was found.
    pub(crate) fn interpret(meaning: impl Fn(Option<&Item>) -> WriteError<R> + Send + Sync + 'static) -> Self {
        Self::Interpret(Arc::new(meaning))
    }

    /// The refusal depends on whether there is a row.
    pub(crate) fn by_presence(absent: R, present: R) -> Self {
        Self::interpret(move |found| WriteError::Refused(found.map_or(&absent, |_| &present).clone()))
    }
}

impl<R> From<R> for OnRefusal<R> {
    fn from(refusal: R) -> Self {
        Self::Refuse(refusal)
    }
}

impl<R: fmt::Debug> fmt::Debug for OnRefusal<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse(refusal) => f.debug_tuple("Refuse").field(refusal).finish(),
            Self::Interpret(_) => f.write_str("Interpret"),
            Self::Rebuild => f.write_str("Rebuild"),
        }
    }
}

/// What is known of the row that dependent writes depend on.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// Nothing: it was not read. The writes assume the usual case, and their condition checks it.
    Unread,
    /// There is no such row.
    Absent,
    /// The row.
    Row(Item),
}

/// Writes that depend on a row which is not read beforehand: built for the usual case first, and built again from the row when
/// it refuses one of them ([`OnRefusal::Rebuild`]).
#[derive(Clone)]
pub(crate) struct Dependent<R>(Arc<Build<R>>);

type Build<R> = dyn Fn(&Found) -> Result<Vec<Write<R>>, WriteError<R>> + Send + Sync;

impl<R> Dependent<R> {
    pub(crate) fn new(build: impl Fn(&Found) -> Result<Vec<Write<R>>, WriteError<R>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(build))
    }
}

impl<R> fmt::Debug for Dependent<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dependent")
    }
}

impl<R> Write<R> {
    /// Writes a row that cannot exist yet: its id is new.
    pub(crate) fn put_new(row: Row) -> Self {
        let never = OnRefusal::Interpret(Arc::new(|_| WriteError::Overtaken));
        Self { action: Action::Put(row, Expression::default()), on_refusal: never }
    }

    /// Writes a whole row, if the condition holds.
    pub(crate) fn put(row: Row, condition: Expression, on_refusal: impl Into<OnRefusal<R>>) -> Self {
        Self { action: Action::Put(row, condition), on_refusal: on_refusal.into() }
    }

    /// Changes parts of a row, if the expression's condition holds. One that changes nothing is a check.
    pub(crate) fn update(key: Key, change: Expression, on_refusal: impl Into<OnRefusal<R>>) -> Self {
        let action =
            if change.update_text().is_some() { Action::Update(key, change) } else { Action::Check(key, change) };
        Self { action, on_refusal: on_refusal.into() }
    }
}

impl<R> Transaction<R> {
    /// Writes nothing; the condition must hold.
    pub(crate) fn check(&mut self, key: Key, condition: Expression, on_refusal: impl Into<OnRefusal<R>>) {
        self.push(Action::Check(key, condition), on_refusal);
    }

    /// Writes a whole row, if the condition holds.
    pub(crate) fn put(&mut self, row: Row, condition: Expression, on_refusal: impl Into<OnRefusal<R>>) {
        self.writes.push(Write::put(row, condition, on_refusal));
    }

    /// Writes a row that cannot exist yet: its id is new.
    pub(crate) fn put_new(&mut self, row: Row) {
        self.writes.push(Write::put_new(row));
    }

    /// Writes a whole row, whether or not it is there.
    pub(crate) fn overwrite(&mut self, row: Row) {
        self.writes.push(Write::put_new(row));
    }

    /// Changes parts of a row, if the expression's condition holds.
    pub(crate) fn update(&mut self, key: Key, change: Expression, on_refusal: impl Into<OnRefusal<R>>) {
        self.writes.push(Write::update(key, change, on_refusal));
    }

    /// Deletes a row, if the condition holds.
    pub(crate) fn delete(&mut self, key: Key, condition: Expression, on_refusal: impl Into<OnRefusal<R>>) {
        self.push(Action::Delete(key, condition), on_refusal);
    }

    /// Deletes a row, if it is there.
    pub(crate) fn remove(&mut self, key: Key) {
        let never = OnRefusal::Interpret(Arc::new(|_| WriteError::Overtaken));
        self.writes.push(Write { action: Action::Delete(key, Expression::default()), on_refusal: never });
    }

    /// Adds writes that were built before.
    pub(crate) fn extend(&mut self, writes: impl IntoIterator<Item = Write<R>>) {
        self.writes.extend(writes);
    }

    /// Adds writes that depend on a row which is not read beforehand. Each set depends on a row of its own.
    pub(crate) fn add_dependent(&mut self, dependent: Dependent<R>) {
        self.dependents.push(dependent);
    }

    fn push(&mut self, action: Action, on_refusal: impl Into<OnRefusal<R>>) {
        self.writes.push(Write { action, on_refusal: on_refusal.into() });
    }
}

impl<R: Refuse> Transaction<R> {
    /// All writes, each dependent set as what was `found` of its row has it.
    fn all_writes(&self, found: &[Found]) -> Result<Vec<PlannedWrite<R>>, WriteError<R>> {
        let own = self.writes.iter().cloned().map(|write| PlannedWrite { write, dependent: None });
        let mut writes: Vec<PlannedWrite<R>> = own.collect();
        for (at, (Dependent(build), found)) in self.dependents.iter().zip(found).enumerate() {
            writes.extend(build(found)?.into_iter().map(|write| PlannedWrite { write, dependent: Some(at) }));
        }
        Ok(writes)
    }
}

impl Action {
    fn into_sdk(self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let failed = |error: BuildError| malformed(OPERATION, &error);
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        let item = TransactWriteItem::builder();
        let item = match self {
            Self::Check(key, condition) => {
                let condition = condition.checked()?;
                let check = ConditionCheck::builder()
                    .set_key(Some(key_item(key)))
                    .table_name(table)
                    .set_condition_expression(condition.condition_text())
                    .set_expression_attribute_names(condition.names_map())
                    .set_expression_attribute_values(condition.values_map())
                    .return_values_on_condition_check_failure(all_old);
                item.condition_check(check.build().map_err(failed)?)
            }
            Self::Put(row, condition) => {
                let condition = condition.checked()?;
                let put = Put::builder()
                    .set_item(Some(row.item()?))
                    .table_name(table)
                    .set_condition_expression(condition.condition_text())
                    .set_expression_attribute_names(condition.names_map())
                    .set_expression_attribute_values(condition.values_map())
                    .return_values_on_condition_check_failure(all_old);
                item.put(put.build().map_err(failed)?)
            }
            Self::Update(key, change) => {
                let change = change.checked()?;
                let update = Update::builder()
                    .set_key(Some(key_item(key)))
                    .table_name(table)
                    .set_update_expression(change.update_text())
                    .set_condition_expression(change.condition_text())
                    .set_expression_attribute_names(change.names_map())
                    .set_expression_attribute_values(change.values_map())
                    .return_values_on_condition_check_failure(all_old);
                item.update(update.build().map_err(failed)?)
            }
            Self::Delete(key, condition) => {
                let condition = condition.checked()?;
                let delete = Delete::builder()
                    .set_key(Some(key_item(key)))
                    .table_name(table)
                    .set_condition_expression(condition.condition_text())
                    .set_expression_attribute_names(condition.names_map())
                    .set_expression_attribute_values(condition.values_map());
                item.delete(delete.build().map_err(failed)?)
            }
        };
        Ok(item.build())
    }
}

/// Sends a write of single rows, again while it meets a transaction on one of them, which the SDK does not.
pub(super) async fn past_transactions<T, E: ProvideErrorMetadata, R>(
    send: impl AsyncFn() -> Result<T, SdkError<E, R>>,
) -> Result<T, SdkError<E, R>> {
    retry(BACKOFF, |error: &SdkError<E, R>| error.code() == Some(CONFLICT), send).await
}

impl Store {
    /// Writes all or nothing. Retries conflicts with other transactions, which the SDK does not.
    ///
    /// # Errors
    /// What the first condition that did not hold means.
    pub(crate) async fn transact<R: Refuse>(&self, transaction: Transaction<R>) -> Result<(), WriteError<R>> {
        let mut found = vec![Found::Unread; transaction.dependents.len()];
        let mut writes = transaction.all_writes(&found)?;
        // What is sent again with the same token must be the same bytes, and maps that are made anew differ in order.
        let mut items = self.items(&writes)?;
        let mut token = Uuid::now_v7().to_string();
        let mut backoff = BACKOFF;
        loop {
            if items.is_empty() {
                // All of it depended on a row that lets nothing be written.
                return Ok(());
            }
            let Err(error) = self.send(items.clone(), &token).await else { return Ok(()) };
            match outcome(error, &writes) {
                SendOutcome::Conflict => {
                    backoff.pause().await.map_err(|_| StoreError::Throttled { operation: OPERATION })?;
                }
                SendOutcome::Rebuild(dependent, row) => {
                    backoff.next_try().map_err(|_| WriteError::Overtaken)?;
                    if let Some(found) = found.get_mut(dependent) {
                        *found = row.map_or(Found::Absent, Found::Row);
                    }
                    writes = transaction.all_writes(&found)?;
                    items = self.items(&writes)?;
                    token = Uuid::now_v7().to_string();
                }
                SendOutcome::Failed(error) => return Err(error),
            }
        }
    }

    fn items<R: Refuse>(&self, writes: &[PlannedWrite<R>]) -> Result<Vec<TransactWriteItem>, StoreError> {
        writes.iter().map(|planned| planned.write.action.clone().into_sdk(self.table())).collect()
    }

    async fn send(&self, items: Vec<TransactWriteItem>, token: &str) -> Result<(), SdkError<TransactWriteItemsError>> {
        let request = self.client().transact_write_items().set_transact_items(Some(items)).client_request_token(token);
        let output = request.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await?;
        self.meter().write(output.consumed_capacity());
        Ok(())
    }
}

/// What a transaction that did not succeed met with.
enum SendOutcome<R: Refuse> {
    /// Other transactions on the same rows, or throttling.
    Conflict,
    /// The dependent set at this position was refused by its row, if there is one.
    Rebuild(usize, Option<Item>),
    /// Anything else.
    Failed(WriteError<R>),
}

fn outcome<R: Refuse>(error: SdkError<TransactWriteItemsError>, writes: &[PlannedWrite<R>]) -> SendOutcome<R> {
    let reasons: &[CancellationReason] = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => return SendOutcome::Conflict,
        _ => return SendOutcome::Failed(failed(OPERATION, &error).into()),
    };
    let code = |reason: &CancellationReason| reason.code.clone().unwrap_or_default();
    for (reason, PlannedWrite { write, dependent }) in reasons.iter().zip(writes) {
        if code(reason) == "ConditionalCheckFailed" {
            let found = reason.item.as_ref().filter(|item| !item.is_empty());
            return match &write.on_refusal {
                OnRefusal::Refuse(refusal) => SendOutcome::Failed(WriteError::Refused(refusal.clone())),
                OnRefusal::Interpret(meaning) => SendOutcome::Failed(meaning(found)),
                OnRefusal::Rebuild => match dependent {
                    Some(dependent) => SendOutcome::Rebuild(*dependent, found.cloned()),
                    None => SendOutcome::Failed(WriteError::Overtaken),
                },
            };
        }
    }
    if reasons.iter().map(code).any(|code| code == "TransactionConflict" || is_throttling(&code)) {
        return SendOutcome::Conflict;
    }
    let detail = reasons.iter().map(code).collect::<Vec<_>>().join(", ");
    let code = "TransactionCanceled".to_owned();
    SendOutcome::Failed(StoreError::Failed { operation: OPERATION, code, detail }.into())
}
