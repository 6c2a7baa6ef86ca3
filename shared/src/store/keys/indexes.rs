//! Keys of the indexes: which there are, and where rows stand in them.

use std::time::Duration;

use super::{
    ATTACHMENT_PREFIX, BY_CREATED, BY_TASK, BY_TIME, MAIL_PREFIX, NOTIFICATION_PREFIX, OPEN, REMINDER_PREFIX, SK,
    TASK_PREFIX,
};
use crate::clock::Timestamp;
use crate::domain::attachment::Attachment;
use crate::domain::mail::{Mail, MailLane};
use crate::domain::notification::Notification;
use crate::domain::reminder::Reminder;
use crate::domain::sweep::DueKind;
use crate::domain::task::Task;
use crate::id::{ReminderId, TaskId, UserId};

/// Shards of the index `due`, so that no one partition takes all writes.
pub const DUE_SHARDS: u8 = 8;
/// Longer than a mail takes with all its retries.
const MAIL_LATE: Duration = Duration::from_secs(15 * 60);

/// An index that requests read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// A user's rows of one kind by their own time.
    Time,
    /// A user's tasks by creation.
    Created,
    /// What belongs to one task.
    Task,
    /// A user's pending reminders.
    Open,
    /// None: the table itself, by its sort key.
    Table,
}

impl Index {
    /// The index's name; `None` for the table itself.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Time => Some("by-time"),
            Self::Created => Some("by-created"),
            Self::Task => Some("by-task"),
            Self::Open => Some("open"),
            Self::Table => None,
        }
    }

    /// The index's sort key.
    pub fn sort_key(self) -> &'static str {
        match self {
            Self::Time => BY_TIME,
            Self::Created => BY_CREATED,
            Self::Task => BY_TASK,
            Self::Open => OPEN,
            Self::Table => SK,
        }
    }
}

/// Where a task stands among its user's by due date. Undated ones stand behind all dated ones.
pub fn task_by_time(task: &Task) -> String {
    match task.due_date {
        Some(due) => format!("{TASK_DATED}{due}#{}", task.id),
        None => format!("{TASK_UNDATED}{}#{}", task.created_at, task.id),
    }
}

/// Prefix of dated tasks in `by-time`.
pub const TASK_DATED: &str = "TASK#D#";
/// Where the tasks that are due at an instant begin in `by-time`.
pub fn tasks_due(at: Timestamp) -> String {
    format!("{TASK_DATED}{at}")
}

/// Prefix of undated tasks in `by-time`; sorts behind [`TASK_DATED`].
pub const TASK_UNDATED: &str = "TASK#U#";

/// Where a task stands among its user's by creation.
pub fn task_by_created(task: &Task) -> String {
    format!("{TASK_PREFIX}{}#{}", task.created_at, task.id)
}

/// Where a reminder stands among its user's by time.
pub fn reminder_by_time(reminder: &Reminder) -> String {
    format!("{REMINDER_PREFIX}{}#{}", reminder.scheduled_at, reminder.id)
}

/// Prefix of the reviews that follow the digest's time in `by-created`.
pub const FOLLOWING_REVIEW: &str = "REVIEW#";

/// Where a review that follows the digest's time stands in `by-created`: it keeps its place while it moves.
pub fn following_review(review: ReminderId) -> String {
    format!("{FOLLOWING_REVIEW}{review}")
}

/// Where the reminders about an instant begin in `by-time` and `open`.
pub fn reminders_about(at: Timestamp) -> String {
    format!("{REMINDER_PREFIX}{at}")
}

/// Where a notification stands among its user's by creation.
pub fn notification_by_time(notification: &Notification) -> String {
    format!("{NOTIFICATION_PREFIX}{}#{}", notification.created_at, notification.id)
}

/// What a task's notifications share in `by-task`.
pub fn notifications_of_task(task: TaskId) -> String {
    format!("{NOTIFICATION_PREFIX}{task}")
}

