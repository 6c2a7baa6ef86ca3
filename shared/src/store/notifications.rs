//! Notifications.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{DeleteRequest, ReturnConsumedCapacity, WriteRequest};

use super::keys::{self, Index};
use super::page::{Direction, IndexQuery, Position, end_of};
use super::{Backoff, Item, Permit, Store, StoreError, Transaction, failed, key_item, malformed, number, row, text};
use crate::clock::Timestamp;
use crate::domain::notification::{KEPT, Notification};
use crate::domain::task::{Task, TaskTitle};
use crate::id::{TaskId, UserId};

/// A page of notifications, newest first, and where the next one begins.
#[derive(Debug)]
pub struct NotificationPage {
    /// The notifications, each with its task's title unless the task is gone.
    pub notifications: Vec<(Notification, Option<TaskTitle>)>,
    /// `None` at the end.
    pub next: Option<Position>,
}

/// Most rows of one `BatchWriteItem`.
pub(super) const BATCH: i32 = 25;

impl Store {
    /// A page of the user's notifications. 2 calls.
    ///
    /// # Errors
    /// The table failed.
    pub async fn notifications(
        &self,
        user: UserId,
        after: Option<Position>,
        limit: u32,
        now: Timestamp,
    ) -> Result<NotificationPage, StoreError> {
        let query = IndexQuery {
            user,
            index: Index::Time,
            range: (keys::NOTIFICATION_PREFIX, &end_of(keys::NOTIFICATION_PREFIX)),
            direction: Direction::Descending,
            after,
            limit,
        };
        let (items, next) = self.page(query).await?;
        let mut notifications: Vec<Notification> =
            items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?;
        // TTL deletes late.
        notifications.retain(|notification| notification.created_at.plus(KEPT) > now);
        let related = notifications.iter().filter_map(|notification| notification.related_task_id);
        let titles: HashMap<TaskId, TaskTitle> =
            self.tasks_by_id(user, related).await?.into_iter().map(|task| (task.id, task.title)).collect();
        let notifications = notifications
            .into_iter()
            .map(|notification| {
                let title = notification.related_task_id.and_then(|id| titles.get(&id)).cloned();
                (notification, title)
            })
            .collect();
        Ok(NotificationPage { notifications, next })
    }

    /// Deletes the notifications of a task that is gone. Doing it again is harmless.
    ///
    /// # Errors
    /// The table failed; what was not deleted yet is deleted by the next try.
    pub async fn delete_notifications_of(
        &self,
        _permit: &Permit,
        user: UserId,
        task: TaskId,
    ) -> Result<(), StoreError> {
        loop {
            let prefix = keys::notifications_of_task(task);
            let query = IndexQuery {
                user,
                index: Index::Task,
                range: (&prefix, &prefix),
                direction: Direction::Ascending,
                after: None,
                limit: BATCH.unsigned_abs(),
            };
            let rows = self.query_index(query).await?;
            let more = rows.more;
            self.delete_rows(rows.items).await?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Deletes rows, of which at least the keys are given, at most [`BATCH`]. 1 call, more while throttled.
    pub(super) async fn delete_rows(&self, rows: Vec<Item>) -> Result<(), StoreError> {
        let delete = |mut item: Item| {
            let mut part =
                |name: &str| item.remove(name).and_then(|value| value.as_s().cloned().ok()).unwrap_or_default();
            let key = keys::Key { pk: part(keys::PK), sk: part(keys::SK) };
            let request = DeleteRequest::builder().set_key(Some(key_item(key))).build();
            request.map(|request| WriteRequest::builder().delete_request(request).build())
        };
        let mut requests: Vec<WriteRequest> = rows
            .into_iter()
            .map(delete)
            .collect::<Result<_, _>>()
            .map_err(|error| malformed("BatchWriteItem", &error))?;
        let mut backoff = Backoff::default();
        while !requests.is_empty() {
            let output = self
                .client()
                .batch_write_item()
                .request_items(self.table(), requests)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| failed("BatchWriteItem", &error))?;
            self.meter().write(output.consumed_capacity());
            requests = output.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
            backoff.after("BatchWriteItem", requests.len()).await?;
        }
        Ok(())
    }

    /// The tasks of these ids that there are, in no order. 1 call, none without ids. At most 100 ids.
    pub(crate) async fn tasks_by_id(
        &self,
        user: UserId,
        ids: impl Iterator<Item = TaskId>,
    ) -> Result<Vec<Task>, StoreError> {
        let mut wanted: Vec<_> = ids.map(|id| keys::task(user, id)).collect();
        wanted.sort();
        wanted.dedup();
        let items = self.batch_get(wanted).await?;
        Ok(items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?)
    }

    /// Rows of one index, and where the next page begins. 1 call.
    pub(crate) async fn page(&self, query: IndexQuery<'_>) -> Result<(Vec<Item>, Option<Position>), StoreError> {
        let (limit, index) = (query.limit as usize, query.index);
        let one_more = IndexQuery { limit: query.limit + 1, ..query };
        let rows = self.query_index(one_more).await?;
        let more = rows.more || rows.items.len() > limit;
        let mut items = rows.items;
        items.truncate(limit);
        let next = items.last().filter(|_| more).and_then(|item| Position::of(item, index));
        Ok((items, next))
    }
}

impl Transaction {
    /// Tells the user something.
    pub(crate) fn put_notification(&mut self, notification: &Notification) -> Result<(), StoreError> {
        self.put_new(notification_row(notification)?)
    }
}

pub(crate) fn notification_row(notification: &Notification) -> Result<Item, StoreError> {
    let mut item = row(keys::notification(notification.user_id, notification.id), notification)?;
    let by_time = keys::notification_by_time(notification);
    if !notification.is_read {
        item.insert(keys::OPEN.to_owned(), text(by_time.clone()));
    }
    item.insert(keys::BY_TIME.to_owned(), text(by_time));
    if let Some(task) = notification.related_task_id {
        item.insert(keys::BY_TASK.to_owned(), text(keys::notifications_of_task(task)));
    }
    let expires_at = notification.created_at.plus(KEPT).as_second();
    item.insert(keys::EXPIRES_AT.to_owned(), number(expires_at));
    Ok(item)
}
