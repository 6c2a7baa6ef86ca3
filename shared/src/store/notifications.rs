//! Notifications, and the inbox that counts the unread ones.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;

use super::error::Refuse;
use super::keys::{self, Index, Key};
use super::page::{Direction, IndexQuery, ListPage, Position, end_of};
use super::row::Row;
use super::row_set::RowSet;
use super::transact::{Dependent, Found, OnRefusal, Transaction, Write};
use super::update::Expression;
use super::{Permit, Refusal, Store, StoreError, WriteError, key_of, number, text};
use crate::clock::Timestamp;
use crate::domain::notification::{Notification, day_number, oldest_kept_day};
use crate::domain::task::{Task, TaskTitle};
use crate::id::{NotificationId, TaskId, UserId};

/// What a list shows of a notification's task.
#[derive(Deserialize)]
struct TitledTask {
    id: TaskId,
    title: TaskTitle,
}

/// Rows of one clean-up: they and their reading fit into one transaction and one batch.
const BATCH: u32 = 25;
/// Expired days that a new notification takes out of the inbox.
const FORGOTTEN_DAYS: i64 = 7;
/// The smallest step of time.
const MOMENT: Duration = Duration::from_millis(1);

impl Store {
    /// A page of the user's notifications, newest first, each with its task's title unless the task is gone. 2 calls; one more
    /// for each further 100 rows that are read by key, all at once.
    ///
    /// # Errors
    /// The table failed.
    pub async fn notifications(
        &self,
        user: UserId,
        after: Option<Position>,
        limit: u32,
        now: Timestamp,
    ) -> Result<ListPage<(Notification, Option<TaskTitle>)>, StoreError> {
        let query = IndexQuery {
            user,
            index: Index::Time,
            range: (keys::NOTIFICATION_PREFIX, &end_of(keys::NOTIFICATION_PREFIX)),
            direction: Direction::Descending,
            after,
            limit,
        };
        let mut page: ListPage<Notification> = self.page(query).await?.read()?;
        // TTL deletes late.
        page.rows.retain(|row| row.value.expires_at() > now.as_second());
        let related = page.rows.iter().filter_map(|row| row.value.related_task_id);
        let (titles, inbox) = self.titles_and_inbox(user, related).await?;
        Ok(page.map(|notification| {
            let title = notification.related_task_id.and_then(|id| titles.get(&id)).cloned();
            (inbox.shown(notification), title)
        }))
    }

    async fn titles_and_inbox(
        &self,
        user: UserId,
        tasks: impl Iterator<Item = TaskId>,
    ) -> Result<(HashMap<TaskId, TaskTitle>, InboxRow), StoreError> {
        let mut wanted: Vec<_> = tasks.map(|id| keys::task(user, id)).collect();
        wanted.sort();
        wanted.dedup();
        let inbox = keys::inbox(user);
        wanted.push(inbox.clone());
        // Of the tasks, and of the inbox.
        let fields = ["id", "title", "readUpto", "newest", "unread"];
        let mut rows: RowSet = self.get_fields(wanted, &fields).await?.into_iter().collect();
        let inbox = rows.take(&inbox)?.unwrap_or_default();
        let title = |item| serde_dynamo::from_item(item).map(|task: TitledTask| (task.id, task.title));
        Ok((rows.into_items().map(title).collect::<Result<_, _>>()?, inbox))
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
        let mut found = self.read_notifications(user, vec![keys::notification(user, id)]).await?;
        Ok(found.pop().filter(|found| found.notification.expires_at() > now.as_second()))
    }

    /// Notifications of one user by key, in no order.
    pub(super) async fn read_notifications(
        &self,
        user: UserId,
        mut wanted: Vec<Key>,
    ) -> Result<Vec<ReadNotification>, StoreError> {
        let inbox = keys::inbox(user);
        wanted.push(inbox.clone());
        let mut rows = self.get_rows(wanted).await?;
        let inbox: InboxRow = rows.take(&inbox)?.unwrap_or_default();
        let read = |item| {
            let notification: Notification = serde_dynamo::from_item(item)?;
            Ok(ReadNotification {
                was_read: notification.is_read,
                notification: inbox.shown(notification),
                read_upto: inbox.read_upto,
            })
        };
        rows.into_items().map(read).collect()
    }

    /// Marks a notification as read. 1 call.
    ///
    /// # Errors
    /// [`Refusal::NotificationChanged`] when it was read or deleted meanwhile.
    pub async fn mark_read(&self, permit: &Permit, read: &ReadNotification, now: Timestamp) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(now);
        let mut change = Expression::default();
        change
            .set("isRead", AttributeValue::Bool(true))
            .require_row()
            .require_equal("isRead", AttributeValue::Bool(read.was_read));
        let notification = &read.notification;
        let key = keys::notification(notification.user_id, notification.id);
        transaction.update(key, change, Refusal::NotificationChanged);
        transaction.count_read(notification.user_id, std::slice::from_ref(read));
        self.transact(transaction).await
    }

    /// Marks all as read: one write, however many there are. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn mark_all_read(&self, permit: &Permit, user: UserId, now: Timestamp) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(now);
        let mut change = Expression::default();
        let (upto, newest) = (change.name("readUpto"), change.name("newest"));
        change.set_expression(format!("{upto} = {newest}"));
        change.set("unread", AttributeValue::M(HashMap::new())).require_present("newest");
        transaction.update(keys::inbox(user), change, Refusal::NotificationChanged);
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
        let mut transaction = permit.transaction(now);
        transaction.delete_notifications(read.notification.user_id, std::slice::from_ref(read));
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
            let found = rows.items.iter().filter_map(|row| key_of(&row.value)).collect();
            let read = self.read_notifications(user, found).await?;
            let mut transaction = permit.transaction(now);
            transaction.delete_notifications(user, &read);
            match self.transact(transaction).await {
                // Its user reads them at this moment: look again.
                Ok(()) | Err(WriteError::Refused(Refusal::NotificationChanged)) if rows.more => {}
                Ok(()) => return Ok(()),
                Err(WriteError::Refused(Refusal::NotificationChanged)) => {}
                Err(error) => return Err(error),
            }
        }
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
}

