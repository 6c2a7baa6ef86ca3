//! Analytics.
//!
//! The functions read counters that every write keeps current in its own transaction: an answer is never stale, and its
//! cost does not depend on the length of the history.

pub mod get;
pub mod streaks;

shared::functions! {
    serve "analytics" {
        "analytics-get": http(get),
        "analytics-streaks": http(streaks),
    }
}
