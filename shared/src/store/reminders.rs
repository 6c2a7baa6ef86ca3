//! Reminders. Each is a row of its own and a card in its task; both change together.

use super::counters::{Change, Known, KnownDays, likely_month};
use super::keys::{self, Index};
use super::page::{Direction, IndexQuery, Position, end_of};
use super::update::Expression;
use super::{Item, Permit, Refusal, Store, StoreError, Transaction, WriteError, number, row, text};
use crate::clock::Timestamp;
use crate::domain::counted::Counted;
use crate::domain::delivery::DeliveryState;
use crate::domain::mail::Mail;
use crate::domain::notification::Notification;
use crate::domain::reminder::{Reminder, ReminderStatus};
use crate::domain::task::{MAX_REMINDERS, ReminderCard, Task};
use crate::domain::user::User;
use crate::domain::zone::Zone;
use crate::id::{ReminderId, TaskId, UserId};

/// What the user's counters hold of a reminder, on its row and on its card.
pub(crate) const COUNTED: &str = "counted";

/// A page of reminders, and where the next one begins.
#[derive(Debug)]
pub struct ReminderPage {
    /// The reminders by time, each with its task unless that was deleted this moment.
    pub reminders: Vec<(Reminder, Option<Task>)>,
    /// `None` at the end.
    pub next: Option<Position>,
}

/// What a firing reminder needs to know.
#[derive(Debug)]
pub struct Firing {
    /// The reminder.
    pub reminder: Reminder,
    /// Its task.
    pub task: Task,
    /// Its user.
    pub user: User,
}

impl Store {
    /// Stores a new reminder. 1 call; 2 more before it for one that is completed already.
    ///
    /// # Errors
    /// [`Refusal::TaskGone`], [`Refusal::TooManyReminders`].
    pub async fn create_reminder(&self, permit: &Permit, reminder: &Reminder) -> Result<(), WriteError> {
        let mut transaction = Transaction::new(permit, reminder.created_at)?;
        let mut room = Expression::default();
        room.require_smaller("reminders", MAX_REMINDERS);
        let (counted, change) = self.recounted(reminder, &Known::default()).await?;
        let card = card(&counted)?;
        let of = (reminder.user_id, reminder.task_id);
        transaction.put_card(of, &card_path(reminder.id), card, room, Refusal::TooManyReminders)?;
        transaction.put_new(reminder_row(&counted)?)?;
        self.transact_counted(reminder.user_id, transaction, &change, &KnownDays::default()).await
    }

