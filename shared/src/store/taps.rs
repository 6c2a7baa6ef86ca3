//! Taps on the buttons of reminder mails: each is a row that makes it happen once, written with what it does.

use super::counters::{CounterSnapshot, DaySnapshot, likely_month};
use super::keys;
use super::reminders::TaskCondition;
use super::row::Row;
use super::tasks::TaskRow;
use super::transact::Transaction;
use super::update::Expression;
use super::{Permit, Refusal, Store, StoreError, WriteError, number, text};
use crate::clock::Timestamp;
use crate::domain::reminder::Reminder;
use crate::domain::reminder_change::ReminderChange;
use crate::domain::tap::{ActionLink, Before, LinkKind, Tap};
use crate::domain::task_change::TaskChange;
use crate::domain::task_plan::PlanChange;
use crate::domain::user::User;

/// When a tap was undone.
const UNDONE_AT: &str = "undoneAt";

/// What the rows of a link are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapPurpose {
    /// To show its page.
    Show,
    /// To act, for which a rating needs what its month counts.
    Press,
}

/// What the link of a mail is about, as far as it is there.
#[derive(Debug)]
pub struct TapRows {
    pub user: User,
    pub task: Option<TaskRow>,
    pub reminder: Option<Reminder>,
    /// What was pressed before.
    pub tap: Option<Tap>,
    /// What this month's days hold, where a review may be rated.
    pub days: DaySnapshot,
}

