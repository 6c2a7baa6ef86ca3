//! The index of what is due when, across all users.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::error::failed;
use super::keys::{self, RowKey, UserRowKey};
use super::update::Expression;
use super::{Store, StoreError, key_of, text, text_of};
use crate::domain::mail::MailLane;
use crate::domain::reminder::Reminder;
use crate::domain::sweep::{DuePosition, DueWindow};
use crate::id::{AttachmentId, MailId, ReminderId, TaskId, UserId};

/// A row that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueRow {
    /// A reminder that is to fire.
    Reminder(UserId, ReminderId),
    /// A mail that has not left.
    Mail(UserId, MailId, MailLane),
    /// An account whose digest is to go out.
    Digest(UserId),
    /// A task whose due date has passed.
    Task(UserId, TaskId),
    /// An attachment that is not finished.
    Attachment(UserId, AttachmentId),
}

/// Rows in order, and where the next page begins; `None` at the end.
#[derive(Debug)]
pub struct DuePage {
    /// The rows.
    pub rows: Vec<DueRow>,
    /// Where the next page begins.
    pub next: Option<DuePosition>,
}

impl DueRow {
    /// The row of a key; `None` for rows that are never due.
    fn of(key: RowKey, due_at: &str) -> Option<Self> {
        let RowKey::OfUser(user, row) = key else { return None };
        match row {
            UserRowKey::Account => Some(Self::Digest(user)),
            UserRowKey::Reminder(id) => Some(Self::Reminder(user, id)),
            UserRowKey::Mail(id) => Some(Self::Mail(user, id, keys::mail_lane(due_at))),
            UserRowKey::Task(id) => Some(Self::Task(user, id)),
            UserRowKey::Attachment(id) => Some(Self::Attachment(user, id)),
            UserRowKey::Session(_)
            | UserRowKey::Export
            | UserRowKey::ReviewMove
            | UserRowKey::Counters
            | UserRowKey::Category(_)
            | UserRowKey::Days(_)
            | UserRowKey::Streak(_)
            | UserRowKey::Completion(..)
            | UserRowKey::Notification(_)
            | UserRowKey::Inbox
            | UserRowKey::Occurrence(..)
            | UserRowKey::Idempotency(_) => None,
        }
    }
}

impl Store {
    /// A page of one shard of a window, at most `limit` rows. The index lags behind the table by moments. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn due(
        &self,
        window: &DueWindow,
        shard: u8,
        after: Option<DuePosition>,
        limit: i32,
    ) -> Result<DuePage, StoreError> {
        let of = keys::due_shard(window.kind, shard);
        let mut expression = Expression::default();
        let (hash, range) = (expression.name(keys::DUE_SHARD), expression.name(keys::DUE_AT));
        let low = window.from.map(keys::due_after).unwrap_or_default();
        let (value, high) = (expression.value(text(of.as_str())), expression.value(text(keys::due_after(window.upto))));
        let condition = match low.is_empty() {
            true => format!("{hash} = {value} AND {range} <= {high}"),
            false => {
                let low = expression.value(text(low));
                format!("{hash} = {value} AND {range} BETWEEN {low} AND {high}")
            }
        };
        let start = after.map(|after| {
            super::Item::from([
                (keys::PK.to_owned(), text(after.pk)),
                (keys::SK.to_owned(), text(after.sk)),
                (keys::DUE_SHARD.to_owned(), text(of)),
                (keys::DUE_AT.to_owned(), text(after.due_at)),
            ])
        });
        let output = self
            .client()
            .query()
            .table_name(self.table())
            .index_name("due")
            .key_condition_expression(condition)
            .set_expression_attribute_names(expression.names_map())
            .set_expression_attribute_values(expression.values_map())
            .set_exclusive_start_key(start)
            .limit(limit)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| failed("Query", &error))?;
        self.meter().read(output.consumed_capacity.as_ref());
        let mut rows = Vec::new();
        for item in output.items.unwrap_or_default() {
            let due_at = text_of(&item, keys::DUE_AT).unwrap_or_default();
            match key_of(&item).and_then(|key| DueRow::of(RowKey::parse(&key.pk, &key.sk)?, due_at)) {
                Some(row) => rows.push(row),
                None => tracing::error!(sk = text_of(&item, keys::SK), "due.row_unreadable"),
            }
        }
        let last = output.last_evaluated_key.filter(|key| !key.is_empty());
        let next = last.and_then(|key| {
            let part = |name: &str| text_of(&key, name).map(str::to_owned);
            Some(DuePosition { pk: part(keys::PK)?, sk: part(keys::SK)?, due_at: part(keys::DUE_AT)? })
        });
        Ok(DuePage { rows, next })
    }

    /// Up to 100 reminders of any users, in no order; missing ones are left out. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn reminders_by_id(&self, wanted: &[(UserId, ReminderId)]) -> Result<Vec<Reminder>, StoreError> {
        let wanted = wanted.iter().map(|(user, reminder)| keys::reminder(*user, *reminder)).collect();
        let items = self.batch_get(wanted).await?;
        Ok(items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?)
    }
}