    /// A reminder of the user; another's is as unknown as one that never was. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn reminder(&self, user: UserId, reminder: ReminderId) -> Result<Option<Reminder>, StoreError> {
        self.get(keys::reminder(user, reminder)).await
    }

    /// A reminder that is to be completed, moved or deleted, and what its counting will probably need. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn reminder_to_recount(
        &self,
        user: UserId,
        reminder: ReminderId,
        now: Timestamp,
    ) -> Result<Option<(Reminder, Known)>, StoreError> {
        let month = likely_month(now);
        let wanted = vec![keys::reminder(user, reminder), keys::account(user), keys::days(user, month)];
        let (mut found, mut zone, mut days) = (None, None, Vec::new());
        for item in self.batch_get(wanted).await? {
            match super::counters::sort_key(&item) {
                Some(sk) if sk.starts_with(keys::REMINDER_PREFIX) => found = Some(serde_dynamo::from_item(item)?),
                Some(keys::ACCOUNT) => zone = Some(serde_dynamo::from_item::<_, User>(item)?.timezone),
                _ => days.push(item),
            }
        }
        Ok(found.map(|reminder| (reminder, Known { zone, days: KnownDays::new([month], days) })))
    }

    /// Stores a reminder that was read at `read_version` and changed. 1 call, and up to 2 before it when its
    /// counting needs the user's zone and a day.
    ///
    /// # Errors
    /// [`Refusal::ReminderChanged`] when it changed meanwhile.
    pub async fn update_reminder(
        &self,
        permit: &Permit,
        reminder: &Reminder,
        read_version: u64,
    ) -> Result<(), WriteError> {
        self.update_reminder_knowing(permit, reminder, read_version, &Known::default()).await
    }

    /// The same with what is `known` of its counting. 1 call when that is all it needs.
    ///
    /// # Errors
    /// As [`Self::update_reminder`].
    pub async fn update_reminder_knowing(
        &self,
        permit: &Permit,
        reminder: &Reminder,
        read_version: u64,
        known: &Known,
    ) -> Result<(), WriteError> {
        let mut transaction = Transaction::new(permit, reminder.updated_at)?;
        let (counted, change) = self.recounted(reminder, known).await?;
        transaction.replace_reminder(&counted, reminder.counted, read_version)?;
        self.transact_counted(reminder.user_id, transaction, &change, &known.days).await
    }

    /// Deletes a reminder as it was read. 1 call, and one before it when its day is not `known`.
    ///
    /// # Errors
    /// [`Refusal::ReminderChanged`] when it changed meanwhile.
    pub async fn delete_reminder_knowing(
        &self,
        permit: &Permit,
        reminder: &Reminder,
        known: &Known,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let mut transaction = Transaction::new(permit, now)?;
        let unchanged = unchanged(reminder.version, reminder.counted);
        let key = keys::reminder(reminder.user_id, reminder.id);
        transaction.delete(key, &unchanged, Refusal::ReminderChanged)?;
        let of = (reminder.user_id, reminder.task_id);
        transaction.remove_card(of, &card_path(reminder.id), Refusal::ReminderChanged)?;
        let mut change = Change::default();
        change.recount(reminder.counted, None);
        self.transact_counted(reminder.user_id, transaction, &change, &known.days).await
    }

    /// The same, nothing known beforehand.
    ///
    /// # Errors
    /// As [`Self::delete_reminder_knowing`].
    pub async fn delete_reminder(
        &self,
        permit: &Permit,
        reminder: &Reminder,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        self.delete_reminder_knowing(permit, reminder, &Known::default(), now).await
    }

    /// The reminder as it is to be stored, and what that changes of the counters. 1 call when its day is to be
    /// fixed and the zone is not known.
    async fn recounted(&self, reminder: &Reminder, known: &Known) -> Result<(Reminder, Change), WriteError> {
        let zone = match &known.zone {
            Some(zone) => zone.clone(),
            None if reminder.needs_zone() => {
                self.user(reminder.user_id).await?.ok_or(WriteError::Refused(Refusal::AccountChanged))?.timezone
            }
            None => Zone::UTC,
        };
        let counted = Reminder { counted: reminder.to_count(&zone), ..reminder.clone() };
        let mut change = Change::default();
        change.recount(reminder.counted, counted.counted);
        Ok((counted, change))
    }

    /// A page of the user's reminders by time. 2 calls.
    ///
    /// # Errors
    /// The table failed.
    pub async fn reminders(
        &self,
        user: UserId,
        after: Option<Position>,
        limit: u32,
    ) -> Result<ReminderPage, StoreError> {
        let prefix = keys::REMINDER_PREFIX;
        let query = IndexQuery {
            user,
            index: Index::Time,
            range: (prefix, &end_of(prefix)),
            direction: Direction::Ascending,
            after,
            limit,
        };
        let (items, next) = self.page(query).await?;
        let reminders: Vec<Reminder> = items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?;
        let mut tasks = self.tasks_by_id(user, reminders.iter().map(|reminder| reminder.task_id)).await?;
        tasks.sort_by_key(|task| task.id);
        let task_of =
            |id: TaskId| tasks.binary_search_by_key(&id, |task| task.id).ok().and_then(|at| tasks.get(at)).cloned();
        let reminders = reminders
            .into_iter()
            .map(|reminder| {
                let task = task_of(reminder.task_id);
                (reminder, task)
            })
            .collect();
        Ok(ReminderPage { reminders, next })
    }

    /// The reminders of one task, by time. 1 call, none for a task without.
    ///
    /// # Errors
    /// The table failed.
    pub async fn reminders_of(&self, task: &Task) -> Result<Vec<Reminder>, StoreError> {
        let wanted: Vec<_> = task.reminders.keys().map(|id| keys::reminder(task.user_id, *id)).collect();
        let items = self.batch_get(wanted).await?;
        let mut reminders: Vec<Reminder> = items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?;
        reminders.sort_by_key(|reminder| (reminder.scheduled_at, reminder.id));
        Ok(reminders)
    }

    /// What a firing reminder needs; `None` when any of it is gone. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn firing(&self, user: UserId, reminder: ReminderId, task: TaskId) -> Result<Option<Firing>, StoreError> {
        let wanted = vec![keys::reminder(user, reminder), keys::task(user, task), keys::account(user)];
        let (mut found_reminder, mut found_task, mut found_user) = (None, None, None);
        for item in self.batch_get(wanted).await? {
            match item.get(keys::SK).and_then(|sk| sk.as_s().ok()).map(String::as_str) {
                Some(keys::ACCOUNT) => found_user = Some(serde_dynamo::from_item(item)?),
                Some(sk) if sk.starts_with(keys::TASK_PREFIX) => found_task = Some(serde_dynamo::from_item(item)?),
                Some(_) => found_reminder = Some(serde_dynamo::from_item(item)?),
                None => {}
            }
        }
        let Some(((reminder, task), user)) = found_reminder.zip(found_task).zip(found_user) else {
            return Ok(None);
        };
        Ok(Some(Firing { reminder, task, user }))
    }

    /// Records that a reminder fired: claims it, tells the user in the app, puts its mail on the way, and counts it
    /// on its day, all or nothing. 2 calls.
    ///
    /// # Errors
    /// [`Refusal::ReminderChanged`] when it was moved, finished, deleted or fired meanwhile.
    pub async fn fire_reminder(
        &self,
        permit: &Permit,
        (fired, read_version): (&Reminder, u64),
        notification: &Notification,
        mail: Option<&Mail>,
        user: &User,
    ) -> Result<(), WriteError> {
        let mut transaction = Transaction::new(permit, fired.updated_at)?;
        let known = Known { zone: Some(user.timezone.clone()), days: KnownDays::default() };
        let (counted, change) = self.recounted(fired, &known).await?;
        transaction.replace_reminder(&counted, fired.counted, read_version)?;
        transaction.put_notification(notification)?;
        if let Some(mail) = mail {
            transaction.put_mail(mail)?;
            if !user.email_verified {
                transaction.count_unverified_mail(user)?;
            }
        }
        self.transact_counted(fired.user_id, transaction, &change, &known.days).await
    }
}

