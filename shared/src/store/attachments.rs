//! Attachments. Each is a row of its own and a card in its task; both change together, and with them the bytes that the
//! user's quota counts.

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use serde::{Deserialize, Serialize};

use super::counters::{Change, KnownDays};
use super::keys::{self, Index};
use super::page::{Direction, IndexQuery, end_of};
use super::update::Expression;
use super::{Item, Permit, Refusal, Store, StoreError, Transaction, WriteError, key_item, row, text};
use crate::clock::Timestamp;
use crate::domain::attachment::{Attachment, AttachmentCard, MAX_ATTACHMENTS};
use crate::id::{AttachmentId, TaskId, UserId};

/// Rows of one batch.
const BATCH: u32 = 25;

/// An attachment's row: whose it is, and the card.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: AttachmentId,
    user_id: UserId,
    task_id: TaskId,
    card: AttachmentCard,
}

impl From<Row> for Attachment {
    fn from(row: Row) -> Self {
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
        let mut transaction = Transaction::new(permit, now)?;
        let count = u32::try_from(attachments.len()).unwrap_or(u32::MAX);
        let mut cards = Expression::default();
        cards.require_smaller("attachments", (MAX_ATTACHMENTS + 1).saturating_sub(count));
        let mut counted = Change::default();
        for attachment in attachments {
            cards.set(&card_path(attachment.id), AttributeValue::M(card_item(&attachment.card)?));
            transaction.put_new(attachment_row(attachment)?)?;
            counted.bytes_in(attachment.card.counted_bytes, quota);
        }
        cards.add(super::tasks::CARDS_VERSION, 1).require_row();
        transaction.update(keys::task(user, task), &cards, Refusal::TooManyAttachments)?;
        self.transact_counted(user, transaction, &counted, &KnownDays::default()).await
    }

    /// An attachment of the user; another's is as unknown as one that never was. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn attachment(&self, user: UserId, attachment: AttachmentId) -> Result<Option<Attachment>, StoreError> {
        let row: Option<Row> = self.get(keys::attachment(user, attachment)).await?;
        Ok(row.map(Attachment::from))
    }

    /// All attachments of the user. 1 call for each MB.
    ///
    /// # Errors
    /// The table failed.
    pub async fn attachments_of_user(&self, user: UserId) -> Result<Vec<Attachment>, StoreError> {
        let prefix = keys::ATTACHMENT_PREFIX;
        let items = self.rows_between(user, prefix, &end_of(prefix)).await?;
        items.into_iter().map(|item| Ok(Attachment::from(serde_dynamo::from_item::<_, Row>(item)?))).collect()
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
        let mut transaction = Transaction::new(permit, now)?;
        transaction.put(attachment_row(next)?, &unchanged(read)?, Refusal::AttachmentChanged)?;
        let of = (read.user_id, read.task_id);
        let mut present = Expression::default();
        present.require_present(&card_path(read.id));
        let card = card_item(&next.card)?;
        transaction.put_card(of, &card_path(read.id), card, present, Refusal::AttachmentChanged)?;
        let mut counted = Change::default();
        counted.bytes_instead(read.card.counted_bytes, next.card.counted_bytes);
        self.transact_counted(read.user_id, transaction, &counted, &KnownDays::default()).await
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
        let mut transaction = Transaction::new(permit, now)?;
        let key = keys::attachment(read.user_id, read.id);
        transaction.delete(key, &unchanged(read)?, Refusal::AttachmentChanged)?;
        let of = (read.user_id, read.task_id);
        transaction.remove_card(of, &card_path(read.id), Refusal::AttachmentChanged)?;
        let mut counted = Change::default();
        counted.bytes_instead(read.card.counted_bytes, 0);
        self.transact_counted(read.user_id, transaction, &counted, &KnownDays::default()).await
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
        let id = |item: &Item| {
            AttachmentId::parse(super::counters::sort_key(item)?.strip_prefix(keys::ATTACHMENT_PREFIX)?).ok()
        };
        Ok(found.items.iter().filter_map(id).collect())
    }

    /// Deletes the rows that a deleted task left; what they counted was given back with the task. 1 call for 25.
    ///
    /// # Errors
    /// The table failed; what was not deleted yet is by the next try.
    pub async fn delete_attachment_rows(
        &self,
        _permit: &Permit,
        user: UserId,
        attachments: &[AttachmentId],
    ) -> Result<(), WriteError> {
        for batch in attachments.chunks(BATCH as usize) {
            let requests = batch.iter().map(|id| {
                let request = DeleteRequest::builder().set_key(Some(key_item(keys::attachment(user, *id)))).build();
                request.map(|request| WriteRequest::builder().delete_request(request).build())
            });
            let requests: Vec<_> =
                requests.collect::<Result<_, _>>().map_err(|error| super::malformed("BatchWriteItem", &error))?;
            self.batch_write(requests).await?;
        }
        Ok(())
    }
}

fn card_path(attachment: AttachmentId) -> String {
    format!("attachments.{attachment}")
}

fn card_item(card: &AttachmentCard) -> Result<Item, StoreError> {
    Ok(serde_dynamo::to_item(card)?)
}

/// The row is still what was read.
fn unchanged(read: &Attachment) -> Result<Expression, StoreError> {
    let mut condition = Expression::default();
    condition.require_equal("card", AttributeValue::M(card_item(&read.card)?));
    Ok(condition)
}

fn attachment_row(attachment: &Attachment) -> Result<Item, StoreError> {
    let Attachment { id, user_id, task_id, card } = attachment.clone();
    let mut item = row(keys::attachment(user_id, id), &Row { id, user_id, task_id, card })?;
    item.insert(keys::BY_TASK.to_owned(), text(keys::attachments_of_task(task_id)));
    if let Some(at) = attachment.due_at() {
        let (shard, at) = keys::attachment_due(attachment, at);
        item.insert(keys::DUE_SHARD.to_owned(), text(shard));
        item.insert(keys::DUE_AT.to_owned(), text(at));
    }
    Ok(item)
}
