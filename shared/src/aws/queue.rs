//! Queues and the messages on them.

use std::time::Duration;

use aws_sdk_sqs::Client;
use serde::{Deserialize, Serialize};

use aws_types::SdkConfig;

use super::CallFailed;
use crate::domain::email::Email;
use crate::id::{ExportId, MailId, ReminderId, TaskId, TokenSeed, UserId};

/// SQS delays a message by at most this.
pub const LONGEST_DELAY: Duration = Duration::from_secs(900);

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

/// Something was deleted, and left things behind.
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
}
