//! Recurrence rules against python-dateutil, in every time zone, and against hostile rules.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

mod dateutil;
mod hostile;
mod zones;

use shared::clock::Timestamp;
use shared::domain::recurrence::{Anchor, NoOccurrence, Recurrence, RecurrenceIn, Rule};
use shared::domain::zone::Zone;

/// A rule that is set on a due date in a zone.
fn recurrence(rule: &str, due: Timestamp, zone: &Zone) -> Result<Recurrence, NoOccurrence> {
    let input = RecurrenceIn { rrule: Rule::parse(rule).unwrap(), anchor: Anchor::Due, timezone: None };
    Recurrence::new(input, due, zone)
}
