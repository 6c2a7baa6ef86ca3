//! PartitionPagering over many rows, page by page.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use serde::{Deserialize, Serialize};

use super::error::failed;
use super::gate::ReadCost;
use super::keys::{self, RowKey};
use super::update::Expression;
use super::{Item, Store, StoreError, key_item, key_of, text};
use crate::id::UserId;

/// The rows of a user between two sort keys, both included, in order.
#[derive(Debug)]
pub(crate) struct PartitionPager {
    expression: Expression,
    condition: String,
    start: Option<HashMap<String, AttributeValue>>,
    ended: bool,
}

impl PartitionPager {
    /// The next page, at most 1 MB; `None` at the end. 1 call.
    pub(crate) async fn next(&mut self, store: &Store) -> Result<Option<Vec<Item>>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        store.admit(ReadCost::Unbounded).await?;
        let output = store
            .client()
            .query()
            .table_name(store.table())
            .key_condition_expression(&self.condition)
            .set_expression_attribute_names(self.expression.names_map())
            .set_expression_attribute_values(self.expression.values_map())
            .consistent_read(true)
            .set_exclusive_start_key(self.start.take())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| failed("Query", &error))?;
        store.meter().read(output.consumed_capacity.as_ref());
        self.start = output.last_evaluated_key.filter(|key| !key.is_empty());
        self.ended = self.start.is_none();
        Ok(Some(output.items.unwrap_or_default()))
    }
}

/// Where a scan of the whole table continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanPosition {
    /// Partition key of the last row seen.
    pub pk: String,
    /// Its sort key.
    pub sk: String,
}

/// Some of the table's users.
#[derive(Clone, Debug, Default)]
pub struct UserPage {
    /// In the table's own order.
    pub users: Vec<UserId>,
    /// `None` at the end.
    pub next: Option<ScanPosition>,
}

impl Store {
    /// The user's rows whose sort key begins so.
    pub(crate) fn rows_of(user: UserId, prefix: &str) -> PartitionPager {
        Self::user_pager(user, prefix, &super::page::end_of(prefix))
    }

    fn user_pager(user: UserId, low: &str, high: &str) -> PartitionPager {
        Self::pager(keys::user_partition(user), low, high)
    }

    fn pager(partition: String, low: &str, high: &str) -> PartitionPager {
        let mut expression = Expression::default();
        let (pk, sk) = (expression.name(keys::PK), expression.name(keys::SK));
        let partition = expression.value(text(partition));
        let (low, high) = (expression.value(text(low)), expression.value(text(high)));
        let condition = format!("{pk} = {partition} AND {sk} BETWEEN {low} AND {high}");
        PartitionPager { expression, condition, start: None, ended: false }
    }

    /// All rows of the user between two sort keys, both included, in order. 1 call for each MB.
    pub(crate) async fn rows_between(&self, user: UserId, low: &str, high: &str) -> Result<Vec<Item>, StoreError> {
        self.all_of(Self::user_pager(user, low, high)).await
    }

    /// All rows of a partition that is no user's, whose sort keys begin so, in order.
    pub(crate) async fn partition_between(&self, partition: &str, prefix: &str) -> Result<Vec<Item>, StoreError> {
        self.all_of(Self::pager(partition.to_owned(), prefix, &super::page::end_of(prefix))).await
    }

    async fn all_of(&self, mut pager: PartitionPager) -> Result<Vec<Item>, StoreError> {
        let mut rows = Vec::new();
        while let Some(page) = pager.next(self).await? {
            rows.extend(page);
        }
        Ok(rows)
    }

    /// The users among the table's next `rows`, of at most 1 MB: a Scan, for operators only. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn users(&self, after: Option<ScanPosition>, rows: u32) -> Result<UserPage, StoreError> {
        let mut expression = Expression::default();
        let (pk, sk) = (expression.name(keys::PK), expression.name(keys::SK));
        let account = expression.value(text(keys::ACCOUNT));
        let output = self
            .client()
            .scan()
            .table_name(self.table())
            .filter_expression(format!("{sk} = {account}"))
            .projection_expression(format!("{pk}, {sk}"))
            .set_expression_attribute_names(expression.names_map())
            .set_expression_attribute_values(expression.values_map())
            .limit(i32::try_from(rows).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|at| key_item(keys::Key { pk: at.pk, sk: at.sk })))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| failed("Scan", &error))?;
        self.meter().read(output.consumed_capacity.as_ref());
        let items = output.items.unwrap_or_default();
        let users = items.iter().filter_map(key_of).filter_map(|key| match RowKey::parse(&key.pk, &key.sk)? {
            RowKey::OfUser(user, _) => Some(user),
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
        });
        let users = users.collect();
        let last = output.last_evaluated_key.filter(|key| !key.is_empty());
        let next = last.and_then(|key| key_of(&key)).map(|key| ScanPosition { pk: key.pk, sk: key.sk });
        Ok(UserPage { users, next })
    }
}
