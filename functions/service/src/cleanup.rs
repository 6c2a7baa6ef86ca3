//! `service-cleanup`: deletes what deleted things leave behind.

use std::time::Duration;

use futures::future::try_join_all;
use shared::aws::files::Bucket;
use shared::aws::queue::Queue;
use shared::clock::Timestamp;
use shared::config::{Variable, required};
use shared::domain::attachment::{AttachmentStatus, FILES, GAVE_UP, ObjectKeys, RAW};
use shared::domain::cleanup::Left;
use shared::domain::export;
use shared::events::{Environment, Failure, Message, QueueFunction, retry_races};
use shared::id::{AttachmentId, ReminderId, TaskId, UserId};
use shared::messages::CleanUp;
use shared::runtime::Error;
use shared::store::{Permit, Refusal, Store, WriteError};

/// Rows of an account that one message deletes, in batches of 25; what is left is the next message's.
const BATCHES: u32 = 80;

/// Objects of an account that one message deletes below one prefix, in pages of 1,000.
const PAGES: u32 = 10;

/// What cleaning takes.
#[derive(Debug)]
pub struct Cleaner {
    /// The table.
    pub store: Store,
    /// The permit to write.
    pub permit: Permit,
    /// Where files lie.
    pub bucket: Bucket,
    /// Its own queue.
    pub queue: Queue<CleanUp>,
}

impl QueueFunction for Cleaner {
    type Message = CleanUp;

    const VARIABLES: &'static [Variable] = &[Variable::CleanupQueueUrl, Variable::UploadsBucket];

    async fn start(Environment { sdk, store, permit, .. }: Environment) -> Result<Self, Error> {
        Ok(Self {
            store,
            permit,
            bucket: Bucket::new(&sdk, required(Variable::UploadsBucket)?),
            queue: Queue::new(&sdk, required(Variable::CleanupQueueUrl)?),
        })
    }

    /// Cleans up after one deletion. Repeating it changes nothing more. What is there again was restored from a backup, and
    /// keeps what it has.
    async fn handle(&self, message: Message<CleanUp>, now: Timestamp) -> Result<(), Failure> {
        let permit = &self.permit;
        match message.body {
            CleanUp::Task { user_id, task_id } => {
                if self.store.task(user_id, task_id).await?.is_some() {
                    tracing::warn!(%task_id, "cleanup.task_lives");
                    return Ok(());
                }
                self.store.delete_notifications_of(permit, user_id, task_id, now).await?;
                self.completions((user_id, task_id), None, now).await?;
                self.store.delete_occurrences_of(permit, user_id, task_id).await?;
                self.attachments(permit, user_id, task_id).await
            }
            CleanUp::Reminder { user_id, task_id, reminder_id } => {
                if self.store.reminder(user_id, reminder_id).await?.is_some() {
                    tracing::warn!(%reminder_id, "cleanup.reminder_lives");
                    return Ok(());
                }
                self.completions((user_id, task_id), Some(reminder_id), now).await
            }
            CleanUp::Attachment { user_id, task_id, attachment_id } => {
                if self.store.attachment(user_id, attachment_id).await?.is_some() {
                    tracing::warn!(%attachment_id, "cleanup.attachment_lives");
                    return Ok(());
                }
                self.objects(ObjectKeys { user: user_id, task: task_id, attachment: attachment_id }).await
            }
            CleanUp::Unfinished { user_id, attachment_id } => {
                self.unfinished(permit, user_id, attachment_id, now).await
            }
            CleanUp::Account { user_id } => self.account(permit, user_id).await,
            CleanUp::Reconcile { after } => self.reconcile(after, now).await,
        }
    }
}

impl Cleaner {
    /// Objects first: a try that is killed finds the rows again, and with them what is left.
    async fn attachments(&self, permit: &Permit, user: UserId, task: TaskId) -> Result<(), Failure> {
        let attachments = self.store.attachments_of(user, task).await?;
        for attachment in &attachments {
            self.objects(ObjectKeys { user, task, attachment: *attachment }).await?;
        }
        Ok(self.store.delete_attachment_rows(permit, user, &attachments).await?)
    }

    /// An account that is deleted at the same time takes its completions along.
    async fn completions(
        &self,
        of: (UserId, TaskId),
        reminder: Option<ReminderId>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let attempt = async || self.store.delete_completions_of(&self.permit, of, reminder, now).await;
        retry_races(&[Refusal::CountersChanged], attempt).await
    }

    async fn objects(&self, keys: ObjectKeys) -> Result<(), Failure> {
        let keys = [keys.raw(), keys.file(), keys.thumbnail()];
        try_join_all(keys.iter().map(|key| self.bucket.delete(key))).await?;
        Ok(())
    }

    /// One whose bytes never came vanishes; one that the optimizer has left lying is shown as rejected.
    async fn unfinished(
        &self,
        permit: &Permit,
        user: UserId,
        attachment: AttachmentId,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(found) = self.store.attachment(user, attachment).await? else {
            return Ok(());
        };
        let is_due = found.due_at().is_some_and(|due| due <= now);
        let settled = match found.card.status {
            AttachmentStatus::Pending if is_due => self.store.delete_attachment(permit, &found, now).await,
            AttachmentStatus::Processing if is_due => {
                let rejected = found.rejected(GAVE_UP, now);
                self.store.change_attachment(permit, &found, &rejected, now).await
            }
            _ => return Ok(()),
        };
        match settled {
            // It was settled this moment, or its task is gone and takes it along.
            Err(WriteError::Refused(Refusal::AttachmentChanged)) => Ok(()),
            settled => Ok(settled?),
        }
    }

    /// The rows of reminders take their schedules along: the stream tells of each.
    async fn account(&self, permit: &Permit, user: UserId) -> Result<(), Failure> {
        if self.store.user(user).await?.is_some() {
            tracing::error!(user_id = %user, "cleanup.account_lives");
            return Ok(());
        }
        // Rows first: an export that is being built finds its row gone, and removes its file itself.
        let mut left = self.store.delete_rows_of(permit, user, BATCHES).await?;
        for prefix in [export::objects_of(user), format!("{FILES}{user}/"), format!("{RAW}{user}/")] {
            if left == Left::Nothing {
                left = self.bucket.delete_all(&prefix, PAGES).await?;
            }
        }
        if left == Left::Some {
            self.queue.send(&CleanUp::Account { user_id: user }, Duration::ZERO).await?;
        }
        Ok(())
    }
}
