//! What an update changes of a task, and what follows from that.

use crate::clock::Timestamp;
use crate::domain::counters::CounterChange;
use crate::domain::due_date_move::{DueDateMove, MoveCause};
use crate::domain::field::{FieldError, Patch};
use crate::domain::notification::Notification;
use crate::domain::occurrence::{Occurrence, OccurrenceOutcome};
use crate::domain::reminder::{Reminder, ReminderStatus};
use crate::domain::reminder_change::{ReminderChange, TASK_COMPLETED};
use crate::domain::review_plan::ReviewPlan;
use crate::domain::task::{ReminderCard, Task, TaskPatch, TaskStatus};
use crate::domain::task_recurrence::PresentOccurrence;
use crate::domain::zone::Zone;
use crate::id::ReminderId;

/// A change of a task that was read.
#[derive(Clone, Debug)]
pub struct TaskChange {
    /// The task from now on, the cards of cancelled reminders included.
    pub task: Task,
    /// The pending reminders that the end of the task or of its occurrence cancels, but for those in [`Self::followers`].
    pub cancelled: Vec<ReminderId>,
    /// Why, for the user.
    pub cancel_reason: &'static str,
    /// The move of its due date, if it moves. That to another occurrence may leave it where it is.
    pub due_date_move: Option<DueDateMove>,
    /// What that move changes of its relative reminders: see [`Self::follow_due_date`].
    pub followers: Vec<ReminderChange>,
    /// The notification of a task or an occurrence that is completed.
    pub notification: Option<Notification>,
    /// The occurrence of a recurring task that ends.
    pub occurrence: Option<Occurrence>,
    /// By how much the counters change.
    pub counters: CounterChange,
    /// When it is made.
    pub at: Timestamp,
}

/// Reminders depend on the due date of their task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDateNeeded(pub Vec<ReminderId>);

impl TaskChange {
    /// The relative reminders that have to be read and passed to [`Self::follow_due_date`], because the due date moves. They are among
    /// the task's cards.
    pub fn moved_reminders(&self) -> impl Iterator<Item = ReminderId> {
        self.task.relative_reminders().filter(|_| self.due_date_move.is_some())
    }

    /// Adds what the move of the due date changes of the task's relative reminders, `read`, in the same transaction.
    #[must_use]
    pub fn follow_due_date(mut self, read: &[Reminder]) -> Self {
        let Some(due_date_move) = self.due_date_move else { return self };
        for change in due_date_move.replan(read) {
            let id = change.read.id;
            if self.cancelled.contains(&id) {
                // It changes once: it moves, and is skipped as well.
                self.cancelled.retain(|cancelled| *cancelled != id);
                self.counters.recount(None, change.read.counted);
            }
            self.follow(change);
        }
        self
    }

    fn follow(&mut self, change: ReminderChange) {
        // No completion begins here, so that no day depends on the zone.
        let marked = change.marked(&Zone::UTC);
        self.counters.pending += marked.counters.pending;
        self.task.reminders.insert(marked.reminder.id, ReminderCard::from(&marked.reminder));
        self.followers.push(change);
    }

    /// Cancels reminders as they were `read`, so that it is known what they were: [`Self::restore_reminders`] needs that.
    #[must_use]
    pub fn cancel_as_read(mut self, read: &[Reminder]) -> Self {
        let pending = read.iter().filter(|reminder| reminder.status == ReminderStatus::Pending);
        for reminder in pending.filter(|reminder| self.cancelled.contains(&reminder.id)).collect::<Vec<_>>() {
            self.cancelled.retain(|cancelled| *cancelled != reminder.id);
            self.followers.push(reminder.cancel(self.at, self.cancel_reason));
        }
        self
    }

