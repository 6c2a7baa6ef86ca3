//! What operators do to the data, from their own machine and with their own credentials.
//!
//! | Command | Does |
//! |---|---|
//! | `replay` | counts users again from their rows, compares with the counters, and repairs |
//! | `migrate up`, `down`, `status` | changes rows of earlier versions, and back |
//! | `import` | brings in the original's PostgreSQL database |
//!
//! All of them may be interrupted at any time and begun again, and run while the system does. They walk the whole
//! table (a Scan, page by page), which no route may.

pub mod import;
pub mod migrate;
pub mod replay;

use shared::id::UserId;
use shared::store::ledger::MigrationsLocked;
use shared::store::{StoreError, WriteError};

/// A command did not come to its end; it may be begun again.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The table refused.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The table refused an entry into the ledger of migrations.
    #[error(transparent)]
    Ledger(#[from] WriteError<MigrationsLocked>),
    /// The original's database failed.
    #[error("the original's database: {0}")]
    Source(#[from] tokio_postgres::Error),
    /// Some users were left out, since the table refused: they never held still, or their rows contradict each other.
    #[error("not done for {}; run it again, and see what replay says of them", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Users(Vec<UserId>),
    /// What is asked makes no sense.
    #[error("{0}")]
    Usage(String),
}
