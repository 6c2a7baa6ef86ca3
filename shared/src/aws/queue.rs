//! Queues and the messages on them.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde::{Deserialize, Serialize};

use aws_types::SdkConfig;

use super::CallFailed;
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::sweep::DueKind;
use crate::id::{AttachmentId, ExportId, MailId, ReminderId, TaskId, TokenSeed, UserId};
use crate::store::due::DuePosition;

/// SQS delays a message by at most this.
pub const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// SQS takes at most so many messages a call.
const BATCH: usize = 10;

/// A reminder is to fire. Also what a schedule carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FireReminder {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub reminder_id: ReminderId,
    /// Of which task.
    pub task_id: TaskId,
    /// The plan that it was made for; when the reminder has another, nothing happens.
    pub plan: u64,
}

/// A mail is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendMail {
    /// To whom.
    pub user_id: UserId,
    /// Which.
    pub mail_id: MailId,
}

/// The digest of a user is to go out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendDigest {
    /// Whose.
    pub user_id: UserId,
    /// Why.
    #[serde(default)]
    pub cause: DigestCause,
    /// What an operator's mail is to be called, so that a message that comes twice sends one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_id: Option<MailId>,
}

/// Why a digest is to go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestCause {
    /// Its moment has come: the planned one, once.
    #[default]
    Planned,
    /// An operator wants today's to go out now, whether or not it has before.
    Operator,
    /// An operator wants to know what would go out now. Nothing does.
    DryRun,
}

/// A task's due date has passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TellOverdue {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub task_id: TaskId,
}

/// A look at what is due. Every minute's schedule carries a tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Sweep {
    /// At all of this minute's.
    Tick,
    /// At what one page left of a shard.
    Rest {
        /// Of what.
        of: DueKind,
        /// From where on; `None` from the beginning.
        from: Option<Timestamp>,
        /// Up to where.
        upto: Timestamp,
        /// Which shard.
        shard: u8,
        /// Behind what.
        after: DuePosition,
    },
}

/// Something was deleted, or is to be, and leaves things behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum CleanUp {
    /// A task.
    Task {
        /// Whose.
        user_id: UserId,
        /// Which.
        task_id: TaskId,
    },
    /// An account.
    Account {
        /// Whose.
        user_id: UserId,
    },
    /// An attachment.
    Attachment {
        /// Whose.
        user_id: UserId,
        /// Of which task.
        task_id: TaskId,
        /// Which.
        attachment_id: AttachmentId,
    },
    /// An attachment that was not finished in time.
    Unfinished {
        /// Whose.
        user_id: UserId,
        /// Which.
        attachment_id: AttachmentId,
    },
    /// Nothing that is known of: the bucket is to be compared with the table.
    Inspect {
        /// Behind which key; from the first on without one.
        #[serde(default)]
        after: Option<String>,
    },
}

/// Somebody asks for the mail that sets a new password; whether there is such an account is found out later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueReset {
    /// The account's address.
    pub email: Email,
    /// What the token is derived from.
    pub seed: TokenSeed,
    /// The key that it is derived with.
    pub kid: String,
    /// The mail: the same however often the message is delivered.
    pub mail_id: MailId,
}

/// An export is to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildExport {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub export_id: ExportId,
}

/// A queue that takes messages of one type.
#[derive(Clone, Debug)]
pub struct Queue<M> {
    client: Client,
    url: String,
    message: std::marker::PhantomData<fn(M)>,
}

impl<M: Serialize> Queue<M> {
    /// The queue at `url`.
    pub fn new(sdk: &SdkConfig, url: String) -> Self {
        Self { client: Client::new(sdk), url, message: std::marker::PhantomData }
    }

    /// Puts a message on the queue, to be seen after `delay` (at most [`LONGEST_DELAY`]).
    ///
    /// # Errors
    /// The service failed; the message may or may not be on the queue.
    pub async fn send(&self, message: &M, delay: Duration) -> Result<(), CallFailed> {
        const OPERATION: &str = "SendMessage";
        let body = serde_json::to_string(message).map_err(|error| CallFailed {
            operation: OPERATION,
            code: "none".to_owned(),
            detail: error.to_string(),
        })?;
        let seconds = delay.min(LONGEST_DELAY).as_secs();
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(i32::try_from(seconds).unwrap_or_default())
            .send()
            .await
            .map_err(|error| CallFailed::new(OPERATION, &error))?;
        Ok(())
    }

    /// Puts messages on the queue, to be seen at once, ten a call.
    ///
    /// # Errors
    /// The service failed, or took only some of them.
    pub async fn send_all(&self, messages: &[M]) -> Result<(), CallFailed> {
        const OPERATION: &str = "SendMessageBatch";
        let malformed = |detail: String| CallFailed { operation: OPERATION, code: "none".to_owned(), detail };
        for batch in messages.chunks(BATCH) {
            let mut entries = Vec::with_capacity(batch.len());
            for (number, message) in batch.iter().enumerate() {
                let body = serde_json::to_string(message).map_err(|error| malformed(error.to_string()))?;
                let entry = SendMessageBatchRequestEntry::builder().id(number.to_string()).message_body(body).build();
                entries.push(entry.map_err(|error| malformed(error.to_string()))?);
            }
            let sent = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
            let sent = sent.map_err(|error| CallFailed::new(OPERATION, &error))?;
            if let Some(refused) = sent.failed.first() {
                let detail = format!("{} of {} messages were refused", sent.failed.len(), batch.len());
                return Err(CallFailed { operation: OPERATION, code: refused.code.clone(), detail });
            }
        }
        Ok(())
    }
}
