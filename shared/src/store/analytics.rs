//! What analytics read of the counters, and what keeps that little.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};
use jiff::civil::Date;

use super::counters::{COMPLETED, PENDING, TASKS, count, days_of_row};
use super::error::failed;
use super::gate::ReadCost;
use super::keys::{self, Index, RowKey, UserRowKey};
use super::transact::past_transactions;
use super::update::Expression;
use super::{Item, Permit, Store, StoreError, key_item, key_of, number, text};
use crate::clock::Timestamp;
use crate::domain::analytics::{ActiveDays, SPAN, Totals};
use crate::domain::user::User;
use crate::domain::zone::Zone;
use crate::id::UserId;

/// A day that may be today somewhere, both ways.
const A_DAY: Duration = Duration::from_secs(24 * 3600);

impl Store {
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
            match user_row_key(row) {
                Some(UserRowKey::Counters) => {
                    (totals.tasks, totals.pending, totals.completed) = (get(TASKS), get(PENDING), get(COMPLETED));
                }
                Some(UserRowKey::Category(category)) => {
                    totals.categories.insert(category, get(TASKS));
                }
                other => tracing::error!(?other, "analytics.row_unexpected"),
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
        let delete = self
            .client()
            .delete_item()
            .table_name(self.table())
            .set_key(Some(key_item(keys::category(user, category))))
            .set_condition_expression(spent.condition_text())
            .set_expression_attribute_names(spent.names_map())
            .set_expression_attribute_values(spent.values_map())
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match past_transactions(async || delete.clone().send().await).await {
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
            let Some(UserRowKey::Streak(year)) = user_row_key(row) else { continue };
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
        let months: Vec<Date> = months.take_while(|month| *month <= last).collect();
        let mut wanted = vec![keys::account(user)];
        wanted.extend(months.iter().map(|month| keys::days(user, *month)));
        let mut rows = self.get_rows(wanted).await?;
        let mut days = BTreeMap::new();
        for month in months {
            if let Some(row) = rows.take_item(&keys::days(user, month)) {
                days.extend(days_of_row(&row, month));
            }
        }
        Ok((rows.take(&keys::account(user))?, days))
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
            self.admit(ReadCost::Unbounded).await?;
            let output = self
                .client()
                .query()
                .table_name(self.table())
                .set_index_name(Index::Open.name().map(str::to_owned))
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

/// What a row of a user is.
fn user_row_key(row: &Item) -> Option<UserRowKey> {
    let key = key_of(row)?;
    match RowKey::parse(&key.pk, &key.sk)? {
        RowKey::OfUser(_, row) => Some(row),
        RowKey::EmailClaim(_)
        | RowKey::GoogleClaim(_)
        | RowKey::MailedToken(_)
        | RowKey::Challenge(_)
        | RowKey::RateWindows(_)
        | RowKey::MailBudget(..)
        | RowKey::UnverifiedReminders(_)
        | RowKey::Migration(_)
        | RowKey::MigrationLock
        | RowKey::ImportProgress => None,
    }
}
