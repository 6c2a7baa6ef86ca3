//! What every Spacedly function is made of.
//!
//! A map, from the outside in:
//!
//! - [`http`]: one request from API Gateway's event to its answer: [`http::routes`] lists the API, [`http::serve`]
//!   runs a route, [`http::error`] is the catalogue of errors.
//! - [`events`]: the same for functions that a queue calls.
//! - [`auth`]: passwords, tokens, sessions, and the keys behind them.
//! - [`domain`]: tasks, reminders, users, mails and their rules. Pure: no I/O, `now` is an argument.
//! - [`store`]: the table. [`store::keys`] opens with every entity, key and access pattern.
//! - [`aws`]: thin, typed clients of the other services.
//! - [`messages`]: what queues and schedules carry.
//! - [`operator`]: how an operator's command gets its permit to write.
//! - [`config`], [`telemetry`], [`clock`], [`id`], [`backoff`]: the rest.
//!
//! Architecture invariants: HTTP types do not enter the domain; SDK types do not leave [`store`] and [`aws`];
//! key strings exist only in [`store::keys`]; nothing writes before the rate limiter has let the request pass
//! (every write takes a [`store::Permit`], and only the limiter's decision, an event function's start and [`operator`] make one).

pub mod auth;
pub mod aws;
pub mod backoff;
pub mod clock;
pub mod config;
pub mod domain;
pub mod events;
pub mod http;
pub mod id;
pub mod limits;
pub mod messages;
#[cfg(feature = "operator")]
pub mod operator;
pub mod runtime;
pub mod schema;
pub mod store;
pub mod telemetry;
