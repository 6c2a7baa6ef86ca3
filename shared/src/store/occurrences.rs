//! The occurrences of recurring tasks that are over.

use super::keys::{self, Index};
use super::page::{Direction, IndexQuery, ListPage, Position, end_of};
use super::row::Row;
use super::transact::Transaction;
use super::{Permit, Store, StoreError, WriteError, key_of};
use crate::domain::occurrence::Occurrence;
use crate::id::{TaskId, UserId};

impl Store {
    /// A page of the occurrences of a task, newest first. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn occurrences(
        &self,
        user: UserId,
        task: TaskId,
        after: Option<Position>,
        limit: u32,
    ) -> Result<ListPage<Occurrence>, StoreError> {
        let prefix = keys::occurrences_of_task(task);
        let query = IndexQuery {
            user,
            index: Index::Table,
            range: (&prefix, &end_of(&prefix)),
            direction: Direction::Descending,
            after,
            limit,
        };
        Ok(self.page(query).await?.read()?)
    }

    /// Deletes the occurrences of a task that is gone. Doing it again is harmless. 1 call for each MB of them, and 1 for each 25.
    ///
    /// # Errors
    /// The table failed; what was not deleted yet is deleted by the next try.
    pub async fn delete_occurrences_of(&self, permit: &Permit, user: UserId, task: TaskId) -> Result<(), WriteError> {
        let mut rows = Self::rows_of(user, &keys::occurrences_of_task(task));
        while let Some(page) = rows.next(self).await? {
            self.delete_rows(permit, page.iter().filter_map(key_of).collect()).await?;
        }
        Ok(())
    }
}

impl Transaction {
    /// Records an occurrence that is over.
    pub(super) fn put_occurrence(&mut self, occurrence: &Occurrence) {
        let key = keys::occurrence(occurrence.user_id, occurrence.task_id, occurrence.task_version);
        self.put_new(Row::new(key, occurrence));
    }
}
