//! Analytics.
//!
//! | Function | Route |
//! |---|---|
//! | `analytics-get` | `GET /api/analytics` |
//! | `analytics-streaks` | `GET /api/analytics/streaks` |
//!
//! Both read counters, which change with what they count: an answer is never behind, and costs the same whatever
//! the history.

pub mod get;
pub mod streaks;
