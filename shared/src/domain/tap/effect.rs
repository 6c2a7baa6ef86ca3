//! What a button does to the task and the reminder that its link is about.

use std::time::Duration;

use super::{Action, ActionLink, Before, Tap};
use crate::clock::Timestamp;
use crate::domain::digest;
use crate::domain::reminder::Reminder;
use crate::domain::reminder_change::ReminderChange;
use crate::domain::snooze::Snooze;
use crate::domain::task::{Task, TaskStatus};
use crate::domain::task_change::TaskChange;
use crate::domain::user::User;

const HOUR: Duration = Duration::from_secs(3600);

/// Why a link has nothing to act on any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// The task or its reminder was deleted.
    Gone,
    /// The task is completed.
    Completed,
    /// The recurring task has another occurrence by now.
    OtherOccurrence,
    /// The reminder was moved.
    Moved,
    /// The reminder was skipped or completed by hand.
    NotOpen,
}

/// What an action changes.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The task is completed, or its present occurrence.
    Complete(Box<TaskChange>),
    /// The reminder is put off.
    Snooze(Box<ReminderChange>),
}

impl ActionLink {
    /// The task and the reminder that it is about.
    ///
    /// # Errors
    /// They are no longer what they were when its mail was written.
    pub fn subject<'s>(
        &self,
        task: Option<&'s Task>,
        reminder: Option<&'s Reminder>,
    ) -> Result<(&'s Task, &'s Reminder), Stale> {
        let (task, reminder) = task.zip(reminder).ok_or(Stale::Gone)?;
        if task.status == TaskStatus::Completed {
            return Err(Stale::Completed);
        }
        if task.recurrence.is_some() && task.due_date != self.occurrence {
            return Err(Stale::OtherOccurrence);
        }
        if reminder.plan != self.plan {
            return Err(Stale::Moved);
        }
        Ok((task, reminder))
    }
}

impl Action {
    /// What it does to a task and the reminder whose mail has its button.
    ///
    /// # Errors
    /// [`Stale::NotOpen`] for a reminder that cannot be put off.
    pub fn effect(self, (task, reminder): (&Task, &Reminder), user: &User, now: Timestamp) -> Result<Effect, Stale> {
        let until = match self {
            Self::Done => return Ok(Effect::Complete(Box::new(task.complete(now)))),
            Self::InAnHour => now.plus(HOUR),
            Self::TomorrowMorning => {
                digest::next_morning(&user.morning_digest, &user.timezone, now).ok_or(Stale::NotOpen)?
            }
        };
        let change = reminder.snooze(Snooze::Until(until), now).map_err(|_| Stale::NotOpen)?;
        Ok(Effect::Snooze(Box::new(change)))
    }
}

impl Tap {
    /// The tap that completes `task`, with the change that is written.
    pub fn of_completion(link: &ActionLink, action: Action, task: &Task, change: &TaskChange) -> Self {
        let next = change.due_date_move.map(|due_date_move| due_date_move.to);
        Self::new(link, action, (next, Before::of_completion(task, change)), change.at)
    }

    /// The tap that puts a reminder off.
    pub fn of_snooze(link: &ActionLink, action: Action, change: &ReminderChange) -> Self {
        let before = Before::Reminder { reminder: Box::new(change.read.clone()) };
        Self::new(link, action, (change.next.snoozed_until, before), change.at)
    }
}
