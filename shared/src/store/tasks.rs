//! Tasks.

use super::counters::{Cap, DaySnapshot};
use super::keys;
use super::reminders::card_path;
use super::row::Row;
use super::transact::{OnRefusal, Transaction};
use super::update::Expression;
use super::{Consistency, Item, Permit, Refusal, Store, StoreError, WriteError, number, text};
use crate::clock::Timestamp;
use crate::domain::delivery::DeliveryState;
use crate::domain::notification::Notification;
use crate::domain::reminder::ReminderStatus;
use crate::domain::task::{MAX_TASKS, ReminderCard, Task};
use crate::domain::task_change::TaskChange;
use crate::domain::zone::Zone;
use crate::id::{ReminderId, TaskId, UserId};

/// The cards of the task's children, which change without the task's version.
const CARDS: [&str; 2] = ["attachments", "reminders"];
/// The due date whose passing the user was notified of.
const OVERDUE_TOLD: &str = "overdueTold";
/// Counts the changes of the cards.
pub(crate) const CARDS_VERSION: &str = "cardsVersion";
/// The category that the task counts under; missing while it is not counted.
pub(crate) const COUNTED_CATEGORY: &str = "countedCategory";

/// A task, and what must not have changed for a write that depends on it.
#[derive(Clone, Debug)]
pub struct TaskRow {
    /// The task.
    pub task: Task,
    pub(super) cards_version: u64,
}

impl Store {
    /// Stores a new task. 1 call.
    ///
    /// # Errors
    /// [`Refusal::TooManyTasks`].
    pub async fn create_task(&self, permit: &Permit, task: &Task) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(task.created_at);
        transaction.put_new(new_task_row(task));
        let counters = (&task.counters_with(), Cap::Tasks(MAX_TASKS));
        self.transact_counted(task.user_id, transaction, counters, &DaySnapshot::default()).await
    }

    /// A task of the user; another's is as unknown as one that never was. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn task(&self, user: UserId, task: TaskId) -> Result<Option<TaskRow>, StoreError> {
        let item = self.get_item(keys::task(user, task), Consistency::Strong).await?;
        item.map(read_row).transpose()
    }

    /// Completes a change with what the move of the due date changes of the task's relative reminders, if it moves: the one way to
    /// move a due date. 1 call for all of them, none for a task without.
    ///
    /// # Errors
    /// The table failed.
    pub async fn follow_due_date(&self, change: TaskChange) -> Result<TaskChange, StoreError> {
        let moved = self.reminders_with_ids(change.task.user_id, change.moved_reminders()).await?;
        Ok(change.follow_due_date(&moved))
    }

    /// Writes a change of a task as it was read, with what follows from it. 1 call, which writes nothing where nothing changes, but
    /// the first answer to a request with an `Idempotency-Key`.
    ///
    /// # Errors
    /// [`Refusal::TaskChanged`] when it, or a reminder that it cancels, was changed in the meantime;
    /// [`Refusal::ReminderChanged`] when one was that follows its due date.
    pub async fn update_task(&self, permit: &Permit, read: &TaskRow, change: &TaskChange) -> Result<(), WriteError> {
        let TaskChange {
            task,
            cancelled,
            cancel_reason,
            due_date_move: _,
            followers,
            notification,
            occurrence,
            counters,
            at: now,
        } = change;
        let now = *now;
        let mut update = Expression::between(&own_row(&read.task), &own_row(task));
        if update.changes_nothing() {
            return self.write_nothing(permit, now).await;
        }
        let mut transaction = permit.transaction(now);
        update.require_equal("version", number(read.task.version));
        require_counted_as(&mut update, read.task.counted_category.as_deref());
        if notification.is_some() || occurrence.is_some() {
            // A reminder that was added in the meantime would have to be cancelled too.
            update.require_equal(CARDS_VERSION, number(read.cards_version));
        }
        if let Some(notification) = notification {
            transaction.notify(notification);
        }
        if let Some(occurrence) = occurrence {
            transaction.put_occurrence(occurrence);
        }
        for reminder in cancelled {
            let card = format!("reminders.{reminder}");
            update.set(&format!("{card}.status"), text(ReminderStatus::Skipped.as_str()));
            if read.task.reminders.get(reminder).is_some_and(|card| card.counted.is_some()) {
                update.remove(&format!("{card}.counted"));
            }
            transaction.cancel_reminder((task.user_id, *reminder), cancel_reason, now);
        }
        if change.due_date_move.is_some() || task.due_date.is_none() != read.task.due_date.is_none() {
            // A relative reminder that was added in the meantime would have to follow too.
            update.require_equal(CARDS_VERSION, number(read.cards_version));
        }
        for follower in followers {
            let marked = follower.marked(&Zone::UTC);
            update.set_value(&card_path(marked.reminder.id), &ReminderCard::from(&marked.reminder));
            transaction.replace_reminder(&follower.read, &marked.reminder);
            if let Some(completion) = &marked.completion {
                transaction.complete(completion);
            }
        }
        transaction.update(keys::task(task.user_id, task.id), update, Refusal::TaskChanged);
        self.transact_counted(task.user_id, transaction, (counters, Cap::None), &DaySnapshot::default()).await
    }

    /// Notifies the user, once, that the due date of a task as it was read has passed. 1 call.
    ///
    /// # Errors
    /// [`Refusal::TaskChanged`] when its own fields were changed in the meantime, or the user was notified.
    pub async fn notify_overdue(
        &self,
        permit: &Permit,
        task: &Task,
        notification: &Notification,
    ) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(notification.created_at);
        let mut change = Expression::default();
        let due = text(task.due_date.map(|due| due.to_string()).unwrap_or_default());
        let (name, value) = (change.name(OVERDUE_TOLD), change.value(due.clone()));
        change
            .set(OVERDUE_TOLD, due)
            .remove(keys::DUE_SHARD)
            .remove(keys::DUE_AT)
            .require(format!("(attribute_not_exists({name}) OR {name} <> {value})"))
            .require_equal("version", number(task.version));
        transaction.update(keys::task(task.user_id, task.id), change, Refusal::TaskChanged);
        transaction.notify(notification);
        self.transact(transaction).await
    }

    /// Takes a task whose user needs no notification out of the index of what is due. 1 call.
    ///
    /// # Errors
    /// [`Refusal::TaskChanged`] when its own fields were changed in the meantime.
    pub async fn settle_overdue(&self, permit: &Permit, task: &Task) -> Result<(), WriteError> {
        let mut change = Expression::default();
        change.remove(keys::DUE_SHARD).remove(keys::DUE_AT).require_equal("version", number(task.version));
        self.update_row(permit, keys::task(task.user_id, task.id), change, Refusal::TaskChanged).await
    }

    /// Deletes a task as it was read, and its reminders. Its notifications and attachments, and the completions that are not its
    /// reminders' latest, are left to the cleaner. 1 call, and one before it when it has completed reminders.
    ///
    /// # Errors
    /// [`Refusal::TaskChanged`] when it or its children were changed in the meantime.
    pub async fn delete_task(&self, permit: &Permit, read: &TaskRow, now: Timestamp) -> Result<(), WriteError> {
        let task = &read.task;
        let mut transaction = permit.transaction(now);
        let mut unchanged = Expression::default();
        unchanged
            .require_equal("version", number(task.version))
            .require_equal(CARDS_VERSION, number(read.cards_version));
        require_counted_as(&mut unchanged, task.counted_category.as_deref());
        transaction.delete(keys::task(task.user_id, task.id), unchanged, Refusal::TaskChanged);
        for reminder in task.reminders.keys() {
            transaction.remove(keys::reminder(task.user_id, *reminder));
        }
        let (counters, completions) = task.counters_without(now);
        for completion in &completions {
            transaction.complete(completion);
        }
        self.transact_counted(task.user_id, transaction, (&counters, Cap::None), &DaySnapshot::default()).await
    }
}

