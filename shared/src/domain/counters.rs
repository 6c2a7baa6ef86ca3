//! A user's counters: what they hold of each task and reminder, and by how much a change moves them.
//!
//! Each task and reminder remembers how it is counted. The counters change by the difference between that and how it is
//! counted from now on, so that undoing, deleting and counting again find the day that was counted, whatever the user's zone
//! is by then.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::zone::Zone;

/// How a reminder is counted; a cancelled one is not. Its text form is `pending` or the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CounterMark {
    /// Among the pending ones.
    Pending,
    /// Among the completed ones of a local day, which was fixed when it was completed.
    CompletedOn(Date),
}

const PENDING: &str = "pending";

/// The text is neither `pending` nor a calendar day.
#[derive(Debug, thiserror::Error)]
#[error("neither pending nor a day")]
pub struct InvalidMark;

impl TryFrom<String> for CounterMark {
    type Error = InvalidMark;

    fn try_from(text: String) -> Result<Self, InvalidMark> {
        if text == PENDING {
            return Ok(Self::Pending);
        }
        text.parse().map(Self::CompletedOn).map_err(|_| InvalidMark)
    }
}

impl From<CounterMark> for String {
    fn from(mark: CounterMark) -> Self {
        match mark {
            CounterMark::Pending => PENDING.to_owned(),
            CounterMark::CompletedOn(day) => day.to_string(),
        }
    }
}

/// The calendar day of an instant in a zone.
pub fn local_day(instant: Timestamp, zone: &Zone) -> Date {
    instant.in_zone(zone.rules()).date()
}

/// By how much a user's counters change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CounterChange {
    pub tasks: i64,
    /// Bytes of files.
    pub bytes: i64,
    /// Pending reminders.
    pub pending: i64,
    /// Completed reminders.
    pub completed: i64,
    /// Tasks by category; no zeros.
    pub categories: BTreeMap<String, i64>,
    /// Completed reminders by local day; no zeros.
    pub days: BTreeMap<Date, i64>,
}

impl CounterChange {
    /// A task that was counted under one category is counted under another; `None` is not at all.
    pub fn recategorize(&mut self, before: Option<&str>, after: Option<&str>) -> &mut Self {
        for (category, by) in [(before, -1), (after, 1)] {
            if let Some(category) = category {
                *self.categories.entry(category.to_owned()).or_default() += by;
            }
        }
        self.categories.retain(|_, by| *by != 0);
        self
    }

    /// A reminder that was counted one way is counted another way; `None` is not at all.
    pub fn recount(&mut self, before: Option<CounterMark>, after: Option<CounterMark>) -> &mut Self {
        for (mark, by) in [(before, -1), (after, 1)] {
            match mark {
                None => {}
                Some(CounterMark::Pending) => self.pending += by,
                Some(CounterMark::CompletedOn(day)) => {
                    self.completed += by;
                    *self.days.entry(day).or_default() += by;
                }
            }
        }
        self.days.retain(|_, by| *by != 0);
        self
    }

    /// Bytes that are counted in place of others.
    pub fn replace_bytes(&mut self, before: u64, after: u64) -> &mut Self {
        self.bytes += signed(after) - signed(before);
        self
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The months whose days change, each by its first day, in order.
    pub fn months(&self) -> impl Iterator<Item = Date> {
        let mut months: Vec<Date> = self.days.keys().map(|day| day.first_of_month()).collect();
        months.dedup();
        months.into_iter()
    }
}

/// Bytes as the counters hold them.
pub fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undone_changes_nothing() {
        let day: Date = "2026-03-02".parse().unwrap();
        let mut change = CounterChange::default();
        change.recount(Some(CounterMark::Pending), Some(CounterMark::CompletedOn(day)));
        change.recategorize(Some("home"), Some("work")).replace_bytes(5, 0);
        assert_eq!((change.pending, change.completed, change.bytes), (-1, 1, -5));
        assert_eq!(change.months().collect::<Vec<_>>(), [day.first_of_month()]);
        change.recount(Some(CounterMark::CompletedOn(day)), Some(CounterMark::Pending));
        change.recategorize(Some("work"), Some("home")).replace_bytes(0, 5);
        assert!(change.is_empty(), "{change:?}");
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
            assert_eq!(String::from(CounterMark::try_from(text.to_owned()).unwrap()), text);
        }
        for bad in ["", "completed", "2023-02-29", "2024-2-9"] {
            assert!(CounterMark::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
