//! A user's counters: tasks, reminders to come, completed ones, tasks by category, completed reminders by local day,
//! and the days that had any. They change in the transaction of what they count, so they are never behind.
//!
//! Every reminder and task remembers how it is counted, and a [`Change`] is the difference between that and how it
//! is to be counted. All but the days are plain additions. A day's bit in its year's row appears with the day's first
//! completion and vanishes with its last, so a transaction that counts on a day rests on what the day held:
//! [`KnownDays`] is read before it, and a condition refuses it when that is no longer so.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::keys;
use super::update::Expression;
use super::{Item, Refusal, Store, StoreError, Transaction, WriteError, number};
use crate::clock::Timestamp;
use crate::domain::analytics::bit_of;
use crate::domain::counted::Counted;
use crate::domain::zone::Zone;
use crate::id::UserId;

/// How many tasks the user has, or a category.
pub(crate) const TASKS: &str = "tasks";
/// How many reminders are to come.
pub(crate) const PENDING: &str = "pending";
/// How many reminders are completed.
pub(crate) const COMPLETED: &str = "completed";
/// How many bytes of files count.
pub(crate) const BYTES: &str = "bytes";
/// Counts the changes of the counters: a recount that another change overtakes is noticed.
pub(crate) const CHANGES: &str = "changes";

/// Tries against others who count on the same days.
const TRIES: u32 = 8;
/// By how much counters change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    tasks: i64,
    task_cap: Option<u32>,
    bytes: i64,
    byte_cap: Option<u64>,
    pending: i64,
    completed: i64,
    categories: BTreeMap<String, i64>,
    days: BTreeMap<Date, i64>,
}

impl Change {
    /// One task more, at most `cap` of them.
    pub(crate) fn task_in(&mut self, cap: u32) -> &mut Self {
        self.tasks += 1;
        self.task_cap = Some(cap);
        self
    }

    /// One task less.
    pub(crate) fn task_out(&mut self) -> &mut Self {
        self.tasks -= 1;
        self
    }

    /// So many bytes more, at most `cap` of them.
    pub(crate) fn bytes_in(&mut self, bytes: u64, cap: u64) -> &mut Self {
        self.bytes += signed(bytes);
        self.byte_cap = Some(cap);
        self
    }

    /// Bytes that count in place of others.
    pub(crate) fn bytes_instead(&mut self, before: u64, after: u64) -> &mut Self {
        self.bytes += signed(after) - signed(before);
        self
    }

    /// A task that was counted under one category counts under another; `None` is not at all.
    pub(crate) fn recategorize(&mut self, before: Option<&str>, after: Option<&str>) -> &mut Self {
        for (category, by) in [(before, -1), (after, 1)] {
            if let Some(category) = category {
                *self.categories.entry(category.to_owned()).or_default() += by;
            }
        }
        self.categories.retain(|_, by| *by != 0);
        self
    }

    /// A reminder that was counted one way counts another way; `None` is not at all.
    pub(crate) fn recount(&mut self, before: Option<Counted>, after: Option<Counted>) -> &mut Self {
        for (counted, by) in [(before, -1), (after, 1)] {
            match counted {
                None => {}
                Some(Counted::Pending) => self.pending += by,
                Some(Counted::CompletedOn(day)) => {
                    self.completed += by;
                    *self.days.entry(day).or_default() += by;
                }
            }
        }
        self.days.retain(|_, by| *by != 0);
        self
    }

    /// Whether nothing changes.
    pub(crate) fn is_nothing(&self) -> bool {
        let Self { tasks, task_cap: _, bytes, byte_cap: _, pending, completed, categories, days } = self;
        *tasks == 0 && *bytes == 0 && *pending == 0 && *completed == 0 && categories.is_empty() && days.is_empty()
    }

    fn months(&self) -> impl Iterator<Item = Date> {
        let mut months: Vec<Date> = self.days.keys().map(|day| day.first_of_month()).collect();
        months.dedup();
        months.into_iter()
    }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// What the days of some months hold, by the first of the month.
#[derive(Clone, Debug, Default)]
pub struct KnownDays(BTreeMap<Date, Item>);

impl KnownDays {
    /// The months of `asked`, of which `found` are the rows that there are.
    pub(crate) fn new(asked: impl IntoIterator<Item = Date>, found: Vec<Item>) -> Self {
        let mut known = Self(asked.into_iter().map(|day| (day.first_of_month(), Item::new())).collect());
        for item in found {
            if let Some(month) = sort_key(&item).and_then(keys::month_of_days) {
                known.0.insert(month, item);
            }
        }
        known
    }

    fn covers(&self, change: &Change) -> bool {
        change.months().all(|month| self.0.contains_key(&month))
    }

    fn count(&self, day: Date) -> i64 {
        self.0.get(&day.first_of_month()).map(|row| count(row, &keys::day_attribute(day))).unwrap_or_default()
    }
}

/// What a write knows beforehand of what counting needs; it reads the rest itself.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The user's zone.
    pub zone: Option<Zone>,
    /// What some months' days hold.
    pub days: KnownDays,
}

/// The month that most completions of `now` are counted in.
pub(crate) fn likely_month(now: Timestamp) -> Date {
    now.in_zone(Zone::UTC.rules()).date().first_of_month()
}

