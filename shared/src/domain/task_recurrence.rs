//! Recurring tasks: setting a rule, and advancing from one occurrence to the next.

use crate::clock::Timestamp;
use crate::domain::field::FieldError;
use crate::domain::occurrence::{Occurrence, OccurrenceOutcome};
use crate::domain::recurrence::{Recurrence, RecurrenceIn};
use crate::domain::task::{Task, TaskStatus};
use crate::domain::task_change::TaskChange;
use crate::domain::zone::Zone;

/// Why a reminder does not fire whose occurrence is skipped, for the user.
pub const OCCURRENCE_SKIPPED: &str = "this occurrence of its task was skipped";

/// Which occurrence a task has. The due date alone does not say: completed early, a task may be due on the same day again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentOccurrence {
    due_date: Option<Timestamp>,
    /// Completions and skips before it; none of a task that does not recur.
    taken: u32,
}

impl Task {
    /// The new task recurs.
    ///
    /// # Errors
    /// It is completed or has no due date, or the rule has no occurrence.
    pub(super) fn begin_to_recur(&mut self, recurrence: RecurrenceIn, zone: &Zone) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        if self.status == TaskStatus::Completed {
            errors.push(FieldError::new("status", "Status cannot be completed for a new task that recurs"));
        }
        errors.extend(self.set_recurrence(recurrence, zone).err());
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The task recurs from its present due date on. A rule that it has already goes on as it is.
    ///
    /// # Errors
    /// It has no due date, or the rule has no occurrence.
    pub(super) fn set_recurrence(&mut self, input: RecurrenceIn, zone: &Zone) -> Result<(), FieldError> {
        if self.recurrence.as_ref().is_some_and(|present| present.is(&input)) {
            return Ok(());
        }
        let due = self.due_date.ok_or_else(|| FieldError::new("recurrence", "Recurrence needs a due date"))?;
        let set = Recurrence::new(input, due, zone);
        let set = set.map_err(|_| FieldError::new("recurrence.rrule", "Recurrence rule must have an occurrence"))?;
        self.recurrence = Some(set);
        Ok(())
    }

    /// Moves the due date, by hand or to the next occurrence: the one place where that of a task that exists changes.
    pub(super) fn move_due_date(&mut self, due: Option<Timestamp>) {
        self.due_date = due;
    }

    /// Whether the task was completed, or the occurrence that it had at an instant is over.
    pub fn is_over_since(&self, instant: Timestamp) -> bool {
        let ended = self.recurrence.as_ref().and_then(|recurrence| recurrence.taken_at);
        self.status == TaskStatus::Completed || ended.is_some_and(|ended| ended >= instant)
    }

    /// The occurrence that it has.
    pub fn present_occurrence(&self) -> PresentOccurrence {
        PresentOccurrence {
            due_date: self.due_date,
            taken: self.recurrence.as_ref().map_or(0, |recurrence| recurrence.taken),
        }
    }

    /// Whether it has the occurrence that a request `named`, if it named one, and still the one that the request has `seen` first.
    pub(super) fn has_occurrence(&self, named: Option<Timestamp>, seen: PresentOccurrence) -> bool {
        let present = self.present_occurrence();
        // A new rule counts from zero: the occurrence stays the same.
        let is_seen = present.due_date == seen.due_date && present.taken <= seen.taken;
        is_seen && named.is_none_or(|named| self.due_date == Some(named))
    }

    /// Ends the present occurrence of a recurring task: it advances to the next one, or is completed for good after the last one.
    /// `None` for a task that does not recur. Its version is that after the change.
    pub(super) fn end_occurrence(&mut self, outcome: OccurrenceOutcome, now: Timestamp) -> Option<Occurrence> {
        let (recurrence, due_date) = (self.recurrence.as_mut()?, self.due_date?);
        let next = recurrence.next(due_date, now);
        recurrence.take(now);
        match next {
            Some(next) => {
                self.status = TaskStatus::Todo;
                self.move_due_date(Some(next));
            }
            None => self.status = TaskStatus::Completed,
        }
        let Self { user_id, id: task_id, version: task_version, .. } = *self;
        Some(Occurrence { user_id, task_id, task_version, due_date, outcome, at: now })
    }

    /// The task once its present occurrence is skipped; as it is when it has another one than the request `named`. The last one
    /// completes it for good, without a notification. `None` when it does not recur or is completed.
    pub fn skip(&self, named: Option<Timestamp>, now: Timestamp) -> Option<TaskChange> {
        self.skip_seen(named, self.present_occurrence(), now)
    }

    /// The same for a request that first read the task with the occurrence `seen`: only that one is skipped.
    pub fn skip_seen(&self, named: Option<Timestamp>, seen: PresentOccurrence, now: Timestamp) -> Option<TaskChange> {
        if self.recurrence.is_none() || self.status == TaskStatus::Completed {
            return None;
        }
        if !self.has_occurrence(named, seen) {
            return Some(TaskChange::of(self.clone(), now));
        }
        let mut task = Self { version: self.version + 1, updated_at: now, ..self.clone() };
        let occurrence = task.end_occurrence(OccurrenceOutcome::Skipped, now)?;
        task.completed_at = (task.status == TaskStatus::Completed).then_some(now);
        let mut change = TaskChange::of(task, now);
        change.occurrence = Some(occurrence);
        change.cancel_reminders(OCCURRENCE_SKIPPED);
        change.note_due_date_move(self.due_date);
        Some(change)
    }
}

#[cfg(test)]
#[path = "task_recurrence_tests.rs"]
mod tests;
