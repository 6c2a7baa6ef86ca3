//! The system that Spacedly succeeds, as far as the importer sees it: a PostgreSQL server, and its five tables.
#![expect(missing_docs, clippy::unwrap_used, clippy::panic, reason = "only tests use it, and they are to fail loudly")]

mod postgres;
mod rows;

pub use postgres::Postgres;
pub use rows::{AS_QUERIES, AS_TABLES, ROWS};