impl Store {
    /// Writes all or nothing, the counters included. 1 call; one more, before it, when days count that are not `known`.
    ///
    /// # Errors
    /// [`Refusal::DaysChanged`] when others never let it through, besides the transaction's own refusals.
    pub(crate) async fn transact_counted(
        &self,
        user: UserId,
        transaction: Transaction,
        change: &Change,
        known: &KnownDays,
    ) -> Result<(), WriteError> {
        let mut read;
        let mut known = known;
        for attempt in 1.. {
            if !known.covers(change) || attempt > 1 {
                read = self.days_of(user, change.months().collect()).await?;
                known = &read;
            }
            let mut transaction = transaction.clone();
            transaction.count(user, change, known)?;
            match self.transact(transaction).await {
                Err(WriteError::Refused(Refusal::DaysChanged)) if attempt < TRIES => {}
                other => return other,
            }
        }
        Ok(())
    }

    async fn days_of(&self, user: UserId, months: Vec<Date>) -> Result<KnownDays, StoreError> {
        let found = self.batch_get(months.iter().map(|month| keys::days(user, *month)).collect()).await?;
        Ok(KnownDays::new(months, found))
    }
}

impl Transaction {
    /// Changes the counters' rows: the totals, the categories, and for each month and year of `change` its days.
    /// At most 2 rows, 2 for the categories that a task leaves and enters, and 2 for each of its reminders.
    fn count(&mut self, user: UserId, change: &Change, known: &KnownDays) -> Result<(), StoreError> {
        if change.is_nothing() {
            return Ok(());
        }
        let mut totals = Expression::default();
        let numbers =
            [(TASKS, change.tasks), (BYTES, change.bytes), (PENDING, change.pending), (COMPLETED, change.completed)];
        for (name, by) in numbers {
            if by != 0 {
                totals.add(name, by);
            }
        }
        totals.add(CHANGES, 1);
        if let Some(cap) = change.task_cap {
            totals.require_below(TASKS, number(cap));
        }
        let mut refusal = Refusal::TooManyTasks;
        if let Some(cap) = change.byte_cap {
            // What is there leaves room for what comes.
            totals.require_below(BYTES, number(signed(cap) - change.bytes + 1));
            refusal = Refusal::QuotaExceeded;
        }
        self.update(keys::counters(user), &totals, refusal)?;
        for (category, by) in &change.categories {
            let mut tasks = Expression::default();
            tasks.add(TASKS, *by);
            self.update(keys::category(user, category), &tasks, Refusal::TaskChanged)?;
        }
        self.count_days(user, &change.days, known)
    }

    fn count_days(&mut self, user: UserId, days: &BTreeMap<Date, i64>, known: &KnownDays) -> Result<(), StoreError> {
        let mut months: BTreeMap<Date, Expression> = BTreeMap::new();
        let mut bits: BTreeMap<Date, i64> = BTreeMap::new();
        for (&day, &by) in days {
            let month = months.entry(day.first_of_month()).or_default();
            let bit = bits.entry(day.first_of_month()).or_default();
            let name = keys::day_attribute(day);
            match Effect::of(known.count(day), by) {
                Effect::Appears => {
                    month.add(&name, by).require_below(&name, number(1));
                    *bit += i64::from(bit_of(day));
                }
                Effect::Stays => {
                    month.add(&name, by).require_greater(&name, number((-by).max(0)));
                }
                Effect::Vanishes => {
                    month.add(&name, by).require_equal(&name, number(-by));
                    *bit -= i64::from(bit_of(day));
                }
                Effect::None => {
                    month.require_below(&name, number(-by));
                }
            }
        }
        let mut years: BTreeMap<i16, Expression> = BTreeMap::new();
        for (month, bit) in bits.into_iter().filter(|(_, bit)| *bit != 0) {
            years.entry(month.year()).or_default().add(&keys::month_attribute(month.month()), bit);
        }
        for (month, expression) in months {
            let key = keys::days(user, month);
            match expression.update_text() {
                Some(_) => self.update(key, &expression, Refusal::DaysChanged)?,
                None => self.check(key, &expression, Some(Refusal::DaysChanged))?,
            }
        }
        for (year, expression) in years {
            self.update(keys::streak(user, year), &expression, Refusal::DaysChanged)?;
        }
        Ok(())
    }
}

/// What a change does to a day.
enum Effect {
    /// It gets its first completion.
    Appears,
    /// It has some before and after.
    Stays,
    /// It loses its last.
    Vanishes,
    /// It holds less than is to be taken away. Either it was read too early, or somebody meddled with the row and
    /// a replay will mend it.
    None,
}

impl Effect {
    fn of(count: i64, by: i64) -> Self {
        match (count, count + by) {
            (..=0, 1..) => Self::Appears,
            (_, 1..) => Self::Stays,
            (1.., 0) => Self::Vanishes,
            _ => Self::None,
        }
    }
}

/// The number at `name`, 0 without one.
pub(crate) fn count(row: &Item, name: &str) -> i64 {
    let value = row.get(name).and_then(|value| value.as_n().ok());
    value.and_then(|number| number.parse().ok()).unwrap_or_default()
}

pub(crate) fn sort_key(row: &Item) -> Option<&str> {
    row.get(keys::SK).and_then(|sk| sk.as_s().ok()).map(String::as_str)
}

/// The days of a month's row that hold any.
pub(crate) fn days_of_row(row: &Item, month: Date) -> BTreeMap<Date, u64> {
    let days =
        std::iter::successors(Some(month), |day| day.tomorrow().ok()).take_while(|day| day.month() == month.month());
    days.filter_map(|day| {
        u64::try_from(count(row, &keys::day_attribute(day))).ok().filter(|n| *n > 0).map(|n| (day, n))
    })
    .collect()
}
