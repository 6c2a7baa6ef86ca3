//! Reminders. Each is a row of its own and a card in its task; both change together.

use std::collections::HashMap;

use super::counters::{Cap, CounterSnapshot, DaySnapshot, likely_month};
use super::keys::{self, Index};
use super::page::{Direction, IndexQuery, ListPage, Position, end_of};
use super::row::Row;
use super::transact::{OnRefusal, Transaction};
use super::update::Expression;
use super::{Permit, Refusal, Store, StoreError, WriteError, number, text, text_of};
use crate::clock::Timestamp;
use crate::domain::completion::{Completion, CompletionChange};
use crate::domain::counters::{CounterChange, CounterMark};
use crate::domain::firing::{Fired, Firing};
use crate::domain::reminder::{Reminder, ReminderStatus};
use crate::domain::reminder_change::ReminderChange;
use crate::domain::task::{MAX_REMINDERS, ReminderCard, Task, TaskStatus, TaskSummary};
use crate::domain::user::User;
use crate::domain::zone::Zone;
use crate::id::{ReminderId, TaskId, UserId};

/// How the user's counters hold a reminder, on its row and on its card.
pub(crate) const COUNTED: &str = "counted";
/// The due date of a task, which relative reminders follow.
const DUE_DATE: &str = "dueDate";

