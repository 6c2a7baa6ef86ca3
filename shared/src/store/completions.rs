//! Completions of reminders: a row for each day and reminder that counts.

use jiff::civil::Date;

use super::counters::{Cap, DaySnapshot};
use super::keys;
use super::row::Row;
use super::transact::Transaction;
use super::update::Expression;
use super::{Item, Permit, Refusal, Store, StoreError, WriteError};
use crate::clock::Timestamp;
use crate::domain::completion::{Completion, CompletionChange};
use crate::domain::counters::{CounterChange, CounterMark};
use crate::id::{ReminderId, TaskId, UserId};

/// Rows of one transaction, which changes at most two rows of days for each.
const BATCH: usize = 25;

impl Store {
    /// Deletes the completions that a deleted task leaves, or one of its reminders, and takes them out of the counters. 1 call, and 2
    /// for each 25 of them.
    ///
    /// # Errors
    /// [`Refusal::CountersChanged`] when another run deletes the same ones; the next one finds what is left.
    pub async fn delete_completions_of(
        &self,
        permit: &Permit,
        (user, task): (UserId, TaskId),
        reminder: Option<ReminderId>,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let mut pager = Self::rows_of(user, &keys::completions_of(task, reminder));
        while let Some(page) = pager.next(self).await? {
            let read = |item: Item| serde_dynamo::from_item(item);
            let completions = page.into_iter().map(read).collect::<Result<Vec<Completion>, _>>()?;
            for completions in completions.chunks(BATCH) {
                let mut transaction = permit.transaction(now);
                let mut counters = CounterChange::default();
                for completion in completions {
                    let mut present = Expression::default();
                    present.require_row();
                    transaction.delete(key_of(completion), present, Refusal::CountersChanged);
                    counters.recount(Some(CounterMark::CompletedOn(completion.day)), None);
                }
                self.transact_counted(user, transaction, (&counters, Cap::None), &DaySnapshot::default()).await?;
            }
        }
        Ok(())
    }

    /// The days that a user's reminders count as completed by rows of their own, with the reminder of each. 1 call for each 1 MB.
    pub(super) async fn completed_days(&self, user: UserId) -> Result<Vec<(ReminderId, Date)>, StoreError> {
        let mut found = Vec::new();
        let mut pager = Self::rows_of(user, keys::COMPLETION_PREFIX);
        while let Some(page) = pager.next(self).await? {
            for item in page {
                let completion: Completion = serde_dynamo::from_item(item)?;
                found.push((completion.reminder_id, completion.day));
            }
        }
        Ok(found)
    }
}

impl Transaction {
    /// Writes what a change does to a reminder's completions.
    pub(super) fn complete(&mut self, change: &CompletionChange) {
        match change {
            CompletionChange::Count(completion) => {
                let mut absent = Expression::default();
                absent.require_absent(keys::PK);
                self.put(row_of(completion), absent, Refusal::AlreadyCounted);
            }
            CompletionChange::Keep(completion) => self.keep_completion(completion),
            CompletionChange::TakeBack(completion) => self.remove(key_of(completion)),
        }
    }

    /// Writes the row of a completion that is counted already, whether or not it has one.
    pub(super) fn keep_completion(&mut self, completion: &Completion) {
        self.overwrite(row_of(completion));
    }
}

fn key_of(completion: &Completion) -> keys::Key {
    let Completion { user_id, task_id, reminder_id, day, .. } = *completion;
    keys::completion(user_id, (task_id, reminder_id), day)
}

fn row_of(completion: &Completion) -> Row {
    Row::new(key_of(completion), completion)
}
