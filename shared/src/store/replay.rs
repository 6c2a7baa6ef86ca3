//! Counting a user's tasks and reminders again from the rows themselves, for operators: what the counters should
//! hold, how that differs from what they hold, and putting it right while the system runs.
//!
//! Every change of the counters moves [`CHANGES`]. A recount that a change overtakes is begun again, and a repair is
//! written only while nothing has changed since its recount.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use jiff::civil::Date;

use super::counters::{BYTES, CHANGES, COMPLETED, PENDING, TASKS, count};
use super::keys::{self, Key, RowKey, UserRowKey};
use super::page::end_of;
use super::reminders::{COUNTED, card_path};
use super::row::Row;
use super::tasks::COUNTED_CATEGORY;
use super::update::Expression;
use super::{Item, Permit, Refusal, Store, StoreError, WriteError, key_of, number, text};
use crate::clock::Timestamp;
use crate::domain::analytics::bit_of;
use crate::domain::counters::{CounterMark, signed};
use crate::domain::reminder::Reminder;
use crate::domain::task::Task;
use crate::domain::zone::Zone;
use crate::id::{ReminderId, TaskId, UserId};

/// What a replay does about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Reports it.
    Compare,
    /// Reports it and puts it right.
    Repair,
}

/// A number that is not what the rows say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Row and attribute.
    pub what: String,
    /// What it holds.
    pub stored: i64,
    /// What it should hold.
    pub counted: i64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: holds {}, should hold {}", self.what, self.stored, self.counted)
    }
}

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Tasks and reminders counted.
    pub rows: u64,
    /// Tasks and reminders that did not remember how they are to be counted.
    pub unmarked: u64,
    /// Numbers that were wrong.
    pub differences: Vec<Difference>,
}

impl Replay {
    /// Whether everything was as it should be.
    pub fn is_clean(&self) -> bool {
        self.unmarked == 0 && self.differences.is_empty()
    }
}

/// Recounts of a user who keeps changing things, at most; then the operator is to come back later.
const TRIES: u32 = 20;
/// Rows of one transaction of a repair, beside the counters' own.
const CHUNK: usize = 90;

/// The numbers of the counters' rows, by key and attribute; zeros are left out.
type Numbers = BTreeMap<Key, BTreeMap<String, i64>>;

/// A task's row, its reminders' rows, and the marks that they should have.
#[derive(Debug, Default)]
struct Family {
    category: Option<(Option<String>, Option<String>)>,
    reminders: Vec<(ReminderId, Mark)>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    version: u64,
    row: Option<CounterMark>,
    wanted: Option<CounterMark>,
}

/// What tasks and reminders are to remember.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marks {
    /// How they are counted.
    Right,
    /// Nothing.
    None,
}

/// A recount.
struct Recount {
    rows: u64,
    numbers: Numbers,
    families: BTreeMap<TaskId, Family>,
}