impl Store {
    /// What a link is about; `None` when its account is gone. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn tap_rows(
        &self,
        link: &ActionLink,
        purpose: TapPurpose,
        now: Timestamp,
    ) -> Result<Option<TapRows>, StoreError> {
        let ActionLink { user, task, reminder, plan, .. } = *link;
        let (account, tap) = (keys::account(user), keys::tap(user, reminder, plan));
        let (task, reminder) = (keys::task(user, task), keys::reminder(user, reminder));
        let may_rate = purpose == TapPurpose::Press && link.kind == LinkKind::Review;
        let month = may_rate.then(|| likely_month(now));
        let days = month.map(|month| (month, keys::days(user, month)));
        let mut wanted = vec![account.clone(), task.clone(), reminder.clone(), tap.clone()];
        wanted.extend(days.iter().map(|(_, key)| key.clone()));
        let mut rows = self.get_rows(wanted).await?;
        let Some(user) = rows.take(&account)? else { return Ok(None) };
        let task = rows.take_item(&task).map(TaskRow::read).transpose()?;
        // TTL deletes late.
        let tap = rows.take(&tap)?.filter(|tap: &Tap| tap.expires_at() > now);
        let days = days.map(|(month, key)| DaySnapshot::of(month, rows.take_item(&key))).unwrap_or_default();
        Ok(Some(TapRows { user, task, reminder: rows.take(&reminder)?, tap, days }))
    }

    /// Completes the change that a tap makes of a task with what it makes of the task's reminders. 1 call for all of them, none for
    /// a change that touches none.
    ///
    /// # Errors
    /// The table failed.
    pub async fn read_reminders_of(&self, change: TaskChange) -> Result<TaskChange, StoreError> {
        let mut wanted: Vec<_> = change.moved_reminders().chain(change.cancelled.iter().copied()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let read = self.reminders_with_ids(change.task.user_id, wanted.into_iter()).await?;
        Ok(change.follow_due_date(&read).cancel_as_read(&read))
    }

    /// Completes a task as it was read, or its occurrence, by a tap. 1 call.
    ///
    /// # Errors
    /// [`Refusal::Tapped`] when the link was used in the meantime; those of [`Store::update_task`].
    pub async fn complete_by_tap(
        &self,
        permit: &Permit,
        read: &TaskRow,
        change: &TaskChange,
        tap: &Tap,
    ) -> Result<(), WriteError> {
        self.write_task_change(permit, read, change, |transaction| transaction.put_tap(tap)).await
    }

    /// Puts a reminder off by a tap. 1 call.
    ///
    /// # Errors
    /// [`Refusal::Tapped`] when the link was used in the meantime; those of [`Store::snooze_reminder`].
    pub async fn snooze_by_tap(&self, permit: &Permit, change: &ReminderChange, tap: &Tap) -> Result<(), WriteError> {
        let (change, snapshot) = ((change, TaskCondition::Open), CounterSnapshot::default());
        self.write_change(permit, change, &snapshot, |transaction| transaction.put_tap(tap)).await
    }

    /// Rates a review by a tap, which `tap` makes of the change that is written. 1 call; the same again when a rating of that day is
    /// counted already; 1 more before it when the day is not in `days`.
    ///
    /// # Errors
    /// [`Refusal::Tapped`] when the link was used in the meantime; those of [`Store::change_plan`].
    pub async fn rate_by_tap(
        &self,
        permit: &Permit,
        read: &TaskRow,
        changed: (&PlanChange, &DaySnapshot),
        tap: impl Fn(&PlanChange) -> Tap,
    ) -> Result<(), WriteError> {
        self.write_plan_change(permit, read, changed, |transaction, change| transaction.put_tap(&tap(change))).await
    }

    /// Takes back a tap that completed a task, with its occurrence, its notification and what it made of the task's reminders. 3
    /// calls, the first two at once; 2 where it changed no reminders.
    ///
    /// # Errors
    /// [`Refusal::Tapped`] when it was undone in the meantime; [`Refusal::NotificationChanged`] when its notification was read or
    /// deleted; those of [`Store::update_task`].
    pub async fn undo_completion(
        &self,
        permit: &Permit,
        read: &TaskRow,
        change: TaskChange,
        tap: &Tap,
    ) -> Result<(), WriteError> {
        let (user, at) = (tap.user_id, change.at);
        let (notification, occurrence) = match &tap.before {
            Before::Task { notification, recurrence, version, .. } => {
                (*notification, recurrence.as_ref().map(|_| keys::occurrence(user, tap.task_id, *version)))
            }
            Before::Reminder { .. } | Before::Review { .. } => (None, None),
        };
        let mut wanted: Vec<_> = change.moved_reminders().chain(tap.before.reminder_ids()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let notifications = notification.map(|id| keys::notification(user, id)).into_iter().collect();
        let reminders = self.reminders_with_ids(user, wanted.into_iter());
        let (reminders, notifications) = futures::try_join!(reminders, self.read_notifications(user, notifications))?;
        let change = change.restore_reminders(&reminders, tap.before.reminders());
        let add = |transaction: &mut Transaction| {
            if let Some(occurrence) = occurrence {
                transaction.remove(occurrence);
            }
            transaction.delete_notifications(user, &notifications);
            transaction.undo_tap(tap, at);
        };
        self.write_task_change(permit, read, &change, add).await
    }

    /// Takes back a tap that put a reminder off. 1 call.
    ///
    /// # Errors
    /// [`Refusal::Tapped`] when it was undone in the meantime; those of [`Store::update_reminder`].
    pub async fn undo_snooze(&self, permit: &Permit, change: &ReminderChange, tap: &Tap) -> Result<(), WriteError> {
        let snapshot = CounterSnapshot::default();
        let add = |transaction: &mut Transaction| transaction.undo_tap(tap, change.at);
        self.write_change(permit, (change, TaskCondition::Present), &snapshot, add).await
    }

    /// Takes back a tap that rated a review. 2 calls, the first for what the rating's month counts.
    ///
    /// # Errors
    /// [`Refusal::Tapped`] when it was undone in the meantime; those of [`Store::change_plan`].
    pub async fn undo_rating(
        &self,
        permit: &Permit,
        read: &TaskRow,
        change: &PlanChange,
        tap: &Tap,
    ) -> Result<(), WriteError> {
        let add = |transaction: &mut Transaction, change: &PlanChange| transaction.undo_tap(tap, change.at);
        self.write_plan_change(permit, read, (change, &DaySnapshot::default()), add).await
    }
}

impl Transaction {
    /// Records a tap, the first of its link.
    fn put_tap(&mut self, tap: &Tap) {
        let key = keys::tap(tap.user_id, tap.reminder_id, tap.plan);
        let row = Row::new(key, tap).with(keys::EXPIRES_AT, number(tap.expires_at().as_second()));
        let mut first = Expression::default();
        first.require_below(keys::EXPIRES_AT, number(tap.at.as_second()));
        self.put(row, first, Refusal::Tapped);
    }

    /// Records that a tap is undone, which happens once.
    fn undo_tap(&mut self, tap: &Tap, now: Timestamp) {
        let mut change = Expression::default();
        change.set(UNDONE_AT, text(now.to_string())).require_row().require_absent(UNDONE_AT);
        self.update(keys::tap(tap.user_id, tap.reminder_id, tap.plan), change, Refusal::Tapped);
    }
}
