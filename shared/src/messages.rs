//! What queues and schedules carry.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::sweep::{DueKind, DuePosition};
use crate::id::{AttachmentId, ExportId, MailId, ReminderId, TaskId, TokenSeed, UserId};

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

/// Tells `mail-send` to send a mail.
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
    /// The id of the mail, where an operator asked for the digest: a message that is delivered twice sends one mail.
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

/// A look at what is to be queued. Every minute's schedule carries a tick.
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
    /// At the open reviews of a user who changed what they follow.
    Reviews {
        /// Whose.
        user_id: UserId,
        /// When the user did; after a later change there is nothing to do.
        since: Timestamp,
        /// Behind which review; from the first on without one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<ReminderId>,
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
    /// A reminder that leaves completions.
    Reminder {
        /// Whose.
        user_id: UserId,
        /// Of which task.
        task_id: TaskId,
        /// Which.
        reminder_id: ReminderId,
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
    /// Nothing that is known of: the bucket is compared with the table.
    #[serde(rename = "inspect")]
    Reconcile {
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

/// Tells `users-build-export` to write an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildExport {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub export_id: ExportId,
}
