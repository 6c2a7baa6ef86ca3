//! Tasks.

use super::counters::{Change, Known, KnownDays, likely_month};
use super::keys::{self, Index};
use super::page::{Direction, IndexQuery, Position, end_of};
use super::update::Expression;
use super::{Item, Permit, Refusal, Store, StoreError, Transaction, WriteError, number, row, text};
use crate::clock::Timestamp;
use crate::domain::notification::Notification;
use crate::domain::reminder::ReminderStatus;
use crate::domain::task::{Completion, MAX_TASKS, Task, TaskPatch};
use crate::domain::task_query::{TaskQuery, TaskSort};
use crate::domain::zone::Zone;
use crate::id::{TaskId, UserId};

/// Rows that a filtered page looks at, at most.
const FILTERED_LOOKS_AT: u32 = 500;
/// The cards of the task's children, which change without the task's version.
const CARDS: [&str; 2] = ["attachments", "reminders"];
/// The due date of which the user was told. Written by the telling alone: a change that rests on an older reading
/// must not undo it.
const OVERDUE_TOLD: &str = "overdueTold";
/// Counts the changes of the cards.
pub(crate) const CARDS_VERSION: &str = "cardsVersion";
/// The category that the task counts under; missing while it is not counted.
pub(crate) const COUNTED_CATEGORY: &str = "countedCategory";

/// A task, and what must not have changed for a write that rests on it.
#[derive(Clone, Debug)]
pub struct TaskRow {
    /// The task.
    pub task: Task,
    cards_version: u64,
    counted_category: Option<String>,
}

/// A page of tasks, and where the next one begins.
#[derive(Debug)]
pub struct TaskPage {
    /// The tasks, in order.
    pub tasks: Vec<Task>,
    /// `None` at the end.
    pub next: Option<Position>,
}

impl Store {
    /// Stores a new task. 1 call.
    ///
    /// # Errors
    /// [`Refusal::TooManyTasks`].
    pub async fn create_task(&self, permit: &Permit, task: &Task) -> Result<(), WriteError> {
        let mut transaction = Transaction::new(permit, task.created_at)?;
        transaction.put_new(new_task_row(task)?)?;
        let mut counted = Change::default();
        counted.task_in(MAX_TASKS).recategorize(None, Some(task.counted_category()));
        self.transact_counted(task.user_id, transaction, &counted, &KnownDays::default()).await
    }

