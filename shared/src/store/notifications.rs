//! Notifications.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use serde::Deserialize;

use super::keys::{self, Index};
use super::page::{Direction, IndexQuery, Position, end_of};
use super::update::Expression;
use super::{
    Item, Permit, Refusal, Store, StoreError, Transaction, WriteError, key_item, malformed, number, row, text,
};
use crate::clock::Timestamp;
use crate::domain::notification::{Notification, day_number, oldest_kept_day};
use crate::domain::task::{Task, TaskTitle};
use crate::id::{NotificationId, TaskId, UserId};

/// A page of notifications, newest first, and where the next one begins.
#[derive(Debug)]
pub struct NotificationPage {
    /// The notifications, each with its task's title unless the task is gone.
    pub notifications: Vec<(Notification, Option<TaskTitle>)>,
    /// `None` at the end.
    pub next: Option<Position>,
}

/// Rows of one clean-up: they and their reading fit into one transaction and one batch.
const BATCH: u32 = 25;
/// Most keys of one `BatchGetItem`.
const GET_BATCH: usize = 100;
/// Expired days that a new notification takes out of the inbox.
const FORGOTTEN_DAYS: i64 = 7;
/// The smallest step of time.
const MOMENT: Duration = Duration::from_millis(1);
/// Most rows of one `BatchWriteItem`.
pub(super) const DELETED_AT_ONCE: i32 = 25;

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
        notifications.retain(|notification| notification.expires_at() > now.as_second());
        let related = notifications.iter().filter_map(|notification| notification.related_task_id);
        let (titles, inbox) = self.titles_and_inbox(user, related).await?;
        let notifications = notifications
            .into_iter()
            .map(|notification| {
                let title = notification.related_task_id.and_then(|id| titles.get(&id)).cloned();
                (inbox.shown(notification), title)
            })
            .collect();
        Ok(NotificationPage { notifications, next })
    }

    async fn titles_and_inbox(
        &self,
        user: UserId,
        tasks: impl Iterator<Item = TaskId>,
    ) -> Result<(HashMap<TaskId, TaskTitle>, InboxRow), StoreError> {
        let mut wanted: Vec<_> = tasks.map(|id| keys::task(user, id)).collect();
        wanted.sort();
        wanted.dedup();
        let mut inbox = InboxRow::default();
        let mut titles = HashMap::new();
        // A page of 100 about as many tasks, and the inbox, are one key more than a batch takes.
        let last = if wanted.len() < GET_BATCH { None } else { wanted.pop() };
        wanted.push(keys::inbox(user));
        let mut items = self.batch_get(wanted).await?;
        items.extend(self.batch_get(last.into_iter().collect()).await?);
        for item in items {
            match item.get(keys::SK).and_then(|sk| sk.as_s().ok()).map(String::as_str) {
                Some(keys::INBOX) => inbox = serde_dynamo::from_item(item)?,
                _ => {
                    let task: Task = serde_dynamo::from_item(item)?;
                    titles.insert(task.id, task.title);
                }
            }
        }
        Ok((titles, inbox))
    }

    /// How many notifications the list shows as unread. 1 call, and always 1 unit: the inbox counts them.
    ///
    /// # Errors
    /// The table failed.
    pub async fn unread_notifications(&self, user: UserId, now: Timestamp) -> Result<u64, StoreError> {
        let inbox: Option<InboxRow> = self.get(keys::inbox(user)).await?;
        Ok(inbox.map_or(0, |inbox| inbox.unread_at(now)))
    }

    /// A notification of the user as the list shows it; `None` for others, and for those that have expired. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn notification(
        &self,
        user: UserId,
        id: NotificationId,
        now: Timestamp,
    ) -> Result<Option<ReadNotification>, StoreError> {
        let mut found = self.read_notifications(vec![keys::notification(user, id), keys::inbox(user)]).await?;
        Ok(found.pop().filter(|found| found.notification.expires_at() > now.as_second()))
    }

    /// Notifications of one user; its inbox is among the keys.
    async fn read_notifications(&self, wanted: Vec<keys::Key>) -> Result<Vec<ReadNotification>, StoreError> {
        let (mut found, mut inbox): (Vec<Notification>, InboxRow) = (Vec::new(), InboxRow::default());
        for item in self.batch_get(wanted).await? {
            match item.get(keys::SK).and_then(|sk| sk.as_s().ok()).map(String::as_str) {
                Some(keys::INBOX) => inbox = serde_dynamo::from_item(item)?,
                _ => found.push(serde_dynamo::from_item(item)?),
            }
        }
        let read = |notification: Notification| ReadNotification {
            was_read: notification.is_read,
            notification: inbox.shown(notification),
            read_upto: inbox.read_upto,
        };
        Ok(found.into_iter().map(read).collect())
    }

    /// Marks a notification as read. 1 call.
    ///
    /// # Errors
    /// [`Refusal::NotificationChanged`] when it was read or deleted meanwhile.
    pub async fn mark_read(&self, permit: &Permit, read: &ReadNotification, now: Timestamp) -> Result<(), WriteError> {
        let mut transaction = Transaction::new(permit, now)?;
        let mut change = Expression::default();
        change
            .set("isRead", AttributeValue::Bool(true))
            .require_row()
            .require_equal("isRead", AttributeValue::Bool(read.was_read));
        let notification = &read.notification;
        let key = keys::notification(notification.user_id, notification.id);
        transaction.update(key, &change, Refusal::NotificationChanged)?;
        transaction.count_read(notification.user_id, std::slice::from_ref(read))?;
        self.transact(transaction).await
    }

    /// Marks all as read: one write, however many there are. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn mark_all_read(&self, permit: &Permit, user: UserId, now: Timestamp) -> Result<(), WriteError> {
        let mut transaction = Transaction::new(permit, now)?;
        let mut change = Expression::default();
        let (upto, newest) = (change.name("readUpto"), change.name("newest"));
        change.set_expression(format!("{upto} = {newest}"));
        change.set("unread", AttributeValue::M(HashMap::new())).require_present("newest");
        transaction.update(keys::inbox(user), &change, Refusal::NotificationChanged)?;
        match self.transact(transaction).await {
            // There never was a notification.
            Err(WriteError::Refused(Refusal::NotificationChanged)) => Ok(()),
            done => done,
        }
    }

    /// Deletes a notification. 1 call.
    ///
    /// # Errors
    /// [`Refusal::NotificationChanged`] when it was read or deleted meanwhile.
    pub async fn delete_notification(
        &self,
        permit: &Permit,
        read: &ReadNotification,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let mut transaction = Transaction::new(permit, now)?;
        transaction.delete_notifications(read.notification.user_id, std::slice::from_ref(read))?;
        self.transact(transaction).await
    }

    /// Deletes the notifications of a task that is gone. Doing it again is harmless. 3 calls for each 25 of them.
    ///
    /// # Errors
    /// The table failed; what was not deleted yet is deleted by the next try.
    pub async fn delete_notifications_of(
        &self,
        permit: &Permit,
        user: UserId,
        task: TaskId,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let prefix = keys::notifications_of_task(task);
        loop {
            let query = IndexQuery {
                user,
                index: Index::Task,
                range: (&prefix, &prefix),
                direction: Direction::Ascending,
                after: None,
                limit: BATCH,
            };
            let rows = self.query_index(query).await?;
            if rows.items.is_empty() {
                return Ok(());
            }
            let sks = rows.items.iter().filter_map(|item| item.get(keys::SK)?.as_s().ok().cloned());
            let mut wanted: Vec<_> = sks.map(|sk| keys::Key { pk: keys::user_partition(user), sk }).collect();
            wanted.push(keys::inbox(user));
            let read = self.read_notifications(wanted).await?;
            let mut transaction = Transaction::new(permit, now)?;
            transaction.delete_notifications(user, &read)?;
            match self.transact(transaction).await {
                // Its user reads them at this moment: look again.
                Ok(()) | Err(WriteError::Refused(Refusal::NotificationChanged)) if rows.more => {}
                Ok(()) => return Ok(()),
                Err(WriteError::Refused(Refusal::NotificationChanged)) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Deletes rows, of which at least the keys are given, at most [`DELETED_AT_ONCE`]. 1 call, more while throttled.
    pub(super) async fn delete_rows(&self, rows: Vec<Item>) -> Result<(), StoreError> {
        let delete = |mut item: Item| {
            let mut part =
                |name: &str| item.remove(name).and_then(|value| value.as_s().cloned().ok()).unwrap_or_default();
            let key = keys::Key { pk: part(keys::PK), sk: part(keys::SK) };
            let request = DeleteRequest::builder().set_key(Some(key_item(key))).build();
            request.map(|request| WriteRequest::builder().delete_request(request).build())
        };
        let requests: Vec<WriteRequest> = rows
            .into_iter()
            .map(delete)
            .collect::<Result<_, _>>()
            .map_err(|error| malformed("BatchWriteItem", &error))?;
        self.batch_write(requests).await
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
    /// Tells the user something. A user is told of one thing at a time: where a later one was made meanwhile, this one
    /// is dated behind it, so that dates order notifications as they were made and reading all reads these and no others.
    pub(crate) fn put_notification(&mut self, notification: &Notification) -> Result<(), StoreError> {
        self.told.push(notification.clone());
        Ok(())
    }

    /// The transaction with the rows of what it tells. At most one user is told.
    pub(super) fn with_told(&self, inbox: Inbox) -> Result<Self, StoreError> {
        let mut whole = self.clone();
        whole.told.clear();
        let Some(newest) = self.told.iter().map(|told| told.created_at).max() else {
            return Ok(whole);
        };
        let mut days: BTreeMap<i64, u32> = BTreeMap::new();
        for told in &self.told {
            whole.put_new(notification_row(told)?)?;
            *days.entry(day_number(told.created_at)).or_default() += u32::from(!told.is_read);
        }
        let user = self.told.first().map(|told| told.user_id).unwrap_or_else(UserId::new);
        let mut change = Expression::default();
        let dated = text(newest.to_string());
        match inbox {
            Inbox::Present => {
                for (day, count) in &days {
                    change.count(&unread_on(*day), i64::from(*count));
                }
                let oldest = oldest_kept_day(newest);
                for day in (oldest - FORGOTTEN_DAYS)..oldest {
                    change.remove(&unread_on(day));
                }
                let (upto, last) = (change.name("readUpto"), change.name("newest"));
                let at = change.value(dated.clone());
                change.require(format!("{last} <= {at} AND (attribute_not_exists({upto}) OR {upto} < {at})"));
            }
            Inbox::Absent => {
                let counts = days.iter().map(|(day, count)| (day.to_string(), number(count))).collect();
                change.set("unread", AttributeValue::M(counts)).require_absent(keys::PK);
            }
        }
        change.set("newest", dated);
        whole.update(keys::inbox(user), &change, Refusal::ToldLater)?;
        Ok(whole)
    }

    /// Dates what is told behind what `inbox` has.
    pub(super) fn tell_later(&mut self, inbox: Option<&Item>) -> Result<Inbox, StoreError> {
        let Some(inbox) = inbox else {
            return Ok(Inbox::Absent);
        };
        let present: InboxRow = serde_dynamo::from_item(inbox.clone())?;
        let newest = present.newest.max(present.read_upto);
        for told in &mut self.told {
            told.created_at = told.created_at.max(newest.map_or(told.created_at, |newest| newest.plus(MOMENT)));
        }
        Ok(Inbox::Present)
    }

    /// Deletes notifications as they were read.
    fn delete_notifications(&mut self, user: UserId, read: &[ReadNotification]) -> Result<(), StoreError> {
        for one in read {
            let mut unchanged = Expression::default();
            unchanged.require_equal("isRead", AttributeValue::Bool(one.was_read));
            let key = keys::notification(user, one.notification.id);
            self.delete(key, &unchanged, Refusal::NotificationChanged)?;
        }
        self.count_read(user, read)
    }

    /// Counts those that were unread as read, if all of them still are what they were.
    fn count_read(&mut self, user: UserId, read: &[ReadNotification]) -> Result<(), StoreError> {
        let mut change = Expression::default();
        let mut days: BTreeMap<i64, i64> = BTreeMap::new();
        for one in read.iter().filter(|one| !one.notification.is_read) {
            *days.entry(day_number(one.notification.created_at)).or_default() += 1;
        }
        if days.is_empty() {
            return Ok(());
        }
        for (day, count) in days {
            change.count(&unread_on(day), -count);
        }
        match read.first().and_then(|one| one.read_upto) {
            Some(upto) => change.require_equal("readUpto", text(upto.to_string())),
            None => change.require_absent("readUpto"),
        };
        self.update(keys::inbox(user), &change, Refusal::NotificationChanged)
    }
}

/// Whether the user's inbox is taken to exist. The first notification of all makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inbox {
    Present,
    Absent,
}

/// The inbox as it is stored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct InboxRow {
    /// Up to when all are read.
    read_upto: Option<Timestamp>,
    /// When the newest was made.
    newest: Option<Timestamp>,
    /// How many that were made after `read_upto` are unread, by the day they were made.
    unread: HashMap<String, i64>,
}

impl InboxRow {
    fn unread_at(&self, now: Timestamp) -> u64 {
        let oldest = oldest_kept_day(now);
        let kept = self.unread.iter().filter(|(day, _)| day.parse::<i64>().is_ok_and(|day| day >= oldest));
        kept.map(|(_, count)| u64::try_from(*count).unwrap_or_default()).sum()
    }

    /// A notification as its user sees it.
    fn shown(&self, notification: Notification) -> Notification {
        let all_read = self.read_upto.is_some_and(|upto| notification.created_at <= upto);
        Notification { is_read: notification.is_read || all_read, ..notification }
    }
}

/// A notification, and what must not have changed for a write that rests on it.
#[derive(Clone, Debug)]
pub struct ReadNotification {
    /// As its user sees it.
    pub notification: Notification,
    was_read: bool,
    read_upto: Option<Timestamp>,
}

fn unread_on(day: i64) -> String {
    format!("unread.{day}")
}

pub(crate) fn notification_row(notification: &Notification) -> Result<Item, StoreError> {
    let mut item = row(keys::notification(notification.user_id, notification.id), notification)?;
    item.insert(keys::BY_TIME.to_owned(), text(keys::notification_by_time(notification)));
    if let Some(task) = notification.related_task_id {
        item.insert(keys::BY_TASK.to_owned(), text(keys::notifications_of_task(task)));
    }
    item.insert(keys::EXPIRES_AT.to_owned(), number(notification.expires_at()));
    Ok(item)
}
