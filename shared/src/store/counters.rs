//! A user's counters: tasks, pending and completed reminders, tasks by category, completed reminders by local day, and the days
//! that had any. They change in the transaction of what they count, so they are never behind.
//!
//! All but the days are plain additions. A day's bit in its year's row appears with the day's first completion and vanishes
//! with its last, so a transaction that counts on a day depends on what the day held: [`DaySnapshot`] is read before it, and a
//! condition refuses it when that is no longer so.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;

use super::keys;
use super::transact::Transaction;
use super::update::Expression;
use super::{Item, Refusal, Store, StoreError, WriteError, number};
use crate::backoff::Backoff;
use crate::clock::Timestamp;
use crate::domain::analytics::bit_of;
use crate::domain::counters::{CounterChange, signed};
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
const BACKOFF: Backoff = Backoff::new(8, Duration::from_millis(5), Duration::from_millis(160));

/// What a change of the counters must not exceed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cap {
    None,
    /// The user's tasks.
    Tasks(u32),
    /// The bytes of the user's files.
    Bytes(u64),
}

/// What the days of some months hold, by the first of the month.
#[derive(Clone, Debug, Default)]
pub struct DaySnapshot(BTreeMap<Date, Item>);

impl DaySnapshot {
    /// A month, and its row if there is one.
    pub(crate) fn of(month: Date, row: Option<Item>) -> Self {
        Self([(month, row.unwrap_or_default())].into())
    }

    fn covers(&self, change: &CounterChange) -> bool {
        change.months().all(|month| self.0.contains_key(&month))
    }

    fn count(&self, day: Date) -> i64 {
        self.0.get(&day.first_of_month()).map(|row| count(row, &keys::day_attribute(day))).unwrap_or_default()
    }
}

/// What was read beforehand of what counting needs. A write reads the rest itself, so an empty snapshot costs calls, no more.
#[derive(Clone, Debug, Default)]
pub struct CounterSnapshot {
    /// The user's zone.
    pub zone: Option<Zone>,
    /// What some months' days hold.
    pub days: DaySnapshot,
}

/// The month that most completions of `now` are counted in.
pub(crate) fn likely_month(now: Timestamp) -> Date {
    now.in_zone(Zone::UTC.rules()).date().first_of_month()
}

impl Store {
    /// Writes all or nothing, the counters included. 1 call; one more, before it, when days change that are not in the
    /// snapshot.
    ///
    /// # Errors
    /// [`Refusal::DaysChanged`] when others change the same days at every try, besides the transaction's own refusals.
    pub(crate) async fn transact_counted(
        &self,
        user: UserId,
        transaction: Transaction,
        (change, cap): (&CounterChange, Cap),
        days: &DaySnapshot,
    ) -> Result<(), WriteError> {
        let mut read;
        let mut days = days;
        let mut backoff = BACKOFF;
        loop {
            if !days.covers(change) {
                read = self.days_of(user, change).await?;
                days = &read;
            }
            let mut counted = transaction.clone();
            counted.count(user, (change, cap), days);
            match self.transact(counted).await {
                Err(WriteError::Refused(Refusal::DaysChanged)) if backoff.pause().await.is_ok() => {
                    read = self.days_of(user, change).await?;
                    days = &read;
                }
                outcome => return outcome,
            }
        }
    }

    async fn days_of(&self, user: UserId, change: &CounterChange) -> Result<DaySnapshot, StoreError> {
        let key = |month: &Date| keys::days(user, *month);
        let months: Vec<Date> = change.months().collect();
        let mut rows = self.get_rows(months.iter().map(key).collect()).await?;
        Ok(DaySnapshot(months.iter().map(|month| (*month, rows.take_item(&key(month)).unwrap_or_default())).collect()))
    }
}

impl Transaction {
    /// Changes the counters' rows: the totals, the categories, and for each month and year of `change` its days.
    /// At most 2 rows, 2 for the categories that a task leaves and enters, and 2 for each of its reminders.
    fn count(&mut self, user: UserId, (change, cap): (&CounterChange, Cap), known: &DaySnapshot) {
        if change.is_empty() {
            return;
        }
        let mut totals = Expression::default();
        let numbers =
            [(TASKS, change.tasks), (BYTES, change.bytes), (PENDING, change.pending), (COMPLETED, change.completed)];
        for (name, by) in numbers.into_iter().filter(|(_, by)| *by != 0) {
            totals.add(name, by);
        }
        totals.add(CHANGES, 1);
        let refusal = match cap {
            Cap::None => Refusal::CountersChanged,
            Cap::Tasks(cap) => {
                totals.require_below(TASKS, number(cap));
                Refusal::TooManyTasks
            }
            Cap::Bytes(cap) => {
                // What is there leaves room for what comes.
                totals.require_below(BYTES, number(signed(cap) - change.bytes + 1));
                Refusal::QuotaExceeded
            }
        };
        self.update(keys::counters(user), totals, refusal);
        for (category, by) in &change.categories {
            let mut tasks = Expression::default();
            tasks.add(TASKS, *by);
            self.update(keys::category(user, category), tasks, Refusal::CountersChanged);
        }
        self.count_days(user, &change.days, known);
    }

    fn count_days(&mut self, user: UserId, days: &BTreeMap<Date, i64>, known: &DaySnapshot) {
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
            self.update(keys::days(user, month), expression, Refusal::DaysChanged);
        }
        for (year, expression) in years {
            self.update(keys::streak(user, year), expression, Refusal::DaysChanged);
        }
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

/// The days of a month's row that hold any.
pub(crate) fn days_of_row(row: &Item, month: Date) -> BTreeMap<Date, u64> {
    let days =
        std::iter::successors(Some(month), |day| day.tomorrow().ok()).take_while(|day| day.month() == month.month());
    days.filter_map(|day| {
        u64::try_from(count(row, &keys::day_attribute(day))).ok().filter(|n| *n > 0).map(|n| (day, n))
    })
    .collect()
}
