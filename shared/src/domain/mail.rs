//! Mails on their way out. A mail is a row of the table, written in the transaction that causes it; the stream
//! hands it to the queue, and one function sends it. It holds no code and no token: those are derived from a
//! seed when the mail is rendered.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::reminder::ReminderMessage;
use crate::domain::task::{Category, Priority, Task, TaskDescription, TaskTitle};
use crate::id::{MailId, ReminderId, TaskId, TokenSeed, UserId};
use crate::word_type;

/// How long a mail's row is kept, for support.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a verification link works.
pub const VERIFICATION_VALID: Duration = Duration::from_secs(24 * 3600);
/// How long a link that sets a new password works.
pub const RESET_VALID: Duration = Duration::from_secs(3600);
/// How long a link to an export works.
pub const EXPORT_LINK_VALID: Duration = Duration::from_secs(24 * 3600);

word_type! {
    /// How far a mail is.
    MailState {
        /// Waiting for the mail function.
        Queued = "queued",
        /// Claimed by one run of the mail function, until its lease ends.
        Sending = "sending",
        /// Handed to the mail service.
        Sent = "sent",
        /// Given up after every retry.
        Failed = "failed",
    }
}

/// What a mail says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum MailContent {
    /// Please prove that this address is yours.
    Verification {
        /// What the link's token is derived from.
        seed: TokenSeed,
        /// The key that it is derived with.
        kid: String,
    },
    /// The code of a login.
    LoginCode {
        /// What the code is derived from.
        seed: TokenSeed,
        /// The key that it is derived with.
        kid: String,
        /// Until when the code works.
        expires_at: Timestamp,
    },
    /// The link that sets a new password.
    PasswordReset {
        /// What the link's token is derived from.
        seed: TokenSeed,
        /// The key that it is derived with.
        kid: String,
    },
    /// Your password was changed.
    PasswordChanged,
    /// Somebody failed to sign in to your account too often.
    LoginsBlocked,
    /// Your account can be signed in to with Google from now on.
    GoogleLinked,
    /// Your data can be fetched.
    ExportReady {
        /// What the link's token is derived from.
        seed: TokenSeed,
        /// The key that it is derived with.
        kid: String,
        /// Until when the link works.
        expires_at: Timestamp,
    },
    /// Someone else may hold a token of one of your sessions, which was ended.
    TokenTheft {
        /// What had signed in.
        device: String,
    },
    /// Something is due soon.
    HourBefore {
        /// The reminder whose receipt this mail is.
        reminder_id: ReminderId,
        /// The plan that fired.
        plan: u64,
        /// The task.
        task_id: TaskId,
        /// The task's title.
        title: TaskTitle,
        /// The task's description.
        description: Option<TaskDescription>,
        /// The task's due date.
        due_date: Option<Timestamp>,
        /// The task's priority.
        priority: Priority,
        /// The task's category.
        category: Option<Category>,
        /// The reminder's moment.
        scheduled_at: Timestamp,
        /// The reminder's message.
        message: Option<ReminderMessage>,
    },
}

/// A mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// Identity.
    pub id: MailId,
    /// To whom; the address is read when it is sent.
    pub user_id: UserId,
    /// What it says.
    pub content: MailContent,
    /// How far it is.
    pub state: MailState,
    /// Tries so far.
    pub attempts: u32,
    /// Until when the present try has it to itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
    /// When it was caused.
    pub created_at: Timestamp,
}

impl Mail {
    /// A mail to `user`.
    pub fn new(user: UserId, content: MailContent, now: Timestamp) -> Self {
        Self {
            id: MailId::new(),
            user_id: user,
            content,
            state: MailState::Queued,
            attempts: 0,
            lease_until: None,
            created_at: now,
        }
    }

    /// The mail of a reminder that fires.
    pub fn hour_before(reminder: &crate::domain::reminder::Reminder, task: &Task, now: Timestamp) -> Self {
        let content = MailContent::HourBefore {
            reminder_id: reminder.id,
            plan: reminder.plan,
            task_id: task.id,
            title: task.title.clone(),
            description: task.description.clone(),
            due_date: task.due_date,
            priority: task.priority,
            category: task.category.clone(),
            scheduled_at: reminder.scheduled_at,
            message: reminder.message.clone(),
        };
        Self::new(reminder.user_id, content, now)
    }
}