impl Store {
    /// Counts a user's tasks and reminders again, compares, and with [`Mode::Repair`] puts right what differs. `None`
    /// when the account is gone. Reads the user's rows once, more often while the user changes them; repairs in
    /// transactions of at most 100 rows.
    ///
    /// # Errors
    /// The table failed, or the user never held still ([`Refusal::CountersChanged`]).
    pub async fn replay(
        &self,
        permit: &Permit,
        user: UserId,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Option<Replay>, WriteError> {
        let Some(account) = self.user(user).await? else { return Ok(None) };
        let mut first: Option<Replay> = None;
        for _ in 0..TRIES {
            let before = self.changes(user).await?;
            let recount = self.recount(user, &account.timezone, Marks::Right).await?;
            let stored = self.stored_numbers(user).await?;
            if self.changes(user).await? != before {
                continue;
            }
            let replay = Replay {
                rows: recount.rows,
                unmarked: recount.families.values().map(Family::unmarked).sum(),
                differences: differences(&stored, &recount.numbers),
            };
            // What a repair that was overtaken halfway has put right already was found before.
            let report = first.get_or_insert_with(|| replay.clone());
            let spent = |row: &BTreeMap<String, i64>| row.values().all(|value| *value == 0);
            let is_tidy = !stored.iter().any(|(key, row)| *key != keys::counters(user) && spent(row));
            if mode == Mode::Compare || (replay.is_clean() && is_tidy) {
                return Ok(Some(report.clone()));
            }
            match self.repair(permit, (user, now), before, &recount, &stored).await {
                Ok(()) => return Ok(first),
                Err(WriteError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(WriteError::Refused(Refusal::CountersChanged))
    }

    /// Takes the counters of a user away, with the marks that go with them, but for the numbers of tasks and of bytes, which limits
    /// depend on.
    ///
    /// # Errors
    /// As [`Self::replay`].
    pub async fn forget_counters(&self, permit: &Permit, user: UserId, now: Timestamp) -> Result<u64, WriteError> {
        for _ in 0..TRIES {
            let before = self.changes(user).await?;
            let mut recount = self.recount(user, &Zone::UTC, Marks::None).await?;
            recount.numbers.retain(|key, _| *key == keys::counters(user));
            for row in recount.numbers.values_mut() {
                row.retain(|name, _| [TASKS, BYTES].contains(&name.as_str()));
            }
            let stored = self.stored_numbers(user).await?;
            match self.repair(permit, (user, now), before, &recount, &stored).await {
                Ok(()) => return Ok(recount.rows),
                Err(WriteError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(WriteError::Refused(Refusal::CountersChanged))
    }

    async fn changes(&self, user: UserId) -> Result<i64, StoreError> {
        let row = self.get_item(keys::counters(user), super::Consistency::Strong).await?;
        Ok(row.map(|row| count(&row, CHANGES)).unwrap_or_default())
    }

    async fn recount(&self, user: UserId, zone: &Zone, marks: Marks) -> Result<Recount, StoreError> {
        let mut recount = Recount { rows: 0, numbers: Numbers::new(), families: BTreeMap::new() };
        let mut cards: HashMap<ReminderId, Option<CounterMark>> = HashMap::new();
        let mut tasks = Self::rows_of(user, keys::TASK_PREFIX);
        while let Some(page) = tasks.next(self).await? {
            for item in page {
                let task: Task = serde_dynamo::from_item(item)?;
                recount.add(keys::counters(user), TASKS, 1);
                recount.add(keys::category(user, task.category_to_count()), TASKS, 1);
                if task.counted_bytes() > 0 {
                    recount.add(keys::counters(user), BYTES, signed(task.counted_bytes()));
                }
                recount.rows += 1;
                let wanted = (marks == Marks::Right).then(|| task.category_to_count().to_owned());
                if task.counted_category != wanted {
                    recount.families.entry(task.id).or_default().category = Some((task.counted_category, wanted));
                }
                cards.extend(task.reminders.iter().map(|(id, card)| (*id, card.counted)));
            }
        }
        // A completion that its reminder's mark names as well counts once.
        let mut completed: HashSet<(ReminderId, Date)> = self.completed_days(user).await?.into_iter().collect();
        let mut reminders = Self::rows_of(user, keys::REMINDER_PREFIX);
        while let Some(page) = reminders.next(self).await? {
            for item in page {
                let reminder: Reminder = serde_dynamo::from_item(item)?;
                recount.rows += 1;
                let counted = reminder.counter_mark(zone);
                let wanted = counted.filter(|_| marks == Marks::Right);
                let mark = Mark { version: reminder.version, row: reminder.counted, wanted };
                match counted {
                    None => {}
                    Some(CounterMark::Pending) => recount.add(keys::counters(user), PENDING, 1),
                    Some(CounterMark::CompletedOn(day)) => {
                        completed.insert((reminder.id, day));
                    }
                }
                let card = cards.get(&reminder.id).copied().flatten();
                if mark.row != mark.wanted || card != mark.wanted {
                    recount.families.entry(reminder.task_id).or_default().reminders.push((reminder.id, mark));
                }
            }
        }
        let mut days: BTreeMap<Date, i64> = BTreeMap::new();
        for (_, day) in completed {
            recount.add(keys::counters(user), COMPLETED, 1);
            *days.entry(day).or_default() += 1;
        }
        recount.add_days(user, &days);
        Ok(recount)
    }

    /// What the counters' rows hold.
    async fn stored_numbers(&self, user: UserId) -> Result<Numbers, StoreError> {
        let mut rows = self.rows_between(user, keys::CATEGORY_PREFIX, keys::COUNTERS).await?;
        for prefix in [keys::DAYS_PREFIX, keys::STREAK_PREFIX] {
            rows.extend(self.rows_between(user, prefix, &end_of(prefix)).await?);
        }
        Ok(rows.iter().filter_map(|row| Some((key_of(row)?, numbers_of(row)?))).collect())
    }

    /// Writes what a recount found: first the marks, then the numbers, these only while nothing was counted since.
    async fn repair(
        &self,
        permit: &Permit,
        (user, now): (UserId, Timestamp),
        mut changes: i64,
        recount: &Recount,
        stored: &Numbers,
    ) -> Result<(), WriteError> {
        self.mark(permit, (user, now), &recount.families).await?;
        let wrong: Vec<&Key> = stored
            .keys()
            .chain(recount.numbers.keys().filter(|key| !stored.contains_key(*key)))
            .filter(|key| stored.get(*key) != recount.numbers.get(*key))
            .filter(|key| **key != keys::counters(user))
            .collect();
        let mut chunks = wrong.chunks(CHUNK).peekable();
        loop {
            let mut transaction = permit.transaction(now);
            for key in chunks.next().unwrap_or_default() {
                match recount.numbers.get(*key) {
                    None => transaction.remove((*key).clone()),
                    Some(numbers) => {
                        let numbers = numbers.iter().map(|(name, value)| (name.clone(), number(value)));
                        transaction.put_new(Row::of_attributes((*key).clone(), numbers.collect()));
                    }
                }
            }
            let mut totals = Expression::default();
            totals.add(CHANGES, 1).require_below(CHANGES, number(changes + 1));
            for name in [TASKS, BYTES, PENDING, COMPLETED] {
                let value = recount.numbers.get(&keys::counters(user)).and_then(|it| it.get(name)).copied();
                totals.set(name, number(value.unwrap_or_default()));
            }
            transaction.update(keys::counters(user), totals, Refusal::CountersChanged);
            self.transact(transaction).await?;
            changes += 1;
            if chunks.peek().is_none() {
                return Ok(());
            }
        }
    }

    /// Writes the marks: a task and its reminders in one transaction.
    async fn mark(
        &self,
        permit: &Permit,
        (user, now): (UserId, Timestamp),
        families: &BTreeMap<TaskId, Family>,
    ) -> Result<(), WriteError> {
        for (task, family) in families {
            let mut transaction = permit.transaction(now);
            let mut change = Expression::default();
            if let Some((before, wanted)) = &family.category {
                match before {
                    Some(before) => change.require_equal(COUNTED_CATEGORY, text(before)),
                    None => change.require_absent(COUNTED_CATEGORY),
                };
                match wanted {
                    Some(wanted) => change.set(COUNTED_CATEGORY, text(wanted)),
                    None => change.remove(COUNTED_CATEGORY),
                };
            }
            for (reminder, mark) in &family.reminders {
                let card = card_path(*reminder);
                change.require_present(&card);
                set_or_remove(&mut change, &format!("{card}.{COUNTED}"), mark.wanted);
                let mut row = super::reminders::unchanged(mark.version, mark.row);
                set_or_remove(&mut row, COUNTED, mark.wanted);
                transaction.update(keys::reminder(user, *reminder), row, Refusal::ReminderChanged);
            }
            transaction.update_cards((user, *task), change, Refusal::TaskChanged);
            self.transact(transaction).await?;
        }
        Ok(())
    }
}

fn set_or_remove(change: &mut Expression, path: &str, mark: Option<CounterMark>) {
    match mark {
        Some(counted) => change.set(path, text(counted)),
        None => change.remove(path),
    };
}

impl Family {
    fn unmarked(&self) -> u64 {
        u64::from(self.category.is_some()) + self.reminders.len() as u64
    }
}

impl Recount {
    fn add(&mut self, key: Key, name: &str, by: i64) {
        *self.numbers.entry(key).or_default().entry(name.to_owned()).or_default() += by;
    }

    fn add_days(&mut self, user: UserId, days: &BTreeMap<Date, i64>) {
        for (day, completed) in days {
            self.add(keys::days(user, *day), &keys::day_attribute(*day), *completed);
            let bit = i64::from(bit_of(*day));
            self.add(keys::streak(user, day.year()), &keys::month_attribute(day.month()), bit);
        }
    }
}

/// The numbers of a row that a recount knows; `None` for rows that count nothing.
fn numbers_of(row: &Item) -> Option<BTreeMap<String, i64>> {
    const TOTALS: [&str; 4] = [TASKS, BYTES, PENDING, COMPLETED];
    let key = key_of(row)?;
    let RowKey::OfUser(_, kind) = RowKey::parse(&key.pk, &key.sk)? else { return None };
    let numbers = |is_counted: fn(&str) -> bool| {
        let names = row.keys().filter(|name| is_counted(name));
        Some(names.map(|name| (name.clone(), count(row, name))).collect())
    };
    match kind {
        UserRowKey::Counters => numbers(|name| TOTALS.contains(&name)),
        UserRowKey::Category(_) | UserRowKey::Days(_) | UserRowKey::Streak(_) => {
            numbers(|name| ![keys::PK, keys::SK].contains(&name))
        }
        UserRowKey::Account
        | UserRowKey::Session(_)
        | UserRowKey::Export
        | UserRowKey::ReviewMove
        | UserRowKey::Completion(..)
        | UserRowKey::Task(_)
        | UserRowKey::Reminder(_)
        | UserRowKey::Attachment(_)
        | UserRowKey::Notification(_)
        | UserRowKey::Inbox
        | UserRowKey::Mail(_)
        | UserRowKey::Occurrence(..)
        | UserRowKey::Idempotency(_) => None,
    }
}

fn differences(stored: &Numbers, counted: &Numbers) -> Vec<Difference> {
    let named = |numbers: &Numbers| -> Vec<(Key, String)> {
        numbers.iter().flat_map(|(key, row)| row.keys().map(move |name| (key.clone(), name.clone()))).collect()
    };
    let mut names = named(stored);
    names.extend(named(counted));
    names.sort();
    names.dedup();
    let value = |numbers: &Numbers, key: &Key, name: &str| {
        numbers.get(key).and_then(|row| row.get(name)).copied().unwrap_or_default()
    };
    let mut differences = Vec::new();
    for (key, name) in names {
        let (stored, counted) = (value(stored, &key, &name), value(counted, &key, &name));
        if stored != counted {
            differences.push(Difference { what: format!("{} {name}", key.sk), stored, counted });
        }
    }
    differences
}
