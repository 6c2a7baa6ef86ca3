//! `replay`: counts users again.

use std::fmt;

use shared::clock::{Clock, Timestamp};
use shared::id::UserId;
use shared::operator;
use shared::store::replay::{Mode, Replay};
use shared::store::{Store, WriteError};

use crate::Failure;

/// Rows of the table that are looked at for users in one call.
const PAGE: u32 = 2_000;

/// What a replay of many users found.
#[derive(Debug, Default)]
pub struct Summary {
    /// Users counted.
    pub users: u64,
    /// Tasks and reminders counted.
    pub rows: u64,
    /// Users of whom something was wrong, and what.
    pub wrong: Vec<(UserId, Replay)>,
    /// Users who never held still, or whose rows contradict each other, and what the table said.
    pub failed: Vec<(UserId, String)>,
}

/// Counts one user.
///
/// # Errors
/// There is no such user, or the table failed.
pub async fn one(store: &Store, user: UserId, mode: Mode, now: Timestamp) -> Result<Summary, Failure> {
    let mut summary = Summary::default();
    let found = store
        .replay(&operator::permit(), user, mode, now)
        .await?
        .ok_or_else(|| Failure::Usage(format!("there is no user {user}")))?;
    summary.add(user, found);
    Ok(summary)
}

/// Counts all users. One who cannot be counted keeps none of the others from it.
///
/// # Errors
/// The table failed.
pub async fn all(store: &Store, clock: Clock, mode: Mode) -> Result<Summary, Failure> {
    let (mut summary, mut after) = (Summary::default(), None);
    loop {
        let page = store.users(after, PAGE).await?;
        for user in page.users {
            match store.replay(&operator::permit(), user, mode, clock.now()).await {
                Ok(Some(found)) => summary.add(user, found),
                // Who is deleted meanwhile has nothing to count.
                Ok(None) => {}
                Err(refused @ WriteError::Refused(_)) => summary.failed.push((user, refused.to_string())),
                Err(failure) => return Err(failure.into()),
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(summary),
        }
    }
}

impl Summary {
    fn add(&mut self, user: UserId, found: Replay) {
        self.users += 1;
        self.rows += found.rows;
        if !found.is_clean() {
            self.wrong.push((user, found));
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (user, found) in &self.wrong {
            writeln!(f, "{user}: {} rows not marked as counted", found.unmarked)?;
            for difference in &found.differences {
                writeln!(f, "  {difference}")?;
            }
        }
        for (user, reason) in &self.failed {
            writeln!(f, "{user}: not counted: {reason}")?;
        }
        writeln!(f, "{} users, {} tasks and reminders, {} users differ", self.users, self.rows, self.wrong.len())
    }
}
