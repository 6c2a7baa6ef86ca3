//! Due dates as callers give them, and the bounds of a query for them.

use jiff::civil;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::field::Field;
use crate::domain::zone::Zone;
use crate::inline_schema;

/// An instant, or a plain date, which only the user's time zone makes an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueDate {
    /// An instant.
    At(Timestamp),
    /// A day in the user's zone.
    On(civil::Date),
}

impl DueDate {
    /// When a task with this due date is due: a day's last millisecond. `zone` is the user's.
    pub fn end(self, zone: &Zone) -> Timestamp {
        match self {
            Self::At(instant) => instant,
            Self::On(day) => Timestamp::end_of_day(day, zone.rules()).unwrap_or_else(|_| nearest(day)),
        }
    }

    /// Where what is due at this instant or on this day begins. `zone` is the user's.
    pub fn start(self, zone: &Zone) -> Timestamp {
        match self {
            Self::At(instant) => instant,
            Self::On(day) => Timestamp::start_of_day(day, zone.rules()).unwrap_or_else(|_| nearest(day)),
        }
    }

    /// Whether it is a plain date.
    pub fn needs_zone(self) -> bool {
        matches!(self, Self::On(_))
    }

    /// Parses an RFC 3339 instant or a plain date of the years 1970 to 9999.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(instant) = Timestamp::parse(text) {
            return Some(Self::At(instant));
        }
        const YEARS: std::ops::RangeInclusive<i16> = 1970..=9999;
        let well_formed = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let day: Option<civil::Date> = well_formed.then(|| text.parse().ok()).flatten();
        day.filter(|day| YEARS.contains(&day.year())).map(Self::On)
    }
}

/// The first or the last instant, for a day that begins before the one or ends after the other.
fn nearest(day: civil::Date) -> Timestamp {
    if day.year() == 1970 { Timestamp::MIN } else { Timestamp::MAX }
}

impl Field for DueDate {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = value.as_str().map(str::trim).unwrap_or_default();
        Self::parse(text).ok_or_else(|| format!("{label} must be a valid date"))
    }
}

inline_schema!(DueDate, {
    "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "string", "format": "date" }],
    "description": "A plain date is the end of that day in the user's time zone",
});

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    #[test]
    fn a_plain_date_is_the_end_of_that_day_in_the_users_zone() {
        let due = DueDate::read("Due date", &json!("2024-12-10")).unwrap();
        assert_eq!(due.end(&zone("Asia/Kolkata")).to_string(), "2024-12-10T18:29:59.999Z");
    }

    #[test]
    fn a_plain_date_as_a_bound_is_the_start_of_that_day_in_the_users_zone() {
        let bound = DueDate::parse("2024-12-10").unwrap();
        assert_eq!(bound.start(&zone("Asia/Kolkata")).to_string(), "2024-12-09T18:30:00.000Z");
        // The clocks go forward at midnight: the day begins at one o'clock.
        let bound = DueDate::parse("2024-04-26").unwrap();
        assert_eq!(bound.start(&zone("Africa/Cairo")).to_string(), "2024-04-25T22:00:00.000Z");
    }

    #[test]
    fn the_days_at_both_ends_of_time_are_taken_in_every_zone() {
        for name in ["UTC", "Pacific/Kiritimati", "Pacific/Niue"] {
            let (first, last) = (DueDate::parse("1970-01-01").unwrap(), DueDate::parse("9999-12-31").unwrap());
            assert!(first.start(&zone(name)) >= Timestamp::MIN && first.end(&zone(name)) > first.start(&zone(name)));
            assert_eq!(last.end(&zone(name)), Timestamp::MAX);
        }
        assert_eq!(DueDate::parse("1970-01-01").unwrap().start(&zone("Pacific/Auckland")), Timestamp::MIN);
        for bad in ["1969-12-31", "10000-01-01", "2031-02-29", "2031-1-05", "20310105", ""] {
            assert_eq!(DueDate::parse(bad), None, "{bad}");
        }
    }
}