impl Store {
    /// Stores a new reminder. 1 call; 2 more before it for one that is completed already.
    ///
    /// # Errors
    /// [`Refusal::TaskGone`], [`Refusal::TooManyReminders`].
    pub async fn create_reminder(&self, permit: &Permit, reminder: &Reminder) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(reminder.created_at);
        let zone = self.zone_of(reminder.user_id, reminder.needs_zone(), &CounterSnapshot::default()).await?;
        let reminder = Reminder { counted: reminder.counter_mark(&zone), ..reminder.clone() };
        let mut counters = CounterChange::default();
        counters.recount(None, reminder.counted);
        let mut cards = card_of(&reminder);
        cards.require_smaller("reminders", MAX_REMINDERS);
        let due = reminder.follows().map(|due| due.to_string());
        if let Some(due) = &due {
            cards.require_equal(DUE_DATE, text(due));
        }
        // A task that is gone has no cards either: the row tells these apart.
        let refusal = OnRefusal::interpret(move |found| {
            WriteError::Refused(match found {
                None => Refusal::TaskGone,
                Some(task) if due.is_some() && text_of(task, DUE_DATE) != due.as_deref() => Refusal::TaskChanged,
                Some(_) => Refusal::TooManyReminders,
            })
        });
        if let Some(CounterMark::CompletedOn(day)) = reminder.counted {
            transaction.keep_completion(&Completion::of(&reminder, day, reminder.created_at));
        }
        transaction.update_cards((reminder.user_id, reminder.task_id), cards, refusal);
        transaction.put_new(reminder_row(&reminder));
        self.transact_counted(reminder.user_id, transaction, (&counters, Cap::None), &DaySnapshot::default()).await
    }

    /// A reminder of the user; another's is as unknown as one that never was. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn reminder(&self, user: UserId, reminder: ReminderId) -> Result<Option<Reminder>, StoreError> {
        self.get(keys::reminder(user, reminder)).await
    }

    /// A reminder to be completed, moved or deleted, and what its counting will probably need. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn reminder_to_recount(
        &self,
        user: UserId,
        reminder: ReminderId,
        now: Timestamp,
    ) -> Result<Option<(Reminder, CounterSnapshot)>, StoreError> {
        let month = likely_month(now);
        let (reminder, account, days) = (keys::reminder(user, reminder), keys::account(user), keys::days(user, month));
        let mut rows = self.get_rows(vec![reminder.clone(), account.clone(), days.clone()]).await?;
        let Some(reminder) = rows.take(&reminder)? else { return Ok(None) };
        let zone = rows.take::<User>(&account)?.map(|user| user.timezone);
        let days = DaySnapshot::of(month, rows.take_item(&days));
        Ok(Some((reminder, CounterSnapshot { zone, days })))
    }

    /// Writes a change of a reminder. 1 call, which writes nothing where nothing changes, and up to 2 before it when its counting
    /// needs the user's zone or a day that are not in the snapshot.
    ///
    /// # Errors
    /// [`Refusal::ReminderChanged`] when it was changed in the meantime.
    pub async fn update_reminder(
        &self,
        permit: &Permit,
        change: &ReminderChange,
        snapshot: &CounterSnapshot,
    ) -> Result<(), WriteError> {
        if change.is_empty() {
            return self.check_session(permit, change.at).await;
        }
        self.write_change(permit, (change, TaskCondition::Present), snapshot, |_| {}).await
    }

    /// Puts a reminder off, whose task must not be completed. 1 call.
    ///
    /// # Errors
    /// [`Refusal::NotOpen`] when its task is completed; [`Refusal::ReminderChanged`] when it was changed in the meantime.
    pub async fn snooze_reminder(&self, permit: &Permit, change: &ReminderChange) -> Result<(), WriteError> {
        if change.is_empty() {
            return self.write_nothing(permit, change.at).await;
        }
        self.write_change(permit, (change, TaskCondition::Open), &CounterSnapshot::default(), |_| {}).await
    }

    /// Deletes a reminder as it was read. 1 call, and one before it when its day is not in the snapshot.
    ///
    /// # Errors
    /// [`Refusal::ReminderChanged`] when it was changed in the meantime.
    pub async fn delete_reminder(
        &self,
        permit: &Permit,
        reminder: &Reminder,
        snapshot: &CounterSnapshot,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(now);
        let unchanged = unchanged(reminder.version, reminder.counted);
        let key = keys::reminder(reminder.user_id, reminder.id);
        transaction.delete(key, unchanged, Refusal::ReminderChanged);
        let mut cards = Expression::default();
        cards.remove(&card_path(reminder.id));
        transaction.update_cards((reminder.user_id, reminder.task_id), cards, Refusal::ReminderChanged);
        let mut counters = CounterChange::default();
        counters.recount(reminder.counted, None);
        if let Some(CounterMark::CompletedOn(day)) = reminder.counted {
            transaction.complete(&CompletionChange::TakeBack(Completion::of(reminder, day, now)));
        }
        self.transact_counted(reminder.user_id, transaction, (&counters, Cap::None), &snapshot.days).await
    }

    /// Writes a change of a reminder with its card, its completions and the counters, and what `add` adds. 1 call, and up to 2
    /// before it when its day is to be fixed and the snapshot lacks the zone or the day; the same again when a completion of
    /// that day is counted already.
    pub(super) async fn write_change(
        &self,
        permit: &Permit,
        (change, task): (&ReminderChange, TaskCondition),
        snapshot: &CounterSnapshot,
        add: impl Fn(&mut Transaction),
    ) -> Result<(), WriteError> {
        let ReminderChange { read, next, .. } = change;
        let zone = self.zone_of(read.user_id, change.needs_zone(), snapshot).await?;
        let mut marked = change.marked(&zone);
        loop {
            let mut transaction = permit.transaction(change.at);
            transaction.replace_reminder(read, &marked.reminder);
            let mut cards = card_of(&marked.reminder);
            if let Some(due) = next.follows().filter(|_| next.offset_minutes != read.offset_minutes) {
                cards.require_equal(DUE_DATE, text(due));
            }
            let refusal: OnRefusal<Refusal> = match task {
                TaskCondition::Present => Refusal::ReminderChanged.into(),
                TaskCondition::Open => {
                    let (status, completed) = (cards.name("status"), cards.value(text(TaskStatus::Completed.as_str())));
                    cards.require(format!("{status} <> {completed}"));
                    OnRefusal::by_presence(Refusal::ReminderChanged, Refusal::NotOpen)
                }
            };
            transaction.update_cards((next.user_id, next.task_id), cards, refusal);
            if let Some(completion) = &marked.completion {
                transaction.complete(completion);
            }
            add(&mut transaction);
            let counters = (&marked.counters, Cap::None);
            let written = self.transact_counted(read.user_id, transaction, counters, &snapshot.days).await;
            match (written, &marked.completion) {
                (Err(WriteError::Refused(Refusal::AlreadyCounted)), Some(CompletionChange::Count(completion))) => {
                    marked = change.clone().keeping(completion.day).marked(&zone);
                }
                (written, _) => return written,
            }
        }
    }

    /// The user's zone, where it `is_needed`. 1 call when it is not in the snapshot.
    async fn zone_of(&self, user: UserId, is_needed: bool, snapshot: &CounterSnapshot) -> Result<Zone, WriteError> {
        match &snapshot.zone {
            Some(zone) => Ok(zone.clone()),
            None if is_needed => {
                let user = self.user(user).await?;
                Ok(user.ok_or(WriteError::Refused(Refusal::AccountChanged))?.timezone)
            }
            None => Ok(Zone::UTC),
        }
    }

    /// A page of the user's reminders by time, each with its task unless that was deleted this moment. 2 calls; one more for
    /// each further 100 tasks, all at once.
    ///
    /// # Errors
    /// The table failed.
    pub async fn reminders(
        &self,
        user: UserId,
        after: Option<Position>,
        limit: u32,
    ) -> Result<ListPage<(Reminder, Option<TaskSummary>)>, StoreError> {
        let prefix = keys::REMINDER_PREFIX;
        let query = IndexQuery {
            user,
            index: Index::Time,
            range: (prefix, &end_of(prefix)),
            direction: Direction::Ascending,
            after,
            limit,
        };
        let page: ListPage<Reminder> = self.page(query).await?.read()?;
        let mut wanted: Vec<_> = page.rows.iter().map(|row| keys::task(user, row.value.task_id)).collect();
        wanted.sort();
        wanted.dedup();
        let read = |item| serde_dynamo::from_item(item).map(|task: TaskSummary| (task.id, task));
        let tasks = self.get_fields(wanted, &TaskSummary::FIELDS).await?.into_iter().map(read);
        let tasks: HashMap<TaskId, TaskSummary> = tasks.collect::<Result<_, _>>()?;
        Ok(page.map(|reminder| {
            let task = tasks.get(&reminder.task_id).cloned();
            (reminder, task)
        }))
    }

    /// The reminders of one task, by time. 1 call, none for a task without.
    ///
    /// # Errors
    /// The table failed.
    pub async fn reminders_of(&self, task: &Task) -> Result<Vec<Reminder>, StoreError> {
        let mut reminders = self.reminders_with_ids(task.user_id, task.reminders.keys().copied()).await?;
        reminders.sort_by_key(|reminder| (reminder.scheduled_at, reminder.id));
        Ok(reminders)
    }

    /// Reminders of a user by their ids, those that there are. 1 call, none for no ids.
    pub(super) async fn reminders_with_ids(
        &self,
        user: UserId,
        ids: impl Iterator<Item = ReminderId>,
    ) -> Result<Vec<Reminder>, StoreError> {
        let items = self.batch_get(ids.map(|id| keys::reminder(user, id)).collect()).await?;
        Ok(items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?)
    }

    /// What a firing reminder depends on; `None` when any of it is gone. 1 call; 1 more for a user whose address is not
    /// verified.
    ///
    /// # Errors
    /// The table failed.
    pub async fn firing(&self, user: UserId, reminder: ReminderId, task: TaskId) -> Result<Option<Firing>, StoreError> {
        let (reminder, task, user) = (keys::reminder(user, reminder), keys::task(user, task), keys::account(user));
        let mut rows = self.get_rows(vec![reminder.clone(), task.clone(), user.clone()]).await?;
        let found = rows.take(&reminder)?.zip(rows.take(&task)?).zip(rows.take(&user)?);
        let Some(((reminder, task), user)) = found else { return Ok(None) };
        let unverified = self.unverified_mailbox(&user).await?;
        Ok(Some(Firing { reminder, task, user, unverified }))
    }

    /// Records that a reminder of `user` fired: claims it, notifies the user, puts its mail on the way, and counts it on its
    /// day, all or nothing. 2 calls.
    ///
    /// # Errors
    /// [`Refusal::ReminderChanged`] when it was moved, finished, deleted or fired in the meantime;
    /// [`Refusal::MailboxChanged`] when another mail to the unverified mailbox was counted.
    pub async fn fire_reminder(&self, permit: &Permit, user: &User, fired: &Fired) -> Result<(), WriteError> {
        let Fired { change, notification, mail, unverified } = fired;
        let snapshot = CounterSnapshot { zone: Some(user.timezone.clone()), days: DaySnapshot::default() };
        let add = |transaction: &mut Transaction| {
            transaction.notify(notification);
            if let Some(mail) = mail {
                transaction.put_mail(mail);
            }
            if let Some(unverified) = unverified {
                transaction.count_unverified(unverified);
            }
        };
        self.write_change(permit, (change, TaskCondition::Present), &snapshot, add).await
    }
}

