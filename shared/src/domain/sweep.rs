//! Which ranges of the index `due` the sweep queries, and when.
//!
//! Digests and overdue tasks have no schedules: the tick after their time queues them. Undone work is queued again at
//! growing intervals, so that work that always fails costs little: every ten minutes for about an hour, every hour for
//! about a day, then once a day.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::word_type;

/// How far back a tick queries for work that only ticks queue. Ticks may be late, doubled or lost, and the index lags
/// behind the table. Work that is done has left the index.
const FRESH: Duration = Duration::from_secs(3 * 60);
/// Longer than a message usually takes.
const GRACE: Duration = Duration::from_secs(10 * 60);
const SOON: Duration = Duration::from_secs(70 * 60);
const LATER: Duration = Duration::from_secs(25 * 3600);

word_type! {
    /// The kind of row in the index `due`.
    DueKind {
        /// A reminder that is to fire. Its schedule is the ordinary way.
        Reminder = "reminder",
        /// A mail that has not left. The stream is the ordinary way.
        Mail = "mail",
        /// An account whose digest is to go out.
        Digest = "digest",
        /// A task whose due date passes.
        Task = "task",
        /// An attachment that is not finished. The optimizer is the ordinary way.
        Attachment = "attachment",
    }
}

impl DueKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Reminder, Self::Mail, Self::Digest, Self::Task, Self::Attachment];

    /// Whether nothing but the tick hands it over.
    fn is_ticked(self) -> bool {
        matches!(self, Self::Digest | Self::Task)
    }
}

/// A window on one kind's rows: due after `from`, up to and including `upto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueWindow {
    /// Of what.
    pub kind: DueKind,
    /// `None` from the beginning.
    pub from: Option<Timestamp>,
    /// The last instant.
    pub upto: Timestamp,
}

/// Where in a window the next page begins: behind this row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DuePosition {
    /// The row's partition key.
    pub pk: String,
    /// Its sort key.
    pub sk: String,
    /// Its sort key in the index.
    pub due_at: String,
}

/// The ranges that the tick of this minute queries.
pub fn windows(now: Timestamp) -> Vec<DueWindow> {
    let tick = now.floor_to_minute();
    let minutes = tick.as_second() / 60;
    let mut spans: Vec<(Option<Timestamp>, Timestamp)> = Vec::new();
    if minutes % 10 == 0 {
        spans.push((Some(tick.minus(SOON)), tick.minus(GRACE)));
    }
    if minutes % 60 == 0 {
        spans.push((Some(tick.minus(LATER)), tick.minus(SOON)));
    }
    if minutes % (24 * 60) == 0 {
        spans.push((None, tick.minus(LATER)));
    }
    let late = |kind| spans.iter().map(move |(from, upto)| DueWindow { kind, from: *from, upto: *upto });
    DueKind::ALL
        .into_iter()
        .flat_map(|kind| {
            let fresh = DueWindow { kind, from: Some(tick.minus(FRESH)), upto: tick };
            kind.is_ticked().then_some(fresh).into_iter().chain(late(kind))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The minutes after `due`, up to `ticks`, at which a tick finds something that is due then.
    fn found_at(kind: DueKind, due: Timestamp, ticks: u32) -> Vec<u32> {
        let holds = |tick: &u32| {
            let now = due.floor_to_minute().plus(Duration::from_secs(60) * *tick);
            let within = |window: &DueWindow| window.from.is_none_or(|from| from < due) && due <= window.upto;
            windows(now).iter().filter(|window| window.kind == kind).any(within)
        };
        (0..ticks).filter(holds).collect()
    }

    proptest! {
        #[test]
        fn digests_and_due_dates_are_found_within_a_minute(ms in 1_700_000_000_000i64..1_800_000_000_000) {
            let due = Timestamp::from_second(ms / 1000).unwrap().plus(Duration::from_millis(ms.unsigned_abs() % 1000));
            for kind in [DueKind::Digest, DueKind::Task] {
                let minutes = found_at(kind, due, 10);
                prop_assert_eq!(minutes.len(), 3, "and again, should that tick be lost: {:?}", minutes);
                prop_assert!(minutes[0] <= 1);
            }
        }

        #[test]
        fn undone_work_is_found_for_ever_at_growing_intervals(second in 1_700_000_000i64..1_800_000_000) {
            let due = Timestamp::from_second(second).unwrap();
            for kind in [DueKind::Reminder, DueKind::Mail] {
                let minutes = found_at(kind, due, 4 * 24 * 60);
                prop_assert!((10..=20).contains(&minutes[0]), "{minutes:?}");
                let within_the_hour = minutes.iter().filter(|at| **at <= 80).count();
                prop_assert!((6..=8).contains(&within_the_hour), "{minutes:?}");
                prop_assert!((24..=40).contains(&minutes.len()), "{minutes:?}");
                prop_assert!(minutes[minutes.len() - 1] > 3 * 24 * 60 - 60);
            }
        }
    }

    #[test]
    fn an_ordinary_tick_queries_the_minutes_that_have_passed() {
        let found = windows(Timestamp::parse("2026-01-01T12:34:56.789Z").unwrap());
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|window| window.upto.to_string() == "2026-01-01T12:34:00.000Z"));
        assert_eq!(windows(Timestamp::parse("2026-01-01T00:00:00Z").unwrap()).len(), 17);
    }
}