    /// A task of the user; another's is as unknown as one that never was. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn task(&self, user: UserId, task: TaskId) -> Result<Option<TaskRow>, StoreError> {
        let item = self.get_item(keys::task(user, task), super::Consistency::Strong).await?;
        item.map(read_row).transpose()
    }

    /// A task that is to be deleted, and what its counting will probably need. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn task_to_delete(
        &self,
        user: UserId,
        task: TaskId,
        now: Timestamp,
    ) -> Result<Option<(TaskRow, Known)>, StoreError> {
        let month = likely_month(now);
        let wanted = vec![keys::task(user, task), keys::days(user, month)];
        let (mut found, mut days) = (None, Vec::new());
        for item in self.batch_get(wanted).await? {
            match super::counters::sort_key(&item) {
                Some(sk) if sk.starts_with(keys::TASK_PREFIX) => found = Some(read_row(item)?),
                _ => days.push(item),
            }
        }
        Ok(found.map(|row| (row, Known { zone: None, days: KnownDays::new([month], days) })))
    }

    /// Changes a task as it was read. Completing it calls off its pending reminders and tells the user once. 1 call.
    ///
    /// # Errors
    /// [`Refusal::TaskChanged`] when it, or a reminder that is to be called off, changed meanwhile.
    pub async fn update_task(
        &self,
        permit: &Permit,
        read: TaskRow,
        patch: TaskPatch,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<Task, WriteError> {
        let TaskRow { mut task, cards_version, counted_category } = read;
        let read_version = task.version;
        let completion = task.apply(patch, zone, now);
        let mut transaction = Transaction::new(permit, now)?;
        let mut change = own_fields(&task)?;
        change.require_equal("version", number(read_version));
        require_counted_as(&mut change, counted_category.as_deref());
        let mut counted = Change::default();
        counted.recategorize(counted_category.as_deref(), Some(task.counted_category()));
        if completion == Completion::Reached {
            change.require_equal(CARDS_VERSION, number(cards_version));
            let silenced: Vec<_> = task.pending_reminders().collect();
            for reminder in silenced {
                change.set(&format!("reminders.{reminder}.status"), text(ReminderStatus::Skipped.as_str()));
                transaction.silence_reminder(task.user_id, reminder, now)?;
                if let Some(card) = task.reminders.get_mut(&reminder) {
                    card.status = ReminderStatus::Skipped;
                    if let Some(before) = card.counted.take() {
                        change.remove(&format!("reminders.{reminder}.counted"));
                        counted.recount(Some(before), None);
                    }
                }
            }
            transaction.put_notification(&Notification::task_completed(&task, now))?;
        }
        transaction.update(keys::task(task.user_id, task.id), &change, Refusal::TaskChanged)?;
        self.transact_counted(task.user_id, transaction, &counted, &KnownDays::default()).await?;
        Ok(task)
    }

    /// Tells the user, once, that the due date of a task as it was read has passed. 1 call.
    ///
    /// # Errors
    /// [`Refusal::TaskChanged`] when its own fields changed meanwhile, or the user was told.
    pub async fn tell_overdue(&self, permit: &Permit, task: &Task, told: &Notification) -> Result<(), WriteError> {
        let mut transaction = Transaction::new(permit, told.created_at)?;
        let mut change = Expression::default();
        let due = text(task.due_date.map(|due| due.to_string()).unwrap_or_default());
        let (name, value) = (change.name(OVERDUE_TOLD), change.value(due.clone()));
        change
            .set(OVERDUE_TOLD, due)
            .remove(keys::DUE_SHARD)
            .remove(keys::DUE_AT)
            .require(format!("(attribute_not_exists({name}) OR {name} <> {value})"))
            .require_equal("version", number(task.version));
        transaction.update(keys::task(task.user_id, task.id), &change, Refusal::TaskChanged)?;
        transaction.put_notification(told)?;
        self.transact(transaction).await
    }

    /// Takes a task that nobody is to be told of out of the index of what is due. 1 call.
    ///
    /// # Errors
    /// [`Refusal::TaskChanged`] when its own fields changed meanwhile.
    pub async fn settle_overdue(&self, permit: &Permit, task: &Task) -> Result<(), WriteError> {
        let mut change = Expression::default();
        change.remove(keys::DUE_SHARD).remove(keys::DUE_AT).require_equal("version", number(task.version));
        self.update_row(permit, keys::task(task.user_id, task.id), &change, Refusal::TaskChanged).await
    }

    /// Deletes a task as it was read, and its reminders. Its notifications and attachments are left to the cleaner. 1 call, and
    /// one before it when it has completed reminders.
    ///
    /// # Errors
    /// [`Refusal::TaskChanged`] when it or its children changed meanwhile.
    pub async fn delete_task(&self, permit: &Permit, read: &TaskRow, now: Timestamp) -> Result<(), WriteError> {
        self.delete_task_knowing(permit, read, &Known::default(), now).await
    }

    /// Deletes a task as it was read, and its reminders, whose days are probably `known`. 1 call.
    ///
    /// # Errors
    /// As [`Self::delete_task`].
    pub async fn delete_task_knowing(
        &self,
        permit: &Permit,
        read: &TaskRow,
        known: &Known,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let task = &read.task;
        let mut transaction = Transaction::new(permit, now)?;
        let mut unchanged = Expression::default();
        unchanged
            .require_equal("version", number(task.version))
            .require_equal(CARDS_VERSION, number(read.cards_version));
        require_counted_as(&mut unchanged, read.counted_category.as_deref());
        let mut counted = Change::default();
        counted.task_out().recategorize(read.counted_category.as_deref(), None).bytes_instead(task.counted_bytes(), 0);
        transaction.delete(keys::task(task.user_id, task.id), &unchanged, Refusal::TaskChanged)?;
        for (reminder, card) in &task.reminders {
            let key = keys::reminder(task.user_id, *reminder);
            transaction.delete(key, &Expression::default(), Refusal::TaskChanged)?;
            counted.recount(card.counted, None);
        }
        self.transact_counted(task.user_id, transaction, &counted, &known.days).await
    }

    /// A page of tasks. 1 call; 2 where, in descending order, dated and undated tasks meet.
    ///
    /// # Errors
    /// The table failed.
    pub async fn tasks(
        &self,
        user: UserId,
        query: &TaskQuery,
        after: Option<Position>,
        limit: u32,
    ) -> Result<TaskPage, StoreError> {
        let mut page = TaskPage { tasks: Vec::new(), next: None };
        let mut budget = if query.filters() { FILTERED_LOOKS_AT } else { limit + 1 };
        let mut after = after;
        for stretch in stretches(query) {
            // The cursor lies in a later stretch: this one was read to its end before.
            if after.as_ref().is_some_and(|after| !stretch.holds(after)) {
                continue;
            }
            let Stretch { index, ref low, ref high, direction } = stretch;
            let read = IndexQuery { user, index, range: (low, high), direction, after: after.take(), limit: budget };
            let rows = self.query_index(read).await?;
            budget = budget.saturating_sub(u32::try_from(rows.items.len()).unwrap_or(u32::MAX));
            let more = rows.more;
            let last_seen = rows.items.last().and_then(|item| Position::of(item, index));
            for item in rows.items {
                let position = Position::of(&item, index);
                let task: Task = serde_dynamo::from_item(item)?;
                if !query.keeps(&task) {
                    continue;
                }
                if page.tasks.len() >= limit as usize {
                    return Ok(page);
                }
                page.tasks.push(task);
                page.next = position;
            }
            if more || budget == 0 {
                page.next = last_seen.or(page.next);
                return Ok(page);
            }
        }
        page.next = None;
        Ok(page)
    }
}

