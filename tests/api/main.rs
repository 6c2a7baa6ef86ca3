//! What a client sees of the deployed system, over HTTP and in the mailbox, and nothing else.
//!
//! The folders mirror the routes; what holds for many routes has a file of its own: `access`, `act`, `bodies`, `compression`, `cors`,
//! `csrf`, `etags`, `head`, `idempotency`, `key_rotation`, `limits`, `passwords`, `races`, `security_headers`, `silent_refresh`, `text`,
//! `tokens`, `unsubscribe`. `attacks` is a table of what an attacker might try, `import`
//! brings a user of the original over. `support` holds the client, the answer with its
//! assertions, the mailbox, the provider that stands in for Google, and the cloud behind the API, for what no client
//! sees: the keys, and what a deleted account leaves.
//!
//! `make test` deploys a local cloud of its own and runs them with `BASE_URL`, `MAILBOX_URL`, `OIDC_URL`, the cloud's
//! `AWS_…` and `STACK_NAME` set. Each test makes its own users, each client has an address of its own, so tests run
//! side by side and in any order.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod access;
mod act;
mod analytics;
mod attachments;
mod attacks;
mod auth;
mod bodies;
mod compression;
mod cors;
mod csrf;
mod etags;
mod head;
mod idempotency;
mod import;
mod key_rotation;
mod limits;
mod notifications;
mod passwords;
mod races;
mod refusals_logged;
mod reminders;
mod security_headers;
mod service;
mod silent_refresh;
mod support;
mod tasks;
mod text;
mod tokens;
mod unsubscribe;
mod user;