/// A shard of the index `due`.
pub fn due_shard(kind: DueKind, shard: u8) -> String {
    let prefix = match kind {
        DueKind::Reminder => REMINDER_PREFIX,
        DueKind::Mail => MAIL_PREFIX,
        DueKind::Digest => "DIGEST#",
        DueKind::Task => TASK_PREFIX,
        DueKind::Attachment => ATTACHMENT_PREFIX,
    };
    format!("{prefix}{shard}")
}

/// Before everything that is due after `at`, behind everything due at it.
pub fn due_after(at: Timestamp) -> String {
    // Keys go on with `#`.
    format!("{at}$")
}

/// Where a reminder that is to fire stands in `due`: shard and sort key.
pub fn reminder_due(reminder: &Reminder, fires_at: Timestamp) -> (String, String) {
    let shard = reminder.id.shard(DUE_SHARDS);
    (due_shard(DueKind::Reminder, shard), format!("{fires_at}#{}", reminder.id))
}

/// Where an account whose digest is to go out stands in `due`: shard and sort key.
pub fn digest_due(user: UserId, at: Timestamp) -> (String, String) {
    (due_shard(DueKind::Digest, user.shard(DUE_SHARDS)), format!("{at}#{user}"))
}

/// Where a task whose user is to be told of its due date stands in `due`: shard and sort key.
pub fn task_due(task: &Task, overdue_at: Timestamp) -> (String, String) {
    // One that was due before it was written is told of by the tick that follows the write.
    let at = overdue_at.max(task.updated_at);
    (due_shard(DueKind::Task, task.id.shard(DUE_SHARDS)), format!("{at}#{}", task.id))
}

/// Where a mail that has not left stands in `due`: shard and sort key. It should have left by then. The sort key also tells
/// its queue, since the index holds nothing but keys.
pub fn mail_due(mail: &Mail) -> (String, String) {
    let late = mail.created_at.plus(MAIL_LATE);
    let lane = match mail.content.lane() {
        MailLane::Codes => CODE_SUFFIX,
        MailLane::Others => "",
    };
    (due_shard(DueKind::Mail, mail.id.shard(DUE_SHARDS)), format!("{late}#{}{lane}", mail.id))
}

/// The queue of a mail, by its sort key in `due`.
pub fn mail_lane(due_at: &str) -> MailLane {
    if due_at.ends_with(CODE_SUFFIX) { MailLane::Codes } else { MailLane::Others }
}

/// Ends the sort key of a login code or a reset in `due`.
const CODE_SUFFIX: &str = "#code";

/// Where an attachment that is not finished stands in `due`: shard and sort key.
pub fn attachment_due(attachment: &Attachment, at: Timestamp) -> (String, String) {
    let shard = attachment.id.shard(DUE_SHARDS);
    (due_shard(DueKind::Attachment, shard), format!("{at}#{}", attachment.id))
}

/// What a task's attachments share in `by-task`.
pub fn attachments_of_task(task: TaskId) -> String {
    format!("{ATTACHMENT_PREFIX}{task}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mail::MailContent;
    use crate::id::TokenSeed;

    #[test]
    fn the_sort_key_of_a_mail_tells_its_queue() {
        let (seed, kid, now) = (TokenSeed::new(), "1".to_owned(), crate::clock::testing::now());
        for (content, lane) in [
            (MailContent::PasswordReset { seed, kid: kid.clone() }, MailLane::Codes),
            (MailContent::LoginCode { seed, kid: kid.clone(), expires_at: now }, MailLane::Codes),
            (MailContent::Verification { seed, kid }, MailLane::Others),
        ] {
            let (_, due_at) = mail_due(&Mail::new(UserId::new(), content, now));
            assert_eq!(mail_lane(&due_at), lane);
            assert!(due_at < due_after(now.plus(MAIL_LATE)) && due_at > due_after(now), "{due_at}");
        }
    }

    #[test]
    fn undated_tasks_sort_behind_dated_ones() {
        assert!(TASK_DATED < TASK_UNDATED);
    }
}
