//! Moments, and waiting for what happens in its own time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

/// How long the system may take for what it does after its answer: a mail, a clean-up.
const PATIENCE: Duration = Duration::from_secs(45);
/// Between two looks.
const STEP: Duration = Duration::from_millis(100);

/// Looks until there is something to see; fails, saying `what` was awaited, when patience ends.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "did not happen within {PATIENCE:?}: {what}");
        tokio::time::sleep(STEP).await;
    }
}

/// A moment so many minutes ahead. A reminder for less than an hour ahead goes out at once.
pub(crate) fn minutes_ahead(minutes: i64) -> String {
    ahead(SignedDuration::from_mins(minutes))
}

/// The `scheduledAt` of a reminder that goes out in so many seconds, an hour before its moment.
pub(crate) fn fires_in(seconds: i64) -> String {
    ahead(SignedDuration::from_secs(3600 + seconds))
}

fn ahead(duration: SignedDuration) -> String {
    format!("{:.3}", Timestamp::now() + duration)
}

/// The instant that an answer tells, which must be RFC 3339 in UTC with `Z`.
#[track_caller]
pub(crate) fn instant(value: &Value) -> Timestamp {
    let text = value.as_str().unwrap_or_else(|| panic!("an instant must be a text: {value}"));
    assert!(text.ends_with('Z'), "an instant must be in UTC with Z: {text}");
    text.parse().unwrap_or_else(|error| panic!("an instant must be RFC 3339: {text}: {error}"))
}
