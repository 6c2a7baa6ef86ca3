//! The one way to write several rows: all of them or none.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use uuid::Uuid;

use super::idempotency::Once;
use super::keys::{self, Key};
use super::notifications::Inbox;
use super::update::Expression;
use super::{Item, Refusal, Store, StoreError, failed, is_throttling, key_item, malformed, number};
use crate::clock::Timestamp;
use crate::domain::notification::Notification;
use crate::id::{SessionId, UserId};

/// Leave to write. For a request it is given only after the rate limiter has let the request pass, and names
/// the session that must still be alive when the write happens.
#[derive(Clone, Debug)]
pub struct Permit {
    session: Option<(UserId, Key)>,
    once: Option<Box<Once>>,
}

impl Permit {
    /// For a request of a signed-in user: an ended session writes nothing, at no extra read.
    pub fn of_session(user: UserId, session: SessionId) -> Self {
        Self { session: Some((user, keys::session(user, session))), once: None }
    }

    /// For what nobody is signed in to do: events, and routes like login.
    pub fn of_system() -> Self {
        Self { session: None, once: None }
    }

    /// Leave to write once: see [`super::idempotency`].
    #[must_use]
    pub fn for_once(self, once: Once) -> Self {
        Self { once: Some(Box::new(once)), ..self }
    }

    /// What is to be written once.
    pub(super) fn once(&self) -> Option<&Once> {
        self.once.as_deref()
    }
}

/// Why a write was not done.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The permit's session has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// It was written before, by a request with the same key: this is the first answer.
    #[error("written before")]
    Repeated(Box<Once>),
    /// A condition did not hold.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tries against other transactions on the same rows, each after a longer, random pause.
const TRIES: u32 = 10;
/// The longest first pause; it doubles with each try up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(640);

/// Writes that happen together. At most 100 rows.
#[derive(Clone, Debug)]
pub struct Transaction {
    items: Vec<TransactWriteItem>,
    /// What the failed condition of the row at the same place means.
    refusals: Vec<Option<Refusal>>,
    /// Notifications to be made with it; their rows are built as it is sent.
    pub(super) told: Vec<Notification>,
    /// What is to happen once.
    once: Option<Box<Once>>,
}

impl Transaction {
    /// A transaction that, besides its own conditions, needs the permit's session to be alive, and happens once if the
    /// permit says so.
    ///
    /// # Errors
    /// Never in practice: the SDK's builders are fallible.
    pub fn new(permit: &Permit, now: Timestamp) -> Result<Self, StoreError> {
        let once = permit.once.clone();
        let mut transaction = Self { items: Vec::new(), refusals: Vec::new(), told: Vec::new(), once };
        if let Some((user, session)) = permit.session.clone() {
            let mut alive = Expression::default();
            alive.require_row().require_greater(keys::EXPIRES_AT, number(now.as_second()));
            transaction.check(session, &alive, None)?;
            if let Some(once) = permit.once() {
                transaction.happen_once(user, once)?;
            }
        }
        Ok(transaction)
    }

    /// Writes nothing; the condition must hold. Without a refusal it is the session's.
    pub(crate) fn check(
        &mut self,
        key: Key,
        expression: &Expression,
        refusal: Option<Refusal>,
    ) -> Result<(), StoreError> {
        let check = ConditionCheck::builder()
            .set_key(Some(key_item(key)))
            .table_name(TABLE)
            .set_condition_expression(expression.condition_text())
            .set_expression_attribute_names(expression.names_map())
            .set_expression_attribute_values(expression.values_map())
            .build()
            .map_err(|error| malformed(OPERATION, &error))?;
        self.push(TransactWriteItem::builder().condition_check(check).build(), refusal);
        Ok(())
    }

    /// Writes a whole row, if `condition` holds.
    pub(crate) fn put(&mut self, item: Item, condition: &Expression, refusal: Refusal) -> Result<(), StoreError> {
        let put = Put::builder()
            .set_item(Some(item))
            .table_name(TABLE)
            .set_condition_expression(condition.condition_text())
            .set_expression_attribute_names(condition.names_map())
            .set_expression_attribute_values(condition.values_map())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| malformed(OPERATION, &error))?;
        self.push(TransactWriteItem::builder().put(put).build(), Some(refusal));
        Ok(())
    }

    /// Writes a row that cannot exist yet: its id is new.
    pub(crate) fn put_new(&mut self, item: Item) -> Result<(), StoreError> {
        let put = Put::builder()
            .set_item(Some(item))
            .table_name(TABLE)
            .build()
            .map_err(|error| malformed(OPERATION, &error))?;
        self.push(TransactWriteItem::builder().put(put).build(), None);
        Ok(())
    }

    /// Changes parts of a row, if the expression's condition holds.
    pub(crate) fn update(&mut self, key: Key, expression: &Expression, refusal: Refusal) -> Result<(), StoreError> {
        let update = Update::builder()
            .set_key(Some(key_item(key)))
            .table_name(TABLE)
            .set_update_expression(expression.update_text())
            .set_condition_expression(expression.condition_text())
            .set_expression_attribute_names(expression.names_map())
            .set_expression_attribute_values(expression.values_map())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| malformed(OPERATION, &error))?;
        self.push(TransactWriteItem::builder().update(update).build(), Some(refusal));
        Ok(())
    }

    /// Deletes a row, if `condition` holds.
    pub(crate) fn delete(&mut self, key: Key, condition: &Expression, refusal: Refusal) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .set_key(Some(key_item(key)))
            .table_name(TABLE)
            .set_condition_expression(condition.condition_text())
            .set_expression_attribute_names(condition.names_map())
            .set_expression_attribute_values(condition.values_map())
            .build()
            .map_err(|error| malformed(OPERATION, &error))?;
        self.push(TransactWriteItem::builder().delete(delete).build(), Some(refusal));
        Ok(())
    }

    fn push(&mut self, item: TransactWriteItem, refusal: Option<Refusal>) {
        self.items.push(item);
        self.refusals.push(refusal);
    }
}

