//! How an operator's command gets its permit to write. Behind the feature `operator`, which no function enables.

use crate::store::Permit;

/// The permit of a command that a person runs: no rate limiter and no queue is in front of it.
pub fn permit() -> Permit {
    Permit::of_service()
}
