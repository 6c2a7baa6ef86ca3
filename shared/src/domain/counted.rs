//! What the user's counters hold of a reminder, remembered on the reminder itself.
//!
//! The counters change by the difference between what they held and what they are to hold, so that undoing,
//! deleting and counting again find the very day that was counted, whatever the user's zone is by then.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::reminder::ReminderStatus;
use crate::domain::zone::Zone;

/// How a reminder is counted; one that was called off is not. Its text form is `pending` or the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Counted {
    /// Among those to come.
    Pending,
    /// Among the completed ones of a local day, which was fixed when it was completed.
    CompletedOn(Date),
}

const PENDING: &str = "pending";

/// The text is neither `pending` nor a calendar day.
#[derive(Debug, thiserror::Error)]
#[error("neither pending nor a day")]
pub struct NotCounted;

impl TryFrom<String> for Counted {
    type Error = NotCounted;

    fn try_from(text: String) -> Result<Self, NotCounted> {
        if text == PENDING {
            return Ok(Self::Pending);
        }
        text.parse().map(Self::CompletedOn).map_err(|_| NotCounted)
    }
}

impl From<Counted> for String {
    fn from(counted: Counted) -> Self {
        match counted {
            Counted::Pending => PENDING.to_owned(),
            Counted::CompletedOn(day) => day.to_string(),
        }
    }
}

impl Counted {
    /// How a reminder about `scheduled_at` is to be counted. A completion that is counted already keeps its day
    /// while it is about the same moment (`before`); a new one is of the day in `zone`.
    pub fn of(status: ReminderStatus, scheduled_at: Timestamp, before: Option<Self>, zone: &Zone) -> Option<Self> {
        match status {
            ReminderStatus::Pending => Some(Self::Pending),
            ReminderStatus::Skipped => None,
            ReminderStatus::Completed => match before {
                Some(Self::CompletedOn(day)) => Some(Self::CompletedOn(day)),
                Some(Self::Pending) | None => Some(Self::CompletedOn(local_day(scheduled_at, zone))),
            },
        }
    }
}

/// The calendar day of an instant in a zone.
pub fn local_day(instant: Timestamp, zone: &Zone) -> Date {
    instant.in_zone(zone.rules()).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_completion_keeps_its_day_when_the_zone_changes() {
        let at = Timestamp::parse("2026-03-01T20:00:00Z").unwrap();
        let (kolkata, utc) = (Zone::parse("Asia/Kolkata").unwrap(), Zone::UTC);
        let first = Counted::of(ReminderStatus::Completed, at, Some(Counted::Pending), &kolkata);
        assert_eq!(first.map(String::from).as_deref(), Some("2026-03-02"));
        assert_eq!(Counted::of(ReminderStatus::Completed, at, first, &utc), first);
        let again = Counted::of(ReminderStatus::Completed, at, None, &utc);
        assert_eq!(again.map(String::from).as_deref(), Some("2026-03-01"));
    }

    #[test]
    fn days_of_daylight_saving_begin_and_end_at_their_own_midnights() {
        let new_york = Zone::parse("America/New_York").unwrap();
        let days = [
            // 23 hours long: no 02:30.
            ("2026-03-08T04:59:59.999Z", "2026-03-07"),
            ("2026-03-08T05:00:00Z", "2026-03-08"),
            ("2026-03-08T07:30:00Z", "2026-03-08"),
            ("2026-03-09T03:59:59.999Z", "2026-03-08"),
            // 25 hours long: 01:30 comes twice.
            ("2026-11-01T03:59:59.999Z", "2026-10-31"),
            ("2026-11-01T05:30:00Z", "2026-11-01"),
            ("2026-11-01T06:30:00Z", "2026-11-01"),
            ("2026-11-02T04:59:59.999Z", "2026-11-01"),
        ];
        for (instant, day) in days {
            assert_eq!(local_day(Timestamp::parse(instant).unwrap(), &new_york).to_string(), day, "{instant}");
        }
    }

    #[test]
    fn its_text_is_read_back_and_no_other_is() {
        for text in ["pending", "2024-02-29"] {
            assert_eq!(String::from(Counted::try_from(text.to_owned()).unwrap()), text);
        }
        for bad in ["", "completed", "2023-02-29", "2024-2-9"] {
            assert!(Counted::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
