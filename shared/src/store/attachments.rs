//! Attachments. Each is a row of its own and a card in its task; both change together, and with them the bytes that the
//! user's quota counts.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::counters::{Cap, DaySnapshot};
use super::keys::{self, Index, RowKey, UserRowKey};
use super::page::{Direction, IndexQuery, end_of};
use super::row::Row;
use super::transact::OnRefusal;
use super::update::Expression;
use super::{Permit, ReadError, Refusal, Store, StoreError, WriteError, key_of, text};
use crate::clock::Timestamp;
use crate::domain::attachment::{Attachment, AttachmentCard, MAX_ATTACHMENTS};
use crate::domain::counters::{CounterChange, signed};
use crate::id::{AttachmentId, SessionId, TaskId, UserId};

/// An attachment's row: whose it is, and the card.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttachmentRow {
    id: AttachmentId,
    user_id: UserId,
    task_id: TaskId,
    card: AttachmentCard,
}

impl From<AttachmentRow> for Attachment {
    fn from(row: AttachmentRow) -> Self {
        Self { id: row.id, user_id: row.user_id, task_id: row.task_id, card: row.card }
    }
}

impl Store {
    /// Stores announced files of one task, within `quota` bytes of the user's. 1 call.
    ///
    /// # Errors
    /// [`Refusal::TaskGone`], [`Refusal::TooManyAttachments`], [`Refusal::QuotaExceeded`].
    pub async fn create_attachments(
        &self,
        permit: &Permit,
        (user, task): (UserId, TaskId),
        attachments: &[Attachment],
        quota: u64,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        if attachments.iter().map(|attachment| attachment.card.counted_bytes).sum::<u64>() > quota {
            return Err(WriteError::Refused(Refusal::QuotaExceeded));
        }
        let mut transaction = permit.transaction(now);
        let count = u32::try_from(attachments.len()).unwrap_or(u32::MAX);
        let mut cards = Expression::default();
        cards.require_smaller("attachments", (MAX_ATTACHMENTS + 1).saturating_sub(count));
        let mut counters = CounterChange::default();
        for attachment in attachments {
            cards.set_value(&card_path(attachment.id), &attachment.card);
            transaction.put_new(attachment_row(attachment));
            counters.bytes += signed(attachment.card.counted_bytes);
        }
        // A deleted task has no cards either: the row distinguishes the two.
        let refusal = OnRefusal::by_presence(Refusal::TaskGone, Refusal::TooManyAttachments);
        transaction.update_cards((user, task), cards, refusal);
        self.transact_counted(user, transaction, (&counters, Cap::Bytes(quota)), &DaySnapshot::default()).await
    }