const OPERATION: &str = "TransactWriteItems";
/// Stands for the table's name until the transaction is sent.
const TABLE: &str = "table";

impl Store {
    /// Writes all or nothing. A conflict with another transaction is tried again: the SDK does not do that.
    ///
    /// # Errors
    /// [`WriteError::Refused`] with the first condition that did not hold, [`WriteError::Repeated`].
    pub(crate) async fn transact(&self, mut transaction: Transaction) -> Result<(), WriteError> {
        let mut inbox = Inbox::Present;
        let Transaction { mut items, mut refusals, .. } = transaction.with_told(inbox)?;
        items = items.into_iter().map(|item| in_table(item, self.table())).collect();
        let mut token = Uuid::now_v7().to_string();
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let sent = self
                .client()
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .client_request_token(&token)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            match sent {
                Ok(output) => {
                    self.meter().write(output.consumed_capacity());
                    break;
                }
                Err(error) => match verdict(&error, &refusals, transaction.once.as_deref()) {
                    Verdict::TryAgain if attempt < TRIES => {
                        tokio::time::sleep(pause.mul_f64(fastrand::f64())).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                    Verdict::TryAgain => return Err(StoreError::Throttled { operation: OPERATION }.into()),
                    Verdict::Final(WriteError::Refused(Refusal::ToldLater)) if attempt < TRIES => {
                        inbox = transaction.tell_later(inbox_of(&error, &refusals))?;
                        Transaction { items, refusals, .. } = transaction.with_told(inbox)?;
                        items = items.into_iter().map(|item| in_table(item, self.table())).collect();
                        token = Uuid::now_v7().to_string();
                    }
                    Verdict::Final(error) => return Err(error),
                },
            }
        }
        Ok(())
    }
}

impl Store {
    /// Changes one row on its own, at half a transaction's price. For work that no session is behind.
    pub(crate) async fn update_row(
        &self,
        _permit: &Permit,
        key: Key,
        change: &Expression,
        refusal: Refusal,
    ) -> Result<(), WriteError> {
        let sent = self
            .client()
            .update_item()
            .table_name(self.table())
            .set_key(Some(key_item(key)))
            .set_update_expression(change.update_text())
            .set_condition_expression(change.condition_text())
            .set_expression_attribute_names(change.names_map())
            .set_expression_attribute_values(change.values_map())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match sent {
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
}

enum Verdict {
    TryAgain,
    Final(WriteError),
}

fn verdict(error: &SdkError<TransactWriteItemsError>, refusals: &[Option<Refusal>], once: Option<&Once>) -> Verdict {
    let reasons: &[CancellationReason] = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => return Verdict::TryAgain,
        _ => return Verdict::Final(failed(OPERATION, error).into()),
    };
    let code = |reason: &CancellationReason| reason.code.clone().unwrap_or_default();
    for (reason, refusal) in reasons.iter().zip(refusals) {
        if code(reason) == "ConditionalCheckFailed" {
            let earlier = once.zip(reason.item.as_ref()).map(|(once, item)| once.earlier(item));
            return Verdict::Final(match (refusal, earlier.transpose()) {
                (_, Err(malformed)) => malformed.into(),
                (_, Ok(Some(Some(first)))) => WriteError::Repeated(Box::new(first)),
                (Some(refusal), _) => WriteError::Refused(meaning(*refusal, reason)),
                (None, _) => WriteError::SessionEnded,
            });
        }
    }
    if reasons.iter().map(code).any(|code| code == "TransactionConflict" || is_throttling(&code)) {
        return Verdict::TryAgain;
    }
    let detail = reasons.iter().map(code).collect::<Vec<_>>().join(", ");
    Verdict::Final(StoreError::Failed { operation: OPERATION, code: "TransactionCanceled".to_owned(), detail }.into())
}

/// The inbox that refused a notification; `None` when there is none.
fn inbox_of<'e>(error: &'e SdkError<TransactWriteItemsError>, refusals: &[Option<Refusal>]) -> Option<&'e Item> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return None;
    };
    let reasons = cancelled.cancellation_reasons().iter().zip(refusals);
    let mut inboxes = reasons.filter(|(_, refusal)| **refusal == Some(Refusal::ToldLater));
    inboxes.find_map(|(reason, _)| reason.item.as_ref()).filter(|item| !item.is_empty())
}

/// A cap on a task's children fails the same condition as a task that is not there: the row tells them apart.
fn meaning(refusal: Refusal, reason: &CancellationReason) -> Refusal {
    let row_is_there = reason.item.as_ref().is_some_and(|item| !item.is_empty());
    match refusal {
        Refusal::TooManyReminders | Refusal::TooManyAttachments if !row_is_there => Refusal::TaskGone,
        other => other,
    }
}

fn in_table(mut item: TransactWriteItem, table: &str) -> TransactWriteItem {
    if let Some(put) = item.put.as_mut() {
        table.clone_into(&mut put.table_name);
    }
    if let Some(update) = item.update.as_mut() {
        table.clone_into(&mut update.table_name);
    }
    if let Some(delete) = item.delete.as_mut() {
        table.clone_into(&mut delete.table_name);
    }
    if let Some(check) = item.condition_check.as_mut() {
        table.clone_into(&mut check.table_name);
    }
    item
}