impl<R: Refuse> Transaction<R> {
    /// Makes a notification; a transaction makes at most one. Where a later one was made in the meantime, this one is dated behind
    /// it, so that dates order notifications as they were made, and marking all as read marks these and no others.
    pub(crate) fn notify(&mut self, notification: &Notification) {
        let notification = notification.clone();
        self.add_dependent(Dependent::new(move |inbox| Ok(notification_writes(&notification, Inbox::read(inbox)?))));
    }
}

/// The writes of a new notification, given its user's inbox.
fn notification_writes<R>(notification: &Notification, inbox: Inbox) -> Vec<Write<R>> {
    let mut notification = notification.clone();
    let mut change = Expression::default();
    match inbox {
        Inbox::Absent => {
            let count = u32::from(!notification.is_read);
            let counts = [(day_number(notification.created_at).to_string(), number(count))].into();
            change.set("unread", AttributeValue::M(counts)).require_absent(keys::PK);
        }
        Inbox::Present { newest } => {
            let behind = newest.map(|newest| newest.plus(MOMENT));
            notification.created_at = behind.map_or(notification.created_at, |at| at.max(notification.created_at));
            let day = day_number(notification.created_at);
            change.count(&unread_on(day), i64::from(!notification.is_read));
            let oldest = oldest_kept_day(notification.created_at);
            for day in (oldest - FORGOTTEN_DAYS)..oldest {
                change.remove(&unread_on(day));
            }
            let (upto, last) = (change.name("readUpto"), change.name("newest"));
            let at = change.value(text(notification.created_at.to_string()));
            change.require(format!("{last} <= {at} AND (attribute_not_exists({upto}) OR {upto} < {at})"));
        }
    }
    change.set("newest", text(notification.created_at.to_string()));
    let inbox = Write::update(keys::inbox(notification.user_id), change, OnRefusal::Rebuild);
    vec![Write::put_new(notification_row(&notification)), inbox]
}

impl Transaction {
    /// Deletes notifications as they were read.
    pub(super) fn delete_notifications(&mut self, user: UserId, read: &[ReadNotification]) {
        for one in read {
            let mut unchanged = Expression::default();
            unchanged.require_equal("isRead", AttributeValue::Bool(one.was_read));
            let key = keys::notification(user, one.notification.id);
            self.delete(key, unchanged, Refusal::NotificationChanged);
        }
        self.count_read(user, read);
    }

    /// Counts those that were unread as read, if all of them still are what they were.
    fn count_read(&mut self, user: UserId, read: &[ReadNotification]) {
        let mut change = Expression::default();
        let mut days: BTreeMap<i64, i64> = BTreeMap::new();
        for one in read.iter().filter(|one| !one.notification.is_read) {
            *days.entry(day_number(one.notification.created_at)).or_default() += 1;
        }
        if days.is_empty() {
            return;
        }
        for (day, count) in days {
            change.count(&unread_on(day), -count);
        }
        match read.first().and_then(|one| one.read_upto) {
            Some(upto) => change.require_equal("readUpto", text(upto.to_string())),
            None => change.require_absent("readUpto"),
        };
        self.update(keys::inbox(user), change, Refusal::NotificationChanged);
    }
}

/// What is known of a user's inbox, which the first notification makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inbox {
    /// It is taken to exist.
    Present {
        /// Until when notifications were made or read, as far as is known.
        newest: Option<Timestamp>,
    },
    /// It does not exist.
    Absent,
}

impl Inbox {
    fn read(found: &Found) -> Result<Self, StoreError> {
        Ok(match found {
            Found::Unread => Self::Present { newest: None },
            Found::Absent => Self::Absent,
            Found::Row(item) => {
                let InboxRow { newest, read_upto, .. } = serde_dynamo::from_item(item.clone())?;
                Self::Present { newest: newest.max(read_upto) }
            }
        })
    }
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

pub(crate) fn notification_row(notification: &Notification) -> Row {
    let row = Row::new(keys::notification(notification.user_id, notification.id), notification)
        .with(keys::BY_TIME, text(keys::notification_by_time(notification)))
        .with(keys::EXPIRES_AT, number(notification.expires_at()));
    match notification.related_task_id {
        Some(task) => row.with(keys::BY_TASK, text(keys::notifications_of_task(task))),
        None => row,
    }
}