    /// Adds what undoing an earlier change restores: reminders as they were `before` that change, where they have not changed since.
    /// Other relative ones follow the due date, if it moves. A plan whose review is gone has ended.
    #[must_use]
    pub fn restore_reminders(mut self, read: &[Reminder], before: &[Reminder]) -> Self {
        for reminder in read {
            let before = before.iter().find(|before| reminder.is_as_left_after(before));
            let restored = before.map(|before| reminder.restore(before, self.at));
            let moved = || self.due_date_move?.replan(std::slice::from_ref(reminder)).pop();
            if let Some(change) = restored.or_else(moved) {
                self.follow(change);
            }
        }
        let cards = &self.task.reminders;
        let is_open =
            |plan: &ReviewPlan| cards.get(&plan.reminder_id).is_some_and(|card| card.status == ReminderStatus::Pending);
        self.task.plan = self.task.plan.take().filter(is_open);
        self
    }
}

impl Task {
    /// The task with the fields changed that `patch` names; `zone` is the user's. Completing it cancels its pending reminders and
    /// notifies the user; a recurring task advances to its next occurrence then. Where every field has its value already, or the
    /// patch completes another occurrence than the present one, the task stays as it is, version included.
    ///
    /// # Errors
    /// It would recur without a due date, or by a rule without an occurrence.
    pub fn change(&self, patch: TaskPatch, zone: &Zone, now: Timestamp) -> Result<TaskChange, Vec<FieldError>> {
        self.change_seen(patch, self.present_occurrence(), zone, now)
    }

    /// The same for a request that first read the task with the occurrence `seen`: only that one is completed.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub fn change_seen(
        &self,
        patch: TaskPatch,
        seen: PresentOccurrence,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<TaskChange, Vec<FieldError>> {
        let completes = patch.status == Some(TaskStatus::Completed);
        if completes && self.recurrence.is_some() && !self.has_occurrence(patch.occurrence, seen) {
            return Ok(TaskChange::of(self.clone(), now));
        }
        Ok(self.change_to(self.with(patch, zone)?, now))
    }

    /// The task completed, or its present occurrence.
    pub fn complete(&self, now: Timestamp) -> TaskChange {
        self.change_to(Self { status: TaskStatus::Completed, ..self.clone() }, now)
    }

    /// The change to a task that differs in its own fields.
    fn change_to(&self, mut task: Self, now: Timestamp) -> TaskChange {
        if task.own_fields() == self.own_fields() {
            return TaskChange::of(task, now);
        }
        task.version += 1;
        task.updated_at = now;
        task.counted_category = Some(task.category_to_count().to_owned());
        let mut change = TaskChange::of(task, now);
        change.counters.recategorize(self.counted_category.as_deref(), change.task.counted_category.as_deref());
        match (self.is_completed(), change.task.is_completed()) {
            (false, true) => change.complete(),
            (true, false) => change.task.completed_at = None,
            (true, true) | (false, false) => {}
        }
        change.note_due_date_move(self.due_date);
        change
    }

    /// The relative reminders that keep it from losing its due date: they would have no time.
    ///
    /// # Errors
    /// There are some.
    pub fn require_no_followers(&self, change: &TaskChange) -> Result<(), DueDateNeeded> {
        let loses_it = self.due_date.is_some() && change.task.due_date.is_none();
        let reminders: Vec<ReminderId> = self.relative_reminders().collect();
        if loses_it && !reminders.is_empty() { Err(DueDateNeeded(reminders)) } else { Ok(()) }
    }

    fn is_completed(&self) -> bool {
        self.status == TaskStatus::Completed
    }

