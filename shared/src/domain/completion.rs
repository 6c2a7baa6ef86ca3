//! Completions: what keeps a reminder counted as completed.
//!
//! A reminder that fired, or that its user completed, is counted on a local day, which is fixed then. A row of its own keeps
//! that count, one for each day and reminder: the reminder may fire again, on that day or another one. Moving a due date or
//! putting a reminder off leaves the row; only who completed a reminder by hand takes that back by hand.
//!
//! Completions of versions without such rows are counted by the reminder's own mark. Their row is written before the mark
//! changes.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::reminder::Reminder;
use crate::id::{ReminderId, TaskId, UserId};

/// A completion of a reminder on a local day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Completion {
    /// Whose.
    pub user_id: UserId,
    /// Of which task.
    pub task_id: TaskId,
    /// Of which reminder.
    pub reminder_id: ReminderId,
    /// The local day that it counts on.
    pub day: Date,
    /// When the row was written.
    pub at: Timestamp,
}

impl Completion {
    /// A completion of `reminder` on `day`.
    pub fn of(reminder: &Reminder, day: Date, at: Timestamp) -> Self {
        Self { user_id: reminder.user_id, task_id: reminder.task_id, reminder_id: reminder.id, day, at }
    }
}

/// What a change of a reminder does to its completions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompletionChange {
    /// One more counts.
    Count(Completion),
    /// One that counts already keeps counting, although the reminder is no longer completed.
    Keep(Completion),
    /// One that was made by hand is taken back by hand.
    TakeBack(Completion),
}
