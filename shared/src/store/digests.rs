//! The morning digest's rows.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;

use super::keys::{self, Index};
use super::page::{Direction, IndexQuery, Position};
use super::update::Expression;
use super::users::account_update;
use super::{Permit, Refusal, Store, StoreError, WriteError, text};
use crate::clock::Timestamp;
use crate::domain::reminder::{Reminder, ReminderStatus};
use crate::domain::task::Task;
use crate::domain::user::User;
use crate::domain::user_change::DigestSettlement;
use crate::id::{ReminderId, TaskId, UserId};

/// Rows of one Query.
const PAGE: u32 = 500;
/// Keys of one `BatchGetItem`.
const BATCH: usize = 100;

/// A task without what a digest does not tell: of somebody with thousands, all are in memory at once.
fn lean(mut task: Task) -> Task {
    task.description = None;
    task.link = None;
    task.attachments.clear();
    task
}

impl Store {
    /// The tasks that are due from `start` to before `end`, and those with a pending reminder by mail then, in no
    /// order; one may come twice. 3 calls, more for hundreds of rows.
    ///
    /// # Errors
    /// The table failed.
    pub async fn tasks_of_day(
        &self,
        user: UserId,
        (start, end): (Timestamp, Timestamp),
    ) -> Result<Vec<Task>, StoreError> {
        let due = self.whole_range(user, (keys::tasks_due(start), keys::tasks_due(end)), |task| Some(lean(task)));
        let at = |instant: Timestamp| format!("{}{instant}", keys::REMINDER_PREFIX);
        let reminded = self.whole_range(user, (at(start), at(end)), |reminder: Reminder| {
            let counts = reminder.status == ReminderStatus::Pending && reminder.channel.mails();
            counts.then_some(reminder.task_id)
        });
        let (due, reminded) = futures::join!(due, reminded);
        let (mut tasks, mut others) = (due?, reminded?);
        let known: HashSet<TaskId> = tasks.iter().map(|task| task.id).collect();
        others.sort();
        others.dedup();
        others.retain(|id| !known.contains(id));
        for ids in others.chunks(BATCH) {
            tasks.extend(self.tasks_by_id(user, ids.iter().copied()).await?.into_iter().map(lean));
        }
        Ok(tasks)
    }

    /// What `kept` leaves of the rows of a range; no more than one page is held besides.
    async fn whole_range<R: DeserializeOwned, K>(
        &self,
        user: UserId,
        (low, high): (String, String),
        kept: impl Fn(R) -> Option<K>,
    ) -> Result<Vec<K>, StoreError> {
        let mut found = Vec::new();
        let mut after: Option<Position> = None;
        loop {
            let query = IndexQuery {
                user,
                index: Index::Time,
                range: (&low, &high),
                direction: Direction::Ascending,
                after,
                limit: PAGE,
            };
            let page = self.page(query).await?.read()?;
            found.extend(page.rows.into_iter().filter_map(|row| kept(row.value)));
            if page.next.is_none() {
                return Ok(found);
            }
            after = page.next;
        }
    }

    /// Settles a day's digest of an account that was `read`: plans the next one and, if the day has tasks, notifies the user and
    /// puts the mail on its way, all or nothing. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when the day was settled, or what the digest is planned from was changed in the meantime;
    /// [`Refusal::MailboxChanged`] when another mail to the unverified mailbox was counted.
    pub async fn settle_digest(
        &self,
        permit: &Permit,
        read: &User,
        settlement: &DigestSettlement,
    ) -> Result<(), WriteError> {
        let DigestSettlement { user, notification, mail, unverified, .. } = settlement;
        let change = account_update(read, user);
        if notification.is_none() && mail.is_none() {
            return self.update_row(permit, keys::account(read.id), change, Refusal::AccountChanged).await;
        }
        let mut transaction = permit.transaction(settlement.at);
        transaction.update(keys::account(read.id), change, Refusal::AccountChanged);
        if let Some(notification) = notification {
            transaction.notify(notification);
        }
        if let Some(mail) = mail {
            transaction.put_mail(mail);
        }
        if let Some(unverified) = unverified {
            transaction.count_unverified(unverified);
        }
        self.transact(transaction).await
    }

    /// Marks the reminders that a digest which has left was about. Doing it again changes nothing. 1 call each.
    pub(super) async fn mark_told_by_digest(
        &self,
        permit: &Permit,
        user: UserId,
        reminders: &[ReminderId],
        now: Timestamp,
    ) -> Result<(), WriteError> {
        for reminder in reminders {
            let mut change = Expression::default();
            change
                .set("morningEmailSent", AttributeValue::Bool(true))
                .set("updatedAt", text(now.to_string()))
                .add("version", 1)
                .require_equal("morningEmailSent", AttributeValue::Bool(false));
            match self.update_row(permit, keys::reminder(user, *reminder), change, Refusal::ReminderChanged).await {
                // Marked before, or deleted.
                Ok(()) | Err(WriteError::Refused(Refusal::ReminderChanged)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
