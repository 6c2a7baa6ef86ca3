//! Bringing rows in from elsewhere, for operators. What is there already is left alone, so an import that is begun
//! again adds what is missing. Counters are not touched: [`Store::replay`] counts the user afterwards.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::keys::{self, Index, Key};
use super::notifications::notification_row;
use super::page::{Direction, IndexQuery, LIMIT_MAX, ListPage, Listed, end_of};
use super::reminders::reminder_row;
use super::row::Row;
use super::tasks::new_task_row;
use super::update::Expression;
use super::users::{Claim, account_row};
use super::{Consistency, Permit, Refusal, Store, StoreError, WriteError, key_of, number, text, text_of};
use crate::backoff::{Backoff, retry};
use crate::clock::Timestamp;
use crate::domain::notification::{Notification, day_number};
use crate::domain::reminder::Reminder;
use crate::domain::task::{ReminderCard, Task};
use crate::domain::user::User;
use crate::domain::zone::Zone;
use crate::id::{ReminderId, UserId};

/// A task that comes with its reminders.
#[derive(Clone, Debug)]
pub struct Family {
    /// The task. Its cards are made from the reminders.
    pub task: Task,
    /// Its reminders, at most [`crate::domain::task::MAX_REMINDERS`].
    pub reminders: Vec<Reminder>,
}

/// How far an import is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportProgress {
    /// The last user, by id, that was brought in whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Rows of one `BatchGetItem`.
const READS: usize = 100;
/// Tries to recount an inbox that its user uses at the same time.
const INBOX_BACKOFF: Backoff = Backoff::new(8, Duration::from_millis(20), Duration::from_millis(1280));

