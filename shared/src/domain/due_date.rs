//! Due dates as callers say them.

use jiff::civil;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::field::Field;
use crate::domain::zone::Zone;
use crate::inline_schema;

/// When a task is due, as the caller says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueDate {
    /// At an instant.
    At(Timestamp),
    /// By the end of a day in the user's zone.
    On(civil::Date),
}

impl DueDate {
    /// The instant; `zone` is the user's.
    pub fn resolve(self, zone: &Zone) -> Timestamp {
        match self {
            Self::At(instant) => instant,
            // Reading it has shown that the day ends within an instant's bounds everywhere.
            Self::On(day) => Timestamp::end_of_day(day, zone.rules()).unwrap_or(Timestamp::MAX),
        }
    }
}

impl Field for DueDate {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        /// Days whose end is an accepted instant in every zone.
        const DAYS: std::ops::RangeInclusive<i16> = 1971..=9998;
        let text = value.as_str().map(str::trim).unwrap_or_default();
        let instant = Timestamp::parse(text).map(Self::At);
        let day = || {
            let well_formed = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            let day: Option<civil::Date> = well_formed.then(|| text.parse().ok()).flatten();
            day.filter(|day| DAYS.contains(&day.year())).map(Self::On)
        };
        instant.ok().or_else(day).ok_or_else(|| format!("{label} must be a valid date"))
    }
}

inline_schema!(DueDate, {
    "type": "string",
    "anyOf": [{ "format": "date-time" }, { "format": "date" }],
    "description": "A plain date is the end of that day in the user's time zone",
});

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plain_date_is_the_end_of_that_day_in_the_users_zone() {
        let due = DueDate::read("Due date", &json!("2024-12-10")).unwrap();
        let kolkata = Zone::parse("Asia/Kolkata").unwrap();
        assert_eq!(due.resolve(&kolkata).to_string(), "2024-12-10T18:29:59.999Z");
    }
}
