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
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, look).await
}

/// The same with another patience than usual.
pub(crate) async fn eventually_within<T>(
    patience: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "did not happen within {patience:?}: {what}");
        tokio::time::sleep(STEP).await;
    }
}

/// Asserts that two kinds of request take about as long: the least of samples that are taken in turns. What one of them
/// does more is in each of its samples; what the machine does besides, which only adds, is not in the least.
///
/// `most_times` is how much longer one may take: less than what the secret costs, more than what the machine does behind
/// one of them.
pub(crate) async fn assert_as_long(
    what: &str,
    most_times: f64,
    mut one: impl AsyncFnMut(usize),
    mut other: impl AsyncFnMut(usize),
) {
    const ROUNDS: usize = 30;
    let mut times = [Vec::new(), Vec::new()];
    // The first of each finds functions that are not warm yet.
    for round in 0..=ROUNDS {
        for turn in 0..2 {
            let which = (turn + round) % 2;
            let started = Instant::now();
            if which == 0 {
                one(round).await
            } else {
                other(round).await
            };
            if round > 0 {
                times[which].push(started.elapsed());
            }
        }
    }
    let [one, other] = times.map(|times| times.into_iter().min().unwrap());
    assert!(one.max(other) <= one.min(other).mul_f64(most_times), "{what}: {one:?} against {other:?}");
}

/// A moment so many minutes ahead. A reminder for less than an hour ahead goes out at once.
pub(crate) fn minutes_ahead(minutes: i64) -> String {
    ahead(SignedDuration::from_mins(minutes))
}

/// The `scheduledAt` of a reminder that goes out in so many seconds, an hour before its moment.
pub(crate) fn fires_in(seconds: i64) -> String {
    ahead(SignedDuration::from_secs(3600 + seconds))
}

/// A zone in which it is about noon: its day has neither begun nor ends a moment from now. With its offset from UTC.
pub(crate) fn noon() -> (String, jiff::tz::Offset) {
    let now = now().to_zoned(jiff::tz::TimeZone::UTC);
    let east = 12 - now.hour();
    // POSIX counts westwards.
    (format!("Etc/GMT{:+}", -east), jiff::tz::offset(east))
}

/// The current instant, as the deployed functions see it.
#[expect(clippy::disallowed_methods, reason = "tests over HTTP share the system's time with what they test")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Now, in epoch seconds.
pub(crate) fn epoch_seconds() -> i64 {
    now().as_second()
}

fn ahead(duration: SignedDuration) -> String {
    format!("{:.3}", now() + duration)
}

/// The instant that an answer tells, which must be RFC 3339 in UTC with `Z`.
#[track_caller]
pub(crate) fn instant(value: &Value) -> Timestamp {
    let text = value.as_str().unwrap_or_else(|| panic!("an instant must be a text: {value}"));
    assert!(text.ends_with('Z'), "an instant must be in UTC with Z: {text}");
    text.parse().unwrap_or_else(|error| panic!("an instant must be RFC 3339: {text}: {error}"))
}