    fn with(&self, patch: TaskPatch, zone: &Zone) -> Result<Self, Vec<FieldError>> {
        let TaskPatch { title, description, due_date, recurrence, priority, status, occurrence: _, category, link } =
            patch;
        let mut task = self.clone();
        task.title = title.unwrap_or(task.title);
        task.priority = priority.unwrap_or(task.priority);
        task.status = status.unwrap_or(task.status);
        description.apply(&mut task.description);
        category.apply(&mut task.category);
        link.apply(&mut task.link);
        match due_date {
            Patch::Keep => {}
            Patch::Clear => task.move_due_date(None),
            Patch::Set(due) => task.move_due_date(Some(due.end(zone))),
        }
        match recurrence {
            Patch::Keep => {}
            Patch::Clear => task.recurrence = None,
            Patch::Set(input) => task.set_recurrence(input, zone).map_err(|error| vec![error])?,
        }
        if task.recurrence.is_some() && task.due_date.is_none() {
            return Err(vec![FieldError::new("dueDate", "Due date is required for a task that recurs")]);
        }
        Ok(task)
    }

    /// The fields that a patch can change.
    fn own_fields(&self) -> impl PartialEq {
        let Self { title, description, due_date, recurrence, priority, status, category, link, .. } = self;
        (title, description, due_date, recurrence, priority, status, category, link)
    }
}

impl TaskChange {
    /// A change to `task`, from which nothing follows.
    pub(super) fn of(task: Task, at: Timestamp) -> Self {
        Self {
            task,
            cancelled: Vec::new(),
            cancel_reason: TASK_COMPLETED,
            due_date_move: None,
            followers: Vec::new(),
            notification: None,
            occurrence: None,
            counters: CounterChange::default(),
            at,
        }
    }

    /// What follows from completing the task, or its present occurrence.
    fn complete(&mut self) {
        self.notification = Some(Notification::task_completed(&self.task, self.at));
        self.occurrence = self.task.end_occurrence(OccurrenceOutcome::Completed, self.at);
        self.task.completed_at = self.task.is_completed().then_some(self.at);
        self.task.plan = self.task.plan.take().filter(|_| !self.task.is_completed());
        self.cancel_reminders(TASK_COMPLETED);
    }

    /// Notes that the due date moves from the one that the task had.
    pub(super) fn note_due_date_move(&mut self, from: Option<Timestamp>) {
        let cause = if self.occurrence.is_some() { MoveCause::Advance } else { MoveCause::ByHand };
        let task_status = self.task.status;
        let advances = self.occurrence.is_some() && !self.task.is_completed();
        let to = self.task.due_date.filter(|due| advances || from != Some(*due));
        self.due_date_move = to.map(|to| DueDateMove { from, to, cause, task_status, at: self.at });
    }

