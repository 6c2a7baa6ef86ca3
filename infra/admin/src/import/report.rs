//! What an import took, and every row that it could not take, or not whole, with the reason.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::rows::text;
use crate::Failure;

/// The original's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `users`.
    User,
    /// `tasks`.
    Task,
    /// `task_attachments`.
    Attachment,
    /// `reminders`.
    Reminder,
    /// `notifications`.
    Notification,
}

/// A row, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its table.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// Why it was not taken, or what it was taken without.
    pub reason: String,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows taken, by table; rows that an earlier run took included.
    pub taken: BTreeMap<Kind, u64>,
    /// Rows not taken.
    pub refused: Vec<Row>,
    /// Rows taken without something.
    pub altered: Vec<Row>,
    /// Users who were not brought in whole, since the table refused or the original failed: to be tried again.
    pub failed: Vec<Row>,
}

impl Report {
    pub(super) fn take(&mut self, kind: Kind) {
        *self.taken.entry(kind).or_default() += 1;
    }

    pub(super) fn untake(&mut self, kind: Kind) {
        *self.taken.entry(kind).or_default() -= 1;
    }

    pub(super) fn refuse(&mut self, kind: Kind, row: &Value, reason: &str) {
        self.refused.push(Row::new(kind, row, reason));
    }

    pub(super) fn refuse_id(&mut self, kind: Kind, id: impl fmt::Display, reason: &str) {
        self.refused.push(Row { kind, id: id.to_string(), reason: reason.to_owned() });
    }

    pub(super) fn fail(&mut self, user: &Value, failure: &Failure) {
        self.failed.push(Row::new(Kind::User, user, &failure.to_string()));
    }

    pub(super) fn alter(&mut self, kind: Kind, row: &Value, reason: &str) {
        self.altered.push(Row::new(kind, row, reason));
    }
}

impl Row {
    fn new(kind: Kind, row: &Value, reason: &str) -> Self {
        Self { kind, id: text(row, &["id"]).unwrap_or("without an id").to_owned(), reason: reason.to_owned() }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}: {}", self.kind, self.id, self.reason)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.taken {
            writeln!(f, "{kind:?}: {count} taken")?;
        }
        for (title, rows) in [
            ("Taken, but not whole", &self.altered),
            ("Not taken", &self.refused),
            ("Failed; run it with --again", &self.failed),
        ] {
            writeln!(f, "{title}: {}", rows.len())?;
            for row in rows {
                writeln!(f, "  {row}")?;
            }
        }
        Ok(())
    }
}