/// What a change of a reminder requires of its task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskCondition {
    /// It is there.
    Present,
    /// It is not completed.
    Open,
}

impl Transaction {
    /// Replaces a reminder's row, which must be as it was `read`; its card is the caller's.
    pub(super) fn replace_reminder(&mut self, read: &Reminder, next: &Reminder) {
        let unchanged = unchanged(read.version, read.counted);
        self.put(reminder_row(next), unchanged, Refusal::ReminderChanged);
    }
}

/// The reminder must still be of the version, and counted, as it was read.
pub(crate) fn unchanged(version: u64, counted: Option<CounterMark>) -> Expression {
    let mut unchanged = Expression::default();
    unchanged.require_equal("version", number(version));
    match counted {
        Some(counted) => unchanged.require_equal(COUNTED, text(counted)),
        None => unchanged.require_absent(COUNTED),
    };
    unchanged
}

pub(crate) fn card_path(reminder: ReminderId) -> String {
    format!("reminders.{reminder}")
}

/// Puts the reminder's card into its task.
fn card_of(reminder: &Reminder) -> Expression {
    let mut cards = Expression::default();
    cards.set_value(&card_path(reminder.id), &ReminderCard::from(reminder));
    cards
}

pub(crate) fn reminder_row(reminder: &Reminder) -> Row {
    let by_time = text(keys::reminder_by_time(reminder));
    let mut row =
        Row::new(keys::reminder(reminder.user_id, reminder.id), reminder).with(keys::BY_TIME, by_time.clone());
    if reminder.status == ReminderStatus::Pending {
        row = row.with(keys::OPEN, by_time);
    }
    if reminder.follows_digest() {
        row = row.with(keys::BY_CREATED, text(keys::following_review(reminder.id)));
    }
    match reminder.fires_at() {
        Some(fires_at) => row.with_due(keys::reminder_due(reminder, fires_at)),
        None => row,
    }
}
