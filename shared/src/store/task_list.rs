//! Lists of tasks.

use super::gate::ReadCost;
use super::keys::{self, Index};
use super::page::{Direction, IndexQuery, ListPage, Listed, Position, end_of};
use super::{Store, StoreError};
use crate::domain::task::Task;
use crate::domain::task_query::{TaskQuery, TaskSort};
use crate::id::UserId;

/// Maximum number of rows that a filtered page reads.
const FILTERED_LOOKS_AT: u32 = 500;

impl Store {
    /// A page of tasks. 1 call; 2 where, in descending order, dated and undated tasks meet.
    ///
    /// # Errors
    /// The table failed.
    pub async fn tasks(
        &self,
        user: UserId,
        query: &TaskQuery,
        after: Option<Position>,
        limit: u32,
    ) -> Result<ListPage<Task>, StoreError> {
        if query.filters() {
            self.admit(ReadCost::Unbounded).await?;
        }
        let mut page = ListPage { rows: Vec::new(), next: None };
        let mut budget = if query.filters() { FILTERED_LOOKS_AT } else { limit + 1 };
        let mut after = after;
        for range in ranges(query) {
            // The cursor lies in a later range: this one was read to its end before.
            if after.as_ref().is_some_and(|after| !range.holds(after)) {
                continue;
            }
            let IndexRange { index, ref low, ref high, direction } = range;
            let read = IndexQuery { user, index, range: (low, high), direction, after: after.take(), limit: budget };
            let rows = self.query_index(read).await?;
            budget = budget.saturating_sub(u32::try_from(rows.items.len()).unwrap_or(u32::MAX));
            let more = rows.more;
            let last_seen = rows.items.last().map(|row| row.position.clone());
            for Listed { value, position } in rows.items {
                let task: Task = serde_dynamo::from_item(value)?;
                if !query.keeps(&task) {
                    continue;
                }
                if page.rows.len() >= limit as usize {
                    return Ok(page);
                }
                page.next = Some(position.clone());
                page.rows.push(Listed { value: task, position });
            }
            if more || budget == 0 {
                page.next = last_seen.or(page.next);
                return Ok(page);
            }
        }
        page.next = None;
        Ok(page)
    }
}

/// A range of an index: first and last sort key, and which way to read it.
struct IndexRange {
    index: Index,
    low: String,
    high: String,
    direction: Direction,
}

impl IndexRange {
    fn holds(&self, position: &Position) -> bool {
        (self.low.as_str()..=self.high.as_str()).contains(&position.index_sk.as_str())
    }
}

/// The ranges of an index that a query reads, in order.
fn ranges(query: &TaskQuery) -> Vec<IndexRange> {
    let all =
        |index, prefix: &str, direction| IndexRange { index, low: prefix.to_owned(), high: end_of(prefix), direction };
    let bounded = query.due_after.is_some() || query.due_before.is_some();
    let due = |direction| IndexRange {
        index: Index::Time,
        low: query.due_after.map_or_else(|| keys::TASK_DATED.to_owned(), keys::tasks_due),
        // Keys go on behind the instant, so this leaves out what is due at it.
        high: query.due_before.map_or_else(|| end_of(keys::TASK_DATED), keys::tasks_due),
        direction,
    };
    match query.sort {
        // Undated tasks are neither before nor after any instant.
        TaskSort::DueDate if bounded => vec![due(Direction::Ascending)],
        TaskSort::DueDateDescending if bounded => vec![due(Direction::Descending)],
        TaskSort::DueDate => vec![all(Index::Time, keys::TASK_PREFIX, Direction::Ascending)],
        TaskSort::DueDateDescending => {
            vec![due(Direction::Descending), all(Index::Time, keys::TASK_UNDATED, Direction::Descending)]
        }
        TaskSort::CreatedAt => vec![all(Index::Created, keys::TASK_PREFIX, Direction::Ascending)],
        TaskSort::CreatedAtDescending => vec![all(Index::Created, keys::TASK_PREFIX, Direction::Descending)],
    }
    .into_iter()
    // An empty span of time is no range that the table takes.
    .filter(|range| range.low <= range.high)
    .collect()
}