/// A stretch of an index: first and last sort key, and which way to read it.
struct Stretch {
    index: Index,
    low: String,
    high: String,
    direction: Direction,
}

impl Stretch {
    fn holds(&self, position: &Position) -> bool {
        (self.low.as_str()..=self.high.as_str()).contains(&position.index_sk.as_str())
    }
}

/// The stretches of an index that a query reads, in order.
fn stretches(query: &TaskQuery) -> Vec<Stretch> {
    let all =
        |index, prefix: &str, direction| Stretch { index, low: prefix.to_owned(), high: end_of(prefix), direction };
    let bounded = query.due_after.is_some() || query.due_before.is_some();
    let due = |direction| Stretch {
        index: Index::Time,
        low: query.due_after.map_or_else(|| keys::TASK_DATED.to_owned(), keys::tasks_due),
        // Keys go on behind the instant, so this leaves out what is due at it.
        high: query.due_before.map_or_else(|| end_of(keys::TASK_DATED), keys::tasks_due),
        direction,
    };
    match query.sort {
        // Undated tasks are neither before nor after any instant.
        TaskSort::DueDate if bounded => vec![due(Direction::Ascending)],
        TaskSort::DueDateDescending if bounded => vec![due(Direction::Descending)],
        TaskSort::DueDate => vec![all(Index::Time, keys::TASK_PREFIX, Direction::Ascending)],
        TaskSort::DueDateDescending => {
            vec![due(Direction::Descending), all(Index::Time, keys::TASK_UNDATED, Direction::Descending)]
        }
        TaskSort::CreatedAt => vec![all(Index::Created, keys::TASK_PREFIX, Direction::Ascending)],
        TaskSort::CreatedAtDescending => vec![all(Index::Created, keys::TASK_PREFIX, Direction::Descending)],
    }
    .into_iter()
    // An empty span of time is no range that the table takes.
    .filter(|stretch| stretch.low <= stretch.high)
    .collect()
}