    /// Cancels the pending reminders. Relative ones follow a task that advances to another occurrence.
    pub(super) fn cancel_reminders(&mut self, reason: &'static str) {
        self.cancel_reason = reason;
        let goes_on = !self.task.is_completed();
        for (id, card) in &mut self.task.reminders {
            let follows = goes_on && card.offset_minutes.is_some();
            if card.status == ReminderStatus::Pending && !follows {
                card.status = ReminderStatus::Skipped;
                self.counters.recount(card.counted.take(), None);
                self.cancelled.push(*id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::body::testing::parsed;
    use crate::domain::counters::CounterMark;
    use crate::domain::reminder::{Channel, ReminderKind};
    use crate::id::UserId;

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-05T08:00:00Z").unwrap()
    }

    fn task() -> Task {
        let body = json!({"title": "Pay rent", "description": "for March", "category": "home"});
        Task::new(UserId::new(), parsed(body).unwrap(), &Zone::UTC, now()).unwrap()
    }

    fn to(status: TaskStatus) -> TaskPatch {
        TaskPatch { status: Some(status), ..TaskPatch::default() }
    }

    #[test]
    fn completing_is_noticed_once_and_undoing_it_clears_its_moment() {
        let done = task().change(to(TaskStatus::Completed), &Zone::UTC, now()).unwrap();
        assert_eq!(done.task.completed_at, Some(now()));
        assert!(done.notification.is_some());
        let again = done.task.change(to(TaskStatus::Completed), &Zone::UTC, now()).unwrap();
        assert!(again.notification.is_none());
        let undo = TaskPatch { description: Patch::Clear, ..to(TaskStatus::Todo) };
        let undone = again.task.change(undo, &Zone::UTC, now()).unwrap().task;
        assert_eq!((undone.completed_at, undone.description, undone.version), (None, None, 3));
    }

    #[test]
    fn a_patch_of_what_is_so_already_changes_nothing_and_one_other_value_changes_the_task() {
        let body = json!({
            "title": "Pay rent", "description": "", "dueDate": "2026-03-01", "priority": "high", "status": "completed",
            "category": "home", "link": "https://example.com",
        });
        let zone = Zone::parse("Asia/Kolkata").unwrap();
        let task = Task::new(UserId::new(), parsed(body.clone()).unwrap(), &zone, now()).unwrap();
        let later = Timestamp::parse("2026-01-06T08:00:00Z").unwrap();
        for same in [json!({}), json!({"priority": null, "status": ""}), body.clone()] {
            let change = task.change(parsed(same.clone()).unwrap(), &zone, later).unwrap();
            assert_eq!(serde_json::to_value(&change.task).unwrap(), serde_json::to_value(&task).unwrap(), "{same}");
            assert!(change.notification.is_none() && change.counters.is_empty() && change.cancelled.is_empty());
        }
        for (field, value) in [
            ("title", json!("Pay Rent")),
            ("description", json!(null)),
            ("dueDate", json!("2026-03-02")),
            ("priority", json!("low")),
            ("status", json!("todo")),
            ("category", json!("")),
            ("link", json!("https://example.com/x")),
        ] {
            let mut other = body.clone();
            other[field] = value;
            let change = task.change(parsed(other).unwrap(), &zone, later).unwrap();
            assert_eq!((change.task.version, change.task.updated_at), (2, later), "{field}");
        }
    }

    #[test]
    fn completing_cancels_what_is_pending_and_leaves_the_rest() {
        let mut task = task();
        let card = |status, counted| ReminderCard {
            scheduled_at: now(),
            channel: Channel::Email,
            status,
            kind: ReminderKind::Reminder,
            offset_minutes: None,
            counted,
        };
        let (pending, over) = (ReminderId::new(), ReminderId::new());
        task.reminders.insert(pending, card(ReminderStatus::Pending, Some(CounterMark::Pending)));
        let day = CounterMark::CompletedOn("2026-01-04".parse().unwrap());
        task.reminders.insert(over, card(ReminderStatus::Completed, Some(day)));
        let done = task.change(to(TaskStatus::Completed), &Zone::UTC, now()).unwrap();
        assert_eq!(done.cancelled, [pending]);
        assert_eq!(done.task.reminders[&pending], card(ReminderStatus::Skipped, None));
        assert_eq!(done.task.reminders[&over], task.reminders[&over]);
        assert_eq!(done.counters, CounterChange { pending: -1, ..CounterChange::default() });
    }

    #[test]
    fn another_category_moves_the_count_and_a_task_that_was_not_counted_is_counted() {
        let patch = TaskPatch { category: Patch::Clear, ..TaskPatch::default() };
        let change = task().change(patch, &Zone::UTC, now()).unwrap();
        assert_eq!(
            change.counters.categories.into_iter().collect::<Vec<_>>(),
            [("Uncategorized".to_owned(), 1), ("home".to_owned(), -1)]
        );
        let uncounted = Task { counted_category: None, ..task() };
        let change = uncounted.change(to(TaskStatus::InProgress), &Zone::UTC, now()).unwrap();
        assert_eq!(change.counters.categories.into_iter().collect::<Vec<_>>(), [("home".to_owned(), 1)]);
    }

    /// A task that is due in ten hours, with a reminder two hours before that.
    fn task_with_follower() -> (Task, Reminder) {
        let due = now().plus(std::time::Duration::from_secs(36_000));
        let mut task = Task { due_date: Some(due), ..task() };
        let new = parsed(json!({"taskId": task.id, "offsetMinutes": 120})).unwrap();
        let reminder = Reminder::new(task.user_id, new, Some(due), now()).unwrap();
        let reminder = Reminder { counted: Some(CounterMark::Pending), ..reminder };
        task.reminders.insert(reminder.id, ReminderCard::from(&reminder));
        (task, reminder)
    }

    fn due_at(due: &str) -> TaskPatch {
        parsed(json!({"dueDate": due})).unwrap()
    }

    #[test]
    fn moving_the_due_date_moves_its_relative_reminders_in_the_same_change() {
        let (task, reminder) = task_with_follower();
        let change = task.change(due_at("2026-01-09T08:00:00Z"), &Zone::UTC, now()).unwrap();
        assert_eq!(change.moved_reminders().collect::<Vec<_>>(), [reminder.id]);
        let change = change.follow_due_date(std::slice::from_ref(&reminder));
        let at = Timestamp::parse("2026-01-09T06:00:00Z").unwrap();
        assert_eq!((change.followers.len(), change.followers[0].next.scheduled_at), (1, at));
        assert_eq!(change.task.reminders[&reminder.id].scheduled_at, at);
        assert!(change.counters.is_empty());
        let renamed = TaskPatch { description: Patch::Clear, ..TaskPatch::default() };
        assert_eq!(task.change(renamed, &Zone::UTC, now()).unwrap().moved_reminders().count(), 0);
    }

    #[test]
    fn completing_and_moving_at_once_skips_a_relative_reminder_once() {
        let (task, reminder) = task_with_follower();
        let patch = TaskPatch { status: Some(TaskStatus::Completed), ..due_at("2026-01-09T08:00:00Z") };
        let change = task.change(patch, &Zone::UTC, now()).unwrap().follow_due_date(std::slice::from_ref(&reminder));
        assert!(change.cancelled.is_empty());
        assert_eq!(change.counters, CounterChange { pending: -1, ..CounterChange::default() });
        let card = &change.task.reminders[&reminder.id];
        assert_eq!((card.status, card.counted), (ReminderStatus::Skipped, None));
    }

    #[test]
    fn relative_reminders_move_with_a_recurring_task_and_stay_pending() {
        let (task, reminder) = task_with_follower();
        let recurring = parsed(json!({"recurrence": {"rrule": "FREQ=DAILY", "anchor": "due"}})).unwrap();
        let task = task.change(recurring, &Zone::UTC, now()).unwrap().task;
        let completed = task.change(to(TaskStatus::Completed), &Zone::UTC, now()).unwrap();
        for change in [completed, task.skip(None, now()).unwrap()] {
            assert_eq!(change.moved_reminders().collect::<Vec<_>>(), [reminder.id]);
            let change = change.follow_due_date(std::slice::from_ref(&reminder));
            let next = &change.followers[0].next;
            let a_day_later = reminder.scheduled_at.plus(std::time::Duration::from_secs(86_400));
            assert_eq!((next.scheduled_at, next.status), (a_day_later, ReminderStatus::Pending));
            assert_eq!(change.task.reminders[&reminder.id].status, ReminderStatus::Pending);
            assert!(change.cancelled.is_empty() && change.counters.is_empty());
        }
    }

    #[test]
    fn a_due_date_that_relative_reminders_depend_on_is_not_cleared() {
        let (task, reminder) = task_with_follower();
        let cleared = TaskPatch { due_date: Patch::Clear, ..TaskPatch::default() };
        let change = task.change(cleared.clone(), &Zone::UTC, now()).unwrap();
        assert_eq!(task.require_no_followers(&change), Err(DueDateNeeded(vec![reminder.id])));
        let moved = task.change(due_at("2026-01-09"), &Zone::UTC, now()).unwrap();
        assert_eq!(task.require_no_followers(&moved), Ok(()));
        let alone = Task { reminders: std::collections::BTreeMap::new(), ..task };
        assert_eq!(alone.require_no_followers(&alone.change(cleared, &Zone::UTC, now()).unwrap()), Ok(()));
    }
}