impl Store {
    /// How far the import is. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn import_progress(&self) -> Result<ImportProgress, StoreError> {
        Ok(self.get(keys::import_progress()).await?.unwrap_or_default())
    }

    /// Remembers how far the import is. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn record_import(&self, permit: &Permit, progress: &ImportProgress) -> Result<(), StoreError> {
        self.put_rows(permit, &[&Row::new(keys::import_progress(), progress)]).await
    }

    /// Stores an account with its claims: on its address and, if it has one, on its Google id. One that is there is
    /// left alone. 1 call, 2 when it is there.
    ///
    /// # Errors
    /// [`Refusal::EmailTaken`] when another account has the address or the Google id.
    pub async fn import_account(&self, permit: &Permit, user: &User) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(user.created_at);
        let mut absent = Expression::default();
        absent.require_absent(keys::PK);
        let mut claims = vec![keys::email_claim(&user.email)];
        claims.extend(user.google_id.as_deref().map(keys::google_claim));
        for claim in claims {
            transaction.put(Row::new(claim, &Claim { user_id: user.id }), absent.clone(), Refusal::EmailTaken);
        }
        transaction.put(account_row(user), absent, Refusal::EmailTaken);
        match self.transact(transaction).await {
            Err(WriteError::Refused(Refusal::EmailTaken)) if self.user(user.id).await?.is_some() => Ok(()),
            other => other,
        }
    }

    /// Stores tasks with their reminders, marked as they are to be counted in `zone`. Answers the reminders that were left
    /// out: those of a task that is there and does not know them, since its user deleted them, or the original has made
    /// them since. 1 read for 100 rows, one more for 100 tasks, and 1 write for 25.
    ///
    /// # Errors
    /// The table failed; what was not stored yet is stored by the next try.
    pub async fn import_tasks(
        &self,
        permit: &Permit,
        families: Vec<Family>,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<Vec<ReminderId>, StoreError> {
        let (mut rows, mut left_out) = (Vec::new(), Vec::new());
        let mut known = HashMap::new();
        for families in families.chunks(READS) {
            let wanted = families.iter().map(|family| keys::task(family.task.user_id, family.task.id)).collect();
            for item in self.batch_get(wanted).await? {
                let task: Task = serde_dynamo::from_item(item)?;
                known.insert(task.id, task.reminders);
            }
        }
        for Family { mut task, mut reminders } in families {
            if let Some(cards) = known.get(&task.id) {
                let unknown = reminders.extract_if(.., |reminder| !cards.contains_key(&reminder.id));
                left_out.extend(unknown.map(|reminder| reminder.id));
            }
            // Nobody is notified of what passed before they came.
            task.overdue_told = task.overdue_at().filter(|due| *due <= now);
            for reminder in reminders {
                let marked = Reminder { counted: reminder.counter_mark(zone), ..reminder };
                task.reminders.insert(marked.id, ReminderCard::from(&marked));
                rows.push(reminder_row(&marked));
            }
            task.counted_category = Some(task.category_to_count().to_owned());
            rows.push(new_task_row(&task));
        }
        self.put_missing(permit, rows).await?;
        Ok(left_out)
    }

    /// Stores notifications of a user, and counts the unread ones anew. Answers how many were new. Calls as
    /// [`Self::import_tasks`], and a reading of all the user's notifications.
    ///
    /// # Errors
    /// As [`Self::import_tasks`].
    pub async fn import_notifications(
        &self,
        permit: &Permit,
        user: UserId,
        notifications: &[Notification],
    ) -> Result<u64, WriteError> {
        let written = self.put_missing(permit, notifications.iter().map(notification_row).collect()).await?;
        let is_race = |error: &WriteError| matches!(error, WriteError::Refused(Refusal::NotificationChanged));
        retry(INBOX_BACKOFF, is_race, async || self.recount_inbox(permit, user).await).await?;
        Ok(written)
    }

    /// Refused when the user gets or reads notifications at the same time.
    async fn recount_inbox(&self, permit: &Permit, user: UserId) -> Result<(), WriteError> {
        const UNREAD: &str = "unread";
        const NEWEST: &str = "newest";
        let inbox = self.get_item(keys::inbox(user), Consistency::Strong).await?;
        let time = |name: &str| inbox.as_ref().and_then(|inbox| Timestamp::parse(text_of(inbox, name)?).ok());
        let read_upto = time("readUpto");
        let (mut newest, mut unread): (_, BTreeMap<i64, u32>) = (time(NEWEST), BTreeMap::new());
        let mut after = None;
        loop {
            let query = IndexQuery {
                user,
                index: Index::Time,
                range: (keys::NOTIFICATION_PREFIX, &end_of(keys::NOTIFICATION_PREFIX)),
                direction: Direction::Ascending,
                after,
                limit: LIMIT_MAX,
            };
            let page: ListPage<Notification> = self.page(query).await?.read()?;
            for Listed { value: notification, .. } in page.rows {
                newest = newest.max(Some(notification.created_at));
                if !notification.is_read && Some(notification.created_at) > read_upto {
                    *unread.entry(day_number(notification.created_at)).or_default() += 1;
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let Some(newest) = newest else {
            return Ok(());
        };
        let mut change = Expression::default();
        let counts = unread.into_iter().map(|(day, count)| (day.to_string(), number(count))).collect();
        change.set(UNREAD, AttributeValue::M(counts)).set(NEWEST, text(newest.to_string()));
        match inbox.as_ref().map(|inbox| inbox.get(UNREAD)) {
            Some(Some(present)) => change.require_equal(UNREAD, present.clone()),
            Some(None) => change.require_row().require_absent(UNREAD),
            None => change.require_absent(keys::PK),
        };
        self.update_row(permit, keys::inbox(user), change, Refusal::NotificationChanged).await
    }

    async fn put_missing(&self, permit: &Permit, rows: Vec<Row>) -> Result<u64, StoreError> {
        let mut written = 0;
        for rows in rows.chunks(READS) {
            let found = self.batch_get(rows.iter().map(|row| row.key().clone()).collect()).await?;
            let found: HashSet<Key> = found.iter().filter_map(key_of).collect();
            let missing: Vec<&Row> = rows.iter().filter(|row| !found.contains(row.key())).collect();
            self.put_rows(permit, &missing).await?;
            written += missing.len() as u64;
        }
        Ok(written)
    }
}