impl Transaction {
    /// Changes the cards of a task, which must be there.
    pub(crate) fn update_cards(
        &mut self,
        (user, task): (UserId, TaskId),
        mut cards: Expression,
        on_refusal: impl Into<OnRefusal<Refusal>>,
    ) {
        cards.add(CARDS_VERSION, 1).require_row();
        self.update(keys::task(user, task), cards, on_refusal);
    }

    /// Cancels a pending reminder, which was not read, because its task or its occurrence is over; its card is the caller's.
    fn cancel_reminder(&mut self, (user, reminder): (UserId, ReminderId), reason: &str, now: Timestamp) {
        let mut change = Expression::default();
        change
            .set("status", text(ReminderStatus::Skipped.as_str()))
            .set("delivery.state", text(DeliveryState::Skipped.as_str()))
            .set("delivery.reason", text(reason))
            .set("updatedAt", text(now.to_string()))
            .set_successor("plan", "version")
            .set_successor("version", "version")
            .remove(super::reminders::COUNTED)
            .remove(keys::OPEN)
            .remove(keys::BY_CREATED)
            .remove(keys::DUE_SHARD)
            .remove(keys::DUE_AT)
            .require_equal("status", text(ReminderStatus::Pending.as_str()));
        self.update(keys::reminder(user, reminder), change, Refusal::TaskChanged);
    }
}

fn read_row(item: Item) -> Result<TaskRow, StoreError> {
    let cards_version = super::counters::count(&item, CARDS_VERSION);
    let cards_version = u64::try_from(cards_version).unwrap_or_default();
    Ok(TaskRow { task: serde_dynamo::from_item(item)?, cards_version })
}

/// The task must still be counted as it was when it was read.
fn require_counted_as(condition: &mut Expression, category: Option<&str>) {
    match category {
        Some(category) => condition.require_equal(COUNTED_CATEGORY, text(category)),
        None => condition.require_absent(COUNTED_CATEGORY),
    };
}

pub(crate) fn new_task_row(task: &Task) -> Row {
    task_row(task).with(CARDS_VERSION, number(0))
}

fn task_row(task: &Task) -> Row {
    let row = Row::new(keys::task(task.user_id, task.id), task)
        .with(keys::BY_TIME, text(keys::task_by_time(task)))
        .with(keys::BY_CREATED, text(keys::task_by_created(task)));
    match task.overdue_at() {
        Some(at) => row.with_due(keys::task_due(task, at)),
        None => row,
    }
}

/// A task's own attributes: its cards are changed one by one.
pub(super) fn own_row(task: &Task) -> Row {
    task_row(task).without(&CARDS)
}
