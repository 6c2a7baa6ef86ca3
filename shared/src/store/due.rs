//! The index of what is due when, across all users.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use serde::{Deserialize, Serialize};

use super::update::Expression;
use super::{Store, StoreError, failed, keys, text};
use crate::domain::reminder::Reminder;
use crate::domain::sweep::Stretch;
use crate::id::{AttachmentId, MailId, ReminderId, TaskId, UserId};

/// A row that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueRow {
    /// A reminder that is to fire.
    Reminder(UserId, ReminderId),
    /// A mail that has not left.
    Mail(UserId, MailId),
    /// An account whose digest is to go out.
    Digest(UserId),
    /// A task whose due date has passed.
    Task(UserId, TaskId),
    /// An attachment that is not finished.
    Attachment(UserId, AttachmentId),
}

/// Where in a stretch the next page begins: behind this row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DuePosition {
    pk: String,
    sk: String,
    due_at: String,
}

/// Rows in order, and where the next page begins; `None` at the end.
#[derive(Debug)]
pub struct DuePage {
    /// The rows.
    pub rows: Vec<DueRow>,
    /// Where the next page begins.
    pub next: Option<DuePosition>,
}

/// A row of the index as it is read.
#[derive(Deserialize)]
struct Found {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
}

impl Found {
    fn read(&self) -> Option<DueRow> {
        let user = keys::user_of_partition(&self.pk)?;
        let id = |prefix| self.sk.strip_prefix(prefix);
        if self.sk == keys::ACCOUNT {
            return Some(DueRow::Digest(user));
        }
        id(keys::REMINDER_PREFIX)
            .and_then(|id| ReminderId::parse(id).ok())
            .map(|id| DueRow::Reminder(user, id))
            .or_else(|| id(keys::MAIL_PREFIX).and_then(|id| MailId::parse(id).ok()).map(|id| DueRow::Mail(user, id)))
            .or_else(|| id(keys::TASK_PREFIX).and_then(|id| TaskId::parse(id).ok()).map(|id| DueRow::Task(user, id)))
            .or_else(|| {
                let id = id(keys::ATTACHMENT_PREFIX).and_then(|id| AttachmentId::parse(id).ok());
                id.map(|id| DueRow::Attachment(user, id))
            })
    }
}

impl Store {
    /// A page of one shard of a stretch, at most `limit` rows. The index lags behind the table by moments. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn due(
        &self,
        stretch: &Stretch,
        shard: u8,
        after: Option<DuePosition>,
        limit: i32,
    ) -> Result<DuePage, StoreError> {
        let of = keys::due_shard(stretch.kind, shard);
        let mut expression = Expression::default();
        let (hash, range) = (expression.name(keys::DUE_SHARD), expression.name(keys::DUE_AT));
        let low = stretch.from.map(keys::due_after).unwrap_or_default();
        let (value, high) =
            (expression.value(text(of.as_str())), expression.value(text(keys::due_after(stretch.upto))));
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
            let found: Found = serde_dynamo::from_item(item)?;
            match found.read() {
                Some(row) => rows.push(row),
                None => tracing::error!(sk = found.sk, "due.row_unreadable"),
            }
        }
        let last = output.last_evaluated_key.filter(|key| !key.is_empty());
        let next = last.and_then(|key| {
            let part = |name: &str| key.get(name).and_then(|value| value.as_s().ok()).cloned();
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
