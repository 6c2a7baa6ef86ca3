//! Taking a tap back: what it changed is as it was before, unless it has changed since.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Tap;
use crate::clock::Timestamp;
use crate::domain::recurrence::Recurrence;
use crate::domain::reminder::Reminder;
use crate::domain::reminder_change::ReminderChange;
use crate::domain::review_plan::ReviewPlan;
use crate::domain::task::{Task, TaskStatus};
use crate::domain::task_change::TaskChange;
use crate::domain::task_plan::PlanChange;
use crate::id::{NotificationId, ReminderId};

/// What a tap changed, as it was before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Before {
    /// A task, which was completed, or its present occurrence.
    Task {
        /// The version that the tap made: undoing it needs that one. The occurrence that it completed has its number.
        version: u64,
        status: TaskStatus,
        due_date: Option<Timestamp>,
        recurrence: Option<Box<Recurrence>>,
        /// The plan of reviews that it ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<Box<ReviewPlan>>,
        overdue_told: Option<Timestamp>,
        /// The reminders that changed with it.
        reminders: Vec<Reminder>,
        /// The notification that it made.
        notification: Option<NotificationId>,
    },
    /// A reminder, which was put off.
    Reminder { reminder: Box<Reminder> },
    /// A review, which was rated.
    Review {
        /// The version of the task that the tap made: undoing it needs that one.
        version: u64,
        plan: Option<Box<ReviewPlan>>,
        reminder: Box<Reminder>,
        /// The local day on which the rating counts; missing where one counted on that day before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counted_on: Option<Date>,
    },
}

/// What taking a tap back changes.
#[derive(Clone, Debug)]
pub enum Undo {
    /// The task is as it was. Its reminders are missing: [`TaskChange::restore_reminders`] adds them.
    Task(Box<TaskChange>),
    /// The reminder is as it was.
    Reminder(Box<ReminderChange>),
    /// The plan and its review are as they were.
    Rating(Box<PlanChange>),
}

/// Why a tap is not taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoRefused {
    /// It was taken back before.
    Twice,
    /// Its ten minutes are over.
    Late,
    /// What it changed has changed since, or is gone.
    Changed,
}

impl Before {
    pub(super) fn of_completion(task: &Task, change: &TaskChange) -> Self {
        Self::Task {
            version: change.task.version,
            status: task.status,
            due_date: task.due_date,
            recurrence: task.recurrence.clone().map(Box::new),
            plan: task.plan.clone().map(Box::new),
            overdue_told: task.overdue_told,
            reminders: change.followers.iter().map(|change| change.read.clone()).collect(),
            notification: change.notification.as_ref().map(|notification| notification.id),
        }
    }

    pub(super) fn of_rating(task: &Task, review: &Reminder, change: &PlanChange) -> Self {
        Self::Review {
            version: change.task.version,
            plan: task.plan.clone().map(Box::new),
            reminder: Box::new(review.clone()),
            counted_on: change.counts_on(),
        }
    }

    /// The reminders of a completed task that changed with it.
    pub fn reminders(&self) -> &[Reminder] {
        match self {
            Self::Task { reminders, .. } => reminders,
            Self::Reminder { .. } | Self::Review { .. } => &[],
        }
    }

    /// The ids of [`Self::reminders`].
    pub fn reminder_ids(&self) -> impl Iterator<Item = ReminderId> {
        self.reminders().iter().map(|reminder| reminder.id)
    }
}

impl Tap {
    /// What taking it back changes of its task or its reminder as they are now.
    ///
    /// # Errors
    /// [`UndoRefused`].
    pub fn undo(&self, task: Option<&Task>, reminder: Option<&Reminder>, now: Timestamp) -> Result<Undo, UndoRefused> {
        if self.undone_at.is_some() {
            return Err(UndoRefused::Twice);
        }
        if self.undo_link(now).is_none() {
            return Err(UndoRefused::Late);
        }
        match &self.before {
            Before::Task {
                version,
                status,
                due_date,
                recurrence,
                plan,
                overdue_told,
                reminders: _,
                notification: _,
            } => {
                let task = task.filter(|task| task.version == *version).ok_or(UndoRefused::Changed)?;
                let mut restored = Task {
                    status: *status,
                    recurrence: recurrence.as_deref().cloned(),
                    plan: plan.as_deref().cloned(),
                    overdue_told: *overdue_told,
                    completed_at: None,
                    version: task.version + 1,
                    updated_at: now,
                    ..task.clone()
                };
                restored.move_due_date(*due_date);
                let mut change = TaskChange::of(restored, now);
                change.note_due_date_move(task.due_date);
                Ok(Undo::Task(Box::new(change)))
            }
            Before::Reminder { reminder: before } => {
                let is_unchanged = |reminder: &&Reminder| reminder.is_as_left_after(before);
                let reminder = reminder.filter(is_unchanged).ok_or(UndoRefused::Changed)?;
                Ok(Undo::Reminder(Box::new(reminder.restore(before, now))))
            }
            Before::Review { version, plan, reminder: before, counted_on } => {
                let task = task.filter(|task| task.version == *version);
                let reminder = reminder.filter(|reminder| reminder.is_as_left_after(before));
                let (task, reminder) = task.zip(reminder).ok_or(UndoRefused::Changed)?;
                let plan = plan.as_deref().ok_or(UndoRefused::Changed)?;
                Ok(Undo::Rating(Box::new(task.take_back_rating(plan, (reminder, before), *counted_on, now))))
            }
        }
    }
}
