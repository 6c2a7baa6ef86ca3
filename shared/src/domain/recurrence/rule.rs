//! A recurrence rule, as text and as a value.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::field::{Field, string};
use crate::inline_schema;

/// How often a rule steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    /// `DAILY`
    Daily,
    /// `WEEKLY`
    Weekly,
    /// `MONTHLY`
    Monthly,
    /// `YEARLY`
    Yearly,
}

/// An entry of `BYDAY`: a weekday, all of them or only the nth of a month or year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayOfWeek {
    /// Days after Monday.
    pub(super) weekday: i8,
    /// Counted from the end if negative; zero for all.
    pub(super) ordinal: i8,
}

/// Where a rule ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It does not.
    Never,
    /// After so many occurrences.
    Count(u32),
    /// With the last occurrence up to an instant.
    UntilInstant(Timestamp),
    /// With the last occurrence up to the end of a day in the rule's time zone.
    UntilDate(Date),
}

/// A recurrence rule of RFC 5545 §3.3.10 that steps by days or longer. Its text form is canonical: two rules of the same parts
/// have the same text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: u16,
    /// `BYMONTH`
    pub(super) months: BTreeSet<i8>,
    /// `BYMONTHDAY`; negative ones count from the end of the month.
    pub(super) month_days: BTreeSet<i8>,
    /// `BYDAY`
    pub(super) weekdays: BTreeSet<DayOfWeek>,
    /// `BYSETPOS`; negative ones count from the end of the period.
    pub(super) positions: BTreeSet<i16>,
    /// `WKST`
    pub(super) week_start: Weekday,
    pub(super) end: End,
}

impl Rule {
    /// Where it ends.
    pub fn end(&self) -> End {
        self.end
    }

    /// Whether it names days itself, rather than taking over those of the first occurrence.
    pub(super) fn names_days(&self) -> bool {
        !(self.months.is_empty() && self.month_days.is_empty() && self.weekdays.is_empty())
    }
}

impl Frequency {
    pub(super) const ALL: [Self; 4] = [Self::Daily, Self::Weekly, Self::Monthly, Self::Yearly];

    /// The word in a rule.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "DAILY",
            Self::Weekly => "WEEKLY",
            Self::Monthly => "MONTHLY",
            Self::Yearly => "YEARLY",
        }
    }
}

impl DayOfWeek {
    /// The words of the weekdays, from Monday on.
    pub(super) const WORDS: [&'static str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
}

impl fmt::Display for DayOfWeek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ordinal != 0 {
            write!(f, "{}", self.ordinal)?;
        }
        let word = usize::try_from(self.weekday).ok().and_then(|at| Self::WORDS.get(at));
        f.write_str(word.copied().unwrap_or_default())
    }
}

/// Canonical: upper case, the parts in a fixed order, lists sorted and without duplicates, defaults left out.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FREQ={}", self.frequency.as_str())?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        list(f, "BYMONTH", self.months.iter())?;
        list(f, "BYMONTHDAY", self.month_days.range(1..).chain(self.month_days.range(..0)))?;
        list(f, "BYDAY", self.weekdays.iter())?;
        list(f, "BYSETPOS", self.positions.range(1..).chain(self.positions.range(..0)))?;
        if self.week_start != Weekday::Monday {
            let weekday = self.week_start.to_monday_zero_offset();
            write!(f, ";WKST={}", DayOfWeek { weekday, ordinal: 0 })?;
        }
        match self.end {
            End::Never => Ok(()),
            End::Count(count) => write!(f, ";COUNT={count}"),
            End::UntilInstant(until) => {
                write!(f, ";UNTIL={}", until.in_zone(&jiff::tz::TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ"))
            }
            End::UntilDate(until) => write!(f, ";UNTIL={}", until.strftime("%Y%m%d")),
        }
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, name: &str, values: impl Iterator<Item = T>) -> fmt::Result {
    for (at, value) in values.enumerate() {
        match at {
            0 => write!(f, ";{name}={value}")?,
            _ => write!(f, ",{value}")?,
        }
    }
    Ok(())
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

impl TryFrom<String> for Rule {
    type Error = super::InvalidRule;

    fn try_from(text: String) -> Result<Self, super::InvalidRule> {
        Self::parse(&text)
    }
}

impl Field for Rule {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        Self::parse(string(label, value)?).map_err(|error| format!("{label} {error}"))
    }
}

inline_schema!(Rule, {
    "type": "string",
    "minLength": 10,
    "maxLength": super::RULE_MAX,
    "description": format!(
        "A recurrence rule (RFC 5545): FREQ of DAILY, WEEKLY, MONTHLY or YEARLY; INTERVAL, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS, \
         WKST, and COUNT (at most {}) or UNTIL",
        super::COUNT_MAX,
    ),
    "examples": ["FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYMONTHDAY=-1"],
});
