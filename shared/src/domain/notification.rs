//! In-app notifications.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::task::Task;
use crate::id::{NotificationId, TaskId, UserId};
use crate::word_type;

/// How long a notification is kept.
pub const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

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
    /// When it was made.
    pub created_at: Timestamp,
}

impl Notification {
    /// That a task was completed.
    pub fn task_completed(task: &Task, now: Timestamp) -> Self {
        let message = format!("You completed: {}", task.title.as_str());
        Self::of(task, NotificationKind::General, "Task Completed", message, now)
    }

    /// That a reminder's moment is near.
    pub fn upcoming(task: &Task, now: Timestamp) -> Self {
        let message = format!("{} is due soon", task.title.as_str());
        Self::of(task, NotificationKind::Upcoming, "Upcoming Reminder", message, now)
    }

    /// That something happened to the user's account.
    pub fn security(user: UserId, message: &str, now: Timestamp) -> Self {
        Self {
            id: NotificationId::new(),
            user_id: user,
            kind: NotificationKind::General,
            title: "Security Alert".to_owned(),
            message: message.to_owned(),
            related_task_id: None,
            is_read: false,
            created_at: now,
        }
    }

    fn of(task: &Task, kind: NotificationKind, title: &str, message: String, now: Timestamp) -> Self {
        Self {
            id: NotificationId::new(),
            user_id: task.user_id,
            kind,
            title: title.to_owned(),
            message,
            related_task_id: Some(task.id),
            is_read: false,
            created_at: now,
        }
    }
}
