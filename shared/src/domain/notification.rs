//! In-app notifications.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::digest::{Digest, sentence};
use crate::domain::mail::MailCategory;
use crate::domain::remaining::Remaining;
use crate::domain::task::{Task, TaskTitle};
use crate::domain::user::MailStop;
use crate::id::{NotificationId, TaskId, UserId};
use crate::word_type;

/// How long a notification is kept: to the end of the UTC day that lies so many days after its own. Whole days, so
/// that the count of the unread can be kept by day.
pub const KEPT_DAYS: i64 = 90;
/// How long a security notice cannot be deleted.
pub const SECURITY_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
const DAY_SECONDS: i64 = 24 * 3600;

/// The UTC day of an instant, in days since the Unix epoch.
pub fn day_number(instant: Timestamp) -> i64 {
    instant.as_second().div_euclid(DAY_SECONDS)
}

/// The oldest day whose notifications are still kept at `now`.
pub fn oldest_kept_day(now: Timestamp) -> i64 {
    day_number(now) - KEPT_DAYS
}

word_type! {
    /// What a notification is about.
    NotificationKind {
        /// A task's due date passed.
        Overdue = "overdue",
        /// A reminder's moment is near.
        Upcoming = "upcoming",
        /// The day's tasks.
        Reminder = "reminder",
        /// Anything else.
        General = "general",
    }
}

/// A notification.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Identity.
    pub id: NotificationId,
    /// Whom it tells.
    pub user_id: UserId,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: NotificationKind,
    /// In a few words.
    pub title: String,
    /// In a sentence.
    pub message: String,
    /// The task that it is about.
    pub related_task_id: Option<TaskId>,
    /// Whether the user has seen it.
    pub is_read: bool,
    /// Whether it is a security notice, which stays for [`SECURITY_KEPT`]. Rows of earlier versions do not have it.
    #[serde(default)]
    pub security: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A notification.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Notification"))]
pub struct NotificationOut {
    pub id: NotificationId,
    pub user_id: UserId,
    /// `upcoming`: a reminder was sent; `reminder`: a morning digest; `overdue`: a due date has passed.
    #[serde(rename = "type")]
    pub kind: NotificationKind,
    pub title: String,
    pub message: String,
    /// The task that it is about, which may have been deleted since.
    pub related_task_id: Option<TaskId>,
    pub is_read: bool,
    /// Whether it is a security notice, which cannot be deleted for seven days.
    pub security: bool,
    pub created_at: Timestamp,
    /// The task, unless it was deleted.
    pub task: Option<TaskOfNotification>,
}

/// What a notification shows of its task.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct TaskOfNotification {
    pub id: TaskId,
    pub title: TaskTitle,
}

impl From<(Notification, Option<TaskTitle>)> for NotificationOut {
    fn from((notification, title): (Notification, Option<TaskTitle>)) -> Self {
        let task = notification.related_task_id.zip(title).map(|(id, title)| TaskOfNotification { id, title });
        let Notification { id, user_id, kind, title, message, related_task_id, is_read, security, created_at } =
            notification;
        Self { id, user_id, kind, title, message, related_task_id, is_read, security, created_at, task }
    }
}

impl Notification {
    /// That a task was completed.
    pub fn task_completed(task: &Task, now: Timestamp) -> Self {
        let message = format!("You completed: {}", task.title.as_str());
        Self::of(task, NotificationKind::General, "Task Completed", message, now)
    }

    /// That a reminder's moment is near; `remaining` is how far away its task is due.
    pub fn upcoming(task: &Task, remaining: Remaining, now: Timestamp) -> Self {
        let message = format!("{} is {remaining}", task.title.as_str());
        Self::of(task, NotificationKind::Upcoming, "Upcoming Reminder", message, now)
    }