impl Transaction {
    /// Puts a child's card into its task, which must be there.
    pub(crate) fn put_card(
        &mut self,
        (user, task): (UserId, TaskId),
        path: &str,
        card: Item,
        conditions: Expression,
        refusal: Refusal,
    ) -> Result<(), StoreError> {
        let mut change = conditions;
        change.set(path, aws_sdk_dynamodb::types::AttributeValue::M(card)).add(CARDS_VERSION, 1).require_row();
        self.update(keys::task(user, task), &change, refusal)
    }

    /// Takes a child's card out of its task, which must be there.
    pub(crate) fn remove_card(
        &mut self,
        (user, task): (UserId, TaskId),
        path: &str,
        refusal: Refusal,
    ) -> Result<(), StoreError> {
        let mut change = Expression::default();
        change.remove(path).add(CARDS_VERSION, 1).require_row();
        self.update(keys::task(user, task), &change, refusal)
    }
}

fn read_row(item: Item) -> Result<TaskRow, StoreError> {
    let cards_version = item
        .get(CARDS_VERSION)
        .and_then(|value| value.as_n().ok())
        .and_then(|count| count.parse().ok())
        .unwrap_or_default();
    let counted_category = item.get(COUNTED_CATEGORY).and_then(|value| value.as_s().ok()).cloned();
    Ok(TaskRow { task: serde_dynamo::from_item(item)?, cards_version, counted_category })
}

/// The task must still be counted as it was when it was read.
fn require_counted_as(condition: &mut Expression, category: Option<&str>) {
    match category {
        Some(category) => condition.require_equal(COUNTED_CATEGORY, text(category)),
        None => condition.require_absent(COUNTED_CATEGORY),
    };
}

pub(crate) fn new_task_row(task: &Task) -> Result<Item, StoreError> {
    let mut item = task_row(task)?;
    item.insert(CARDS_VERSION.to_owned(), number(0));
    Ok(item)
}

fn task_row(task: &Task) -> Result<Item, StoreError> {
    let mut item = row(keys::task(task.user_id, task.id), task)?;
    item.insert(keys::BY_TIME.to_owned(), text(keys::task_by_time(task)));
    item.insert(keys::BY_CREATED.to_owned(), text(keys::task_by_created(task)));
    if let Some(at) = task.overdue_at() {
        let (shard, at) = keys::task_due(task, at);
        item.insert(keys::DUE_SHARD.to_owned(), text(shard));
        item.insert(keys::DUE_AT.to_owned(), text(at));
    }
    item.insert(COUNTED_CATEGORY.to_owned(), text(task.counted_category()));
    Ok(item)
}

/// Sets a task's own fields and leaves its cards to others.
fn own_fields(task: &Task) -> Result<Expression, StoreError> {
    /// Fields that are missing from the row when the task has none.
    const OPTIONAL: [&str; 7] =
        ["description", "dueDate", "category", "link", "completedAt", keys::DUE_SHARD, keys::DUE_AT];
    let fixed = [keys::PK, keys::SK, keys::BY_CREATED, "id", "userId", "createdAt", OVERDUE_TOLD];
    let item = task_row(task)?;
    let mut change = Expression::default();
    for name in OPTIONAL.iter().filter(|name| !item.contains_key(**name)) {
        change.remove(name);
    }
    let mut fields: Vec<_> = item
        .into_iter()
        .filter(|(name, _)| !fixed.contains(&name.as_str()) && !CARDS.contains(&name.as_str()))
        .collect();
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, value) in fields {
        change.set(&name, value);
    }
    Ok(change)
}
