//! The operators' commands against the table's emulation in this process, and a real PostgreSQL for the importer.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]
#![expect(clippy::print_stdout, reason = "`--nocapture` shows how long things take")]

mod files;
mod import;
mod migrate;
mod sign_in;
mod tls;