impl Transaction {
    /// Replaces a reminder that was read at a version, and counted so.
    fn replace_reminder(
        &mut self,
        reminder: &Reminder,
        read_counted: Option<Counted>,
        read_version: u64,
    ) -> Result<(), StoreError> {
        let unchanged = unchanged(read_version, read_counted);
        self.put(reminder_row(reminder)?, &unchanged, Refusal::ReminderChanged)?;
        let of = (reminder.user_id, reminder.task_id);
        let card = card(reminder)?;
        self.put_card(of, &card_path(reminder.id), card, Expression::default(), Refusal::ReminderChanged)
    }

    /// Calls off a pending reminder without having read it; its card is the caller's.
    pub(crate) fn silence_reminder(
        &mut self,
        user: UserId,
        reminder: ReminderId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut change = Expression::default();
        change
            .set("status", text(ReminderStatus::Skipped.as_str()))
            .set("delivery.state", text(DeliveryState::Skipped.as_str()))
            .set("delivery.reason", text("its task was completed"))
            .set("updatedAt", text(now.to_string()))
            .set_successor("plan", "version")
            .set_successor("version", "version")
            .remove(COUNTED)
            .remove(keys::OPEN)
            .remove(keys::DUE_SHARD)
            .remove(keys::DUE_AT)
            .require_equal("status", text(ReminderStatus::Pending.as_str()));
        self.update(keys::reminder(user, reminder), &change, Refusal::TaskChanged)
    }
}

/// The reminder must still be of the version, and counted, as it was read.
pub(crate) fn unchanged(version: u64, counted: Option<Counted>) -> Expression {
    let mut unchanged = Expression::default();
    unchanged.require_equal("version", number(version));
    match counted {
        Some(counted) => unchanged.require_equal(COUNTED, text(counted)),
        None => unchanged.require_absent(COUNTED),
    };
    unchanged
}

fn card_path(reminder: ReminderId) -> String {
    format!("reminders.{reminder}")
}

fn card(reminder: &Reminder) -> Result<Item, StoreError> {
    Ok(serde_dynamo::to_item(ReminderCard::from(reminder))?)
}

pub(crate) fn reminder_row(reminder: &Reminder) -> Result<Item, StoreError> {
    let mut item = row(keys::reminder(reminder.user_id, reminder.id), reminder)?;
    let by_time = keys::reminder_by_time(reminder);
    if reminder.status == ReminderStatus::Pending {
        item.insert(keys::OPEN.to_owned(), text(by_time.clone()));
    }
    item.insert(keys::BY_TIME.to_owned(), text(by_time));
    if let Some(fires_at) = reminder.fires_at() {
        let (shard, at) = keys::reminder_due(reminder, fires_at);
        item.insert(keys::DUE_SHARD.to_owned(), text(shard));
        item.insert(keys::DUE_AT.to_owned(), text(at));
    }
    Ok(item)
}
