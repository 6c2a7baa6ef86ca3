//! What became of the occurrences of a recurring task.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{TaskId, UserId};
use crate::word_type;

word_type! {
    /// How an occurrence ended.
    OccurrenceOutcome {
        /// It was completed.
        Completed = "completed",
        /// It was skipped.
        Skipped = "skipped",
    }
}

/// An occurrence that is over, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    /// The owner.
    pub user_id: UserId,
    /// The recurring task.
    pub task_id: TaskId,
    /// The task's version from this occurrence's end on. It orders the occurrences of a task, and tells them apart: a due date can
    /// come twice when it is moved by hand.
    pub task_version: u64,
    /// When it was due.
    pub due_date: Timestamp,
    /// How it ended.
    pub outcome: OccurrenceOutcome,
    /// When it ended.
    pub at: Timestamp,
}

/// An occurrence of a recurring task that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Occurrence"))]
pub struct OccurrenceOut {
    pub due_date: Timestamp,
    pub outcome: OccurrenceOutcome,
    /// When it was completed or skipped.
    pub at: Timestamp,
}

impl From<Occurrence> for OccurrenceOut {
    fn from(occurrence: Occurrence) -> Self {
        let Occurrence { due_date, outcome, at, user_id: _, task_id: _, task_version: _ } = occurrence;
        Self { due_date, outcome, at }
    }
}
