//! The store against DynamoDB's emulation in this very process (dynoxide), whose validation and capacity figures
//! are AWS's. One database a test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed, and says where")]

mod accounts;
mod attachments;
mod budgets;
mod challenges;
mod conflicts;
mod counters;
mod due_dates;
mod exports;
mod google;
mod idempotency;
mod inbox;
mod mailboxes;
mod mails;
mod pages;
mod rates;
mod reminders;
mod resets;
mod scale;
mod sessions;
mod tasks;
mod users;
mod walks;
