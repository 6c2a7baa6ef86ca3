//! The time of all tests below HTTP: the same for every run, so that no test depends on the hour, weekday or date at which
//! it is started. `make test-clock` runs them at other instants.

use std::sync::LazyLock;

use shared::clock::{Clock, Timestamp};

/// An ordinary working day, a morning in Europe and an afternoon in India.
const ORDINARY: &str = "2026-11-18T10:17:42.319Z";

static NOW: LazyLock<Timestamp> = LazyLock::new(|| {
    let text = std::env::var("TEST_NOW");
    let text = text.as_deref().unwrap_or(ORDINARY);
    Timestamp::parse(text).unwrap_or_else(|error| panic!("TEST_NOW={text}: {error}"))
});

/// An ordinary instant, or the one in the environment variable `TEST_NOW`. It does not advance.
pub fn now() -> Timestamp {
    *NOW
}

/// A clock that shows [`now`].
pub fn fixed() -> Clock {
    Clock::fixed(now())
}