    /// An attachment of the user; another's is as unknown as one that never was. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn attachment(&self, user: UserId, attachment: AttachmentId) -> Result<Option<Attachment>, StoreError> {
        let row: Option<AttachmentRow> = self.get(keys::attachment(user, attachment)).await?;
        Ok(row.map(Attachment::from))
    }

    /// The same for a session that must be alive. 1 call.
    ///
    /// # Errors
    /// [`ReadError::SessionEnded`], or the table failed.
    pub async fn attachment_in_session(
        &self,
        caller: (UserId, SessionId),
        attachment: AttachmentId,
        now: Timestamp,
    ) -> Result<Option<Attachment>, ReadError> {
        let key = keys::attachment(caller.0, attachment);
        let row: Option<AttachmentRow> = self.rows_in_session(caller, vec![key.clone()], now).await?.take(&key)?;
        Ok(row.map(Attachment::from))
    }

    /// Attachments of the user, in the order of `ids`; `None` for one that does not exist. 1 call, for at most 100.
    ///
    /// # Errors
    /// The table failed.
    pub async fn attachments_by_id(
        &self,
        user: UserId,
        ids: &[AttachmentId],
    ) -> Result<Vec<Option<Attachment>>, StoreError> {
        let mut found = HashMap::with_capacity(ids.len());
        for item in self.batch_get(ids.iter().map(|id| keys::attachment(user, *id)).collect()).await? {
            let attachment = Attachment::from(serde_dynamo::from_item::<_, AttachmentRow>(item)?);
            found.insert(attachment.id, attachment);
        }
        Ok(ids.iter().map(|id| found.remove(id)).collect())
    }

    /// All attachments of the user. 1 call for each MB.
    ///
    /// # Errors
    /// The table failed.
    pub async fn attachments_of_user(&self, user: UserId) -> Result<Vec<Attachment>, StoreError> {
        let prefix = keys::ATTACHMENT_PREFIX;
        let items = self.rows_between(user, prefix, &end_of(prefix)).await?;
        items.into_iter().map(|item| Ok(Attachment::from(serde_dynamo::from_item::<_, AttachmentRow>(item)?))).collect()
    }

    /// Changes an attachment from what was `read`. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AttachmentChanged`] when it changed meanwhile, or it or its task is gone.
    pub async fn change_attachment(
        &self,
        permit: &Permit,
        read: &Attachment,
        next: &Attachment,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(now);
        transaction.put(attachment_row(next), unchanged(read), Refusal::AttachmentChanged);
        let mut card = Expression::default();
        card.require_present(&card_path(read.id)).set_value(&card_path(read.id), &next.card);
        transaction.update_cards((read.user_id, read.task_id), card, Refusal::AttachmentChanged);
        let mut counters = CounterChange::default();
        counters.replace_bytes(read.card.counted_bytes, next.card.counted_bytes);
        self.transact_counted(read.user_id, transaction, (&counters, Cap::None), &DaySnapshot::default()).await
    }

    /// Deletes an attachment as it was `read`. Its objects are left to the cleaner. 1 call.
    ///
    /// # Errors
    /// As [`Self::change_attachment`].
    pub async fn delete_attachment(
        &self,
        permit: &Permit,
        read: &Attachment,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(now);
        transaction.delete(keys::attachment(read.user_id, read.id), unchanged(read), Refusal::AttachmentChanged);
        let mut card = Expression::default();
        card.remove(&card_path(read.id));
        transaction.update_cards((read.user_id, read.task_id), card, Refusal::AttachmentChanged);
        let mut counters = CounterChange::default();
        counters.replace_bytes(read.card.counted_bytes, 0);
        self.transact_counted(read.user_id, transaction, (&counters, Cap::None), &DaySnapshot::default()).await
    }

    /// The attachments whose rows a deleted task left. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn attachments_of(&self, user: UserId, task: TaskId) -> Result<Vec<AttachmentId>, StoreError> {
        let of = keys::attachments_of_task(task);
        let range = (of.as_str(), of.as_str());
        let (index, direction, limit) = (Index::Task, Direction::Ascending, MAX_ATTACHMENTS * 5);
        let found = self.query_index(IndexQuery { user, index, range, direction, after: None, limit }).await?;
        let ids = found.items.iter().filter_map(|row| key_of(&row.value)).filter_map(|key| {
            match RowKey::parse(&key.pk, &key.sk)? {
                RowKey::OfUser(_, UserRowKey::Attachment(id)) => Some(id),
                other => {
                    tracing::error!(?other, "attachments.row_of_another_kind");
                    None
                }
            }
        });
        Ok(ids.collect())
    }

    /// Deletes the rows that a deleted task left; what they counted was given back with the task. 1 call for 25.
    ///
    /// # Errors
    /// The table failed; what is left is deleted by the next try.
    pub async fn delete_attachment_rows(
        &self,
        permit: &Permit,
        user: UserId,
        attachments: &[AttachmentId],
    ) -> Result<(), WriteError> {
        let keys = attachments.iter().map(|id| keys::attachment(user, *id)).collect();
        Ok(self.delete_rows(permit, keys).await?)
    }
}

fn card_path(attachment: AttachmentId) -> String {
    format!("attachments.{attachment}")
}

/// The row is still as it was read.
fn unchanged(read: &Attachment) -> Expression {
    let mut condition = Expression::default();
    condition.require_value("card", &read.card);
    condition
}

fn attachment_row(attachment: &Attachment) -> Row {
    let Attachment { id, user_id, task_id, card } = attachment.clone();
    let row = Row::new(keys::attachment(user_id, id), &AttachmentRow { id, user_id, task_id, card })
        .with(keys::BY_TASK, text(keys::attachments_of_task(task_id)));
    match attachment.due_at() {
        Some(at) => row.with_due(keys::attachment_due(attachment, at)),
        None => row,
    }
}