    /// That the day has tasks.
    pub fn digest(user: UserId, digest: &Digest, now: Timestamp) -> Self {
        let mut titles: Vec<&str> = digest.tasks.iter().take(3).map(|task| task.title.as_str()).collect();
        let more = format!("and {} more", digest.total.saturating_sub(titles.len()));
        if digest.total > titles.len() {
            titles.push(&more);
        }
        let message = format!("{}: {}", sentence(digest.total), titles.join(", "));
        let only = digest.tasks.first().filter(|_| digest.total == 1).map(|task| task.id);
        Self { related_task_id: only, ..Self::plain(user, NotificationKind::Reminder, "Due Today", message, now) }
    }

    /// That a task's due date has passed.
    pub fn overdue(task: &Task, now: Timestamp) -> Self {
        let message = format!("{} is overdue", task.title.as_str());
        Self::of(task, NotificationKind::Overdue, "Task Overdue", message, now)
    }

    /// That no mail goes to the user's address any more.
    pub fn mail_stopped(user: UserId, stop: MailStop, now: Timestamp) -> Self {
        let why = match stop {
            MailStop::Bounced => "A mail to your e-mail address came back",
            MailStop::Complained => "A mail of ours was reported as spam",
        };
        let message = format!("{why}, so we send no more until you verify the address again.");
        Self::plain(user, NotificationKind::General, "E-mail Stopped", message, now)
    }

    /// That the user has unsubscribed from a kind of mail.
    pub fn unsubscribed(user: UserId, category: MailCategory, now: Timestamp) -> Self {
        let message = match category {
            MailCategory::Digest => "You get no more morning digests by e-mail. Your profile turns them on again.",
            MailCategory::Reminders => {
                "You get no more reminder mails. The unsubscribe link of any of them turns them on again."
            }
        };
        Self::plain(user, NotificationKind::General, "Unsubscribed", message.to_owned(), now)
    }

    /// The first second at which it is kept no more.
    pub fn expires_at(&self) -> i64 {
        (day_number(self.created_at) + KEPT_DAYS + 1) * DAY_SECONDS
    }

    /// That something happened to the user's account.
    pub fn security(user: UserId, message: String, now: Timestamp) -> Self {
        let plain = Self::plain(user, NotificationKind::General, "Security Alert", message, now);
        Self { security: true, ..plain }
    }

    /// Whether its user may delete it: whoever took over a session must not hide what they did.
    pub fn is_deletable(&self, now: Timestamp) -> bool {
        !self.security || now.since(self.created_at) >= SECURITY_KEPT
    }

    fn plain(user: UserId, kind: NotificationKind, title: &str, message: String, now: Timestamp) -> Self {
        Self {
            id: NotificationId::new(),
            user_id: user,
            kind,
            title: title.to_owned(),
            message,
            related_task_id: None,
            is_read: false,
            security: false,
            created_at: now,
        }
    }

    fn of(task: &Task, kind: NotificationKind, title: &str, message: String, now: Timestamp) -> Self {
        Self { related_task_id: Some(task.id), ..Self::plain(task.user_id, kind, title, message, now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_security_notice_stays_for_seven_days_and_others_do_not() {
        let (user, now) = (UserId::new(), crate::clock::testing::now());
        let notice = Notification::security(user, "Something happened.".to_owned(), now);
        let last = now.plus(SECURITY_KEPT - Duration::from_millis(1));
        assert!(
            !notice.is_deletable(now) && !notice.is_deletable(last) && notice.is_deletable(now.plus(SECURITY_KEPT))
        );
        assert!(Notification::unsubscribed(user, MailCategory::Digest, now).is_deletable(now));
    }

    #[test]
    fn a_row_of_an_earlier_version_is_no_security_notice() {
        let (user, now) = (UserId::new(), crate::clock::testing::now());
        let mut row =
            serde_json::to_value(Notification::security(user, "Something happened.".to_owned(), now)).unwrap();
        row.as_object_mut().unwrap().remove("security").unwrap();
        assert!(!serde_json::from_value::<Notification>(row).unwrap().security);
    }
}
