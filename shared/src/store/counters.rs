//! A user's counters: tasks, reminders to come, completed ones, tasks by category, completed reminders by local day,
//! and the days that had any. They change in the transaction of what they count, so they are never behind.
//!
//! Every reminder and task remembers how it is counted, and a [`Change`] is the difference between that and how it
//! is to be counted. All but the days are plain additions. A day's bit in its year's row appears with the day's first
//! completion and vanishes with its last, so a transaction that counts on a day rests on what the day held:
//! [`KnownDays`] is read before it, and a condition refuses it when that is no longer so.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};
use jiff::civil::Date;

use super::keys::{self, Index};
use super::update::Expression;
use super::{Item, Permit, Refusal, Store, StoreError, Transaction, WriteError, failed, key_item, number, text};
use crate::clock::Timestamp;
use crate::domain::analytics::{ActiveDays, SPAN, Totals, bit_of};
use crate::domain::counted::Counted;
use crate::domain::user::User;
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
/// A day that may be today somewhere, both ways.
const A_DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

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

    /// What analytics need, and the user's zone; `None` when the account is gone. 3 calls at the same time: the
    /// counters with the categories, the account with the months of the last four weeks, and the pending reminders
    /// whose moment has passed, counted.
    ///
    /// # Errors
    /// The table failed.
    pub async fn totals(&self, user: UserId, now: Timestamp) -> Result<Option<(Totals, Zone)>, StoreError> {
        let (counters, (account, days), overdue) = futures::future::try_join3(
            self.rows_between(user, keys::CATEGORY_PREFIX, keys::COUNTERS),
            self.account_and_days(user, now),
            self.count_overdue(user, now),
        )
        .await?;
        let Some(account) = account else { return Ok(None) };
        let mut totals = Totals { overdue, days, ..Totals::default() };
        for row in &counters {
            let get = |name| u64::try_from(count(row, name)).unwrap_or_default();
            match sort_key(row).unwrap_or_default() {
                keys::COUNTERS => {
                    (totals.tasks, totals.pending, totals.completed) = (get(TASKS), get(PENDING), get(COMPLETED));
                }
                sk => {
                    if let Some(category) = sk.strip_prefix(keys::CATEGORY_PREFIX) {
                        totals.categories.insert(category.to_owned(), get(TASKS));
                    }
                }
            }
        }
        Ok(Some((totals, account.timezone)))
    }

    /// Takes away the row of a category that no task has any more, so that analytics read the categories that there are and
    /// not all that there ever were. One that counts again stays. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn forget_category(&self, _permit: &Permit, user: UserId, category: &str) -> Result<(), StoreError> {
        let mut spent = Expression::default();
        spent.require_equal(TASKS, number(0));
        let sent = self
            .client()
            .delete_item()
            .table_name(self.table())
            .set_key(Some(key_item(keys::category(user, category))))
            .set_condition_expression(spent.condition_text())
            .set_expression_attribute_names(spent.names_map())
            .set_expression_attribute_values(spent.values_map())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match sent {
            Ok(output) => self.meter().write(output.consumed_capacity.as_ref()),
            Err(error)
                if matches!(error.as_service_error(), Some(DeleteItemError::ConditionalCheckFailedException(_))) => {}
            Err(error) => return Err(failed("DeleteItem", &error)),
        }
        Ok(())
    }

    /// The user's active days and zone; `None` when the account is gone. 2 calls at the same time.
    ///
    /// # Errors
    /// The table failed.
    pub async fn active_days(&self, user: UserId) -> Result<Option<(ActiveDays, Zone)>, StoreError> {
        let (low, high) = (keys::STREAK_PREFIX, super::page::end_of(keys::STREAK_PREFIX));
        let (account, years) = futures::future::try_join(self.user(user), self.rows_between(user, low, &high)).await?;
        let mut active = ActiveDays::default();
        for row in &years {
            let Some(year) = sort_key(row).and_then(keys::year_of_streak) else { continue };
            for month in 1_i8..=12 {
                let mask = u32::try_from(count(row, &keys::month_attribute(month))).unwrap_or_default();
                active.set_month(year, month, mask);
            }
        }
        Ok(account.map(|user| (active, user.timezone)))
    }

    async fn account_and_days(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<(Option<User>, BTreeMap<Date, u64>), StoreError> {
        let utc_day = |instant: Timestamp| instant.in_zone(Zone::UTC.rules()).date();
        let span = A_DAY * u32::try_from(SPAN).unwrap_or(u32::MAX);
        let (first, last) = (utc_day(now.minus(span)).first_of_month(), utc_day(now.plus(A_DAY)));
        let months = std::iter::successors(Some(first), |month| month.last_of_month().tomorrow().ok());
        let mut wanted = vec![keys::account(user)];
        wanted.extend(months.take_while(|month| *month <= last).map(|month| keys::days(user, month)));
        let (mut account, mut days) = (None, BTreeMap::new());
        for item in self.batch_get(wanted).await? {
            match sort_key(&item).and_then(keys::month_of_days) {
                Some(month) => days.extend(days_of_row(&item, month)),
                None => account = Some(serde_dynamo::from_item(item)?),
            }
        }
        Ok((account, days))
    }

    /// How many pending reminders' moments have passed. 1 call for up to some 5,000 of them.
    async fn count_overdue(&self, user: UserId, now: Timestamp) -> Result<u64, StoreError> {
        let mut expression = Expression::default();
        let (pk, open) = (expression.name(keys::PK), expression.name(keys::OPEN));
        let partition = expression.value(text(keys::user_partition(user)));
        let low = expression.value(text(keys::REMINDER_PREFIX));
        let high = expression.value(text(keys::reminders_about(now)));
        let (mut counted, mut start) = (0, None);
        loop {
            let output = self
                .client()
                .query()
                .table_name(self.table())
                .index_name(Index::Open.name())
                .key_condition_expression(format!("{pk} = {partition} AND {open} BETWEEN {low} AND {high}"))
                .set_expression_attribute_names(expression.names_map())
                .set_expression_attribute_values(expression.values_map())
                .consistent_read(true)
                .select(Select::Count)
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| failed("Query", &error))?;
            self.meter().read(output.consumed_capacity.as_ref());
            counted += u64::try_from(output.count).unwrap_or_default();
            start = output.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(counted);
            }
        }
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
