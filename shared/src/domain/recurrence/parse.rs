//! Reading a rule's text.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::civil::{Date, Weekday};

use super::rule::{DayOfWeek, End, Frequency, Rule};
use crate::clock::Timestamp;

/// Maximum length of a rule, in characters.
pub const RULE_MAX: usize = 1000;
/// Maximum of `INTERVAL`.
pub const INTERVAL_MAX: u16 = 999;
/// Maximum of `COUNT`.
pub const COUNT_MAX: u32 = 10_000;

/// Why a text is no rule: the end of a sentence that its label opens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidRule(&'static str);

const SHAPE: InvalidRule = InvalidRule("must be parts like FREQ=WEEKLY;BYDAY=MO, separated by semicolons");
const FREQUENCY: InvalidRule = InvalidRule("must have FREQ=DAILY, WEEKLY, MONTHLY or YEARLY");
const INTERVAL: InvalidRule = InvalidRule("must have an INTERVAL from 1 to 999");
const COUNT: InvalidRule = InvalidRule("must have a COUNT from 1 to 10000");
const UNTIL: InvalidRule = InvalidRule("must have an UNTIL like 20301231 or 20301231T235959Z");
const MONTHS: InvalidRule = InvalidRule("must have months from 1 to 12 in BYMONTH");
const MONTH_DAYS: InvalidRule = InvalidRule("must have days from 1 to 31 or -31 to -1 in BYMONTHDAY");
const WEEKDAYS: InvalidRule = InvalidRule("must have weekdays like MO, 1MO or -1FR in BYDAY");
const POSITIONS: InvalidRule = InvalidRule("must have positions from 1 to 366 or -366 to -1 in BYSETPOS");
const WEEK_START: InvalidRule = InvalidRule("must have a weekday like MO in WKST");

/// The parts of a rule, as far as they have been read.
#[derive(Default)]
struct Parts {
    frequency: Option<Frequency>,
    interval: Option<u16>,
    count: Option<u32>,
    until: Option<End>,
    months: Option<BTreeSet<i8>>,
    month_days: Option<BTreeSet<i8>>,
    weekdays: Option<BTreeSet<DayOfWeek>>,
    positions: Option<BTreeSet<i16>>,
    week_start: Option<Weekday>,
}

impl Rule {
    /// Reads a rule, in any case, with or without `RRULE:` before it.
    ///
    /// # Errors
    /// [`InvalidRule`] for a text that is no rule of RFC 5545, and for parts that are not supported.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        let text = text.trim();
        if text.chars().count() > RULE_MAX {
            return Err(InvalidRule("cannot exceed 1000 characters"));
        }
        let text = text.to_ascii_uppercase();
        let mut parts = Parts::default();
        for part in text.strip_prefix("RRULE:").unwrap_or(&text).split(';') {
            let (name, value) = part.split_once('=').ok_or(SHAPE)?;
            parts.read(name, value)?;
        }
        parts.finish()
    }
}

impl Parts {
    fn read(&mut self, name: &str, value: &str) -> Result<(), InvalidRule> {
        match name {
            "FREQ" => once(&mut self.frequency, frequency(value)?),
            "INTERVAL" => once(&mut self.interval, unsigned(value, 1..=INTERVAL_MAX.into()).ok_or(INTERVAL)?),
            "COUNT" => once(&mut self.count, unsigned(value, 1..=COUNT_MAX.into()).ok_or(COUNT)?),
            "UNTIL" => once(&mut self.until, until(value).ok_or(UNTIL)?),
            "BYMONTH" => {
                let month = |text: &str| unsigned(text, 1..=12).ok_or(MONTHS);
                once(&mut self.months, list(value, month)?)
            }
            "BYMONTHDAY" => once(&mut self.month_days, list(value, |text| signed(text, 31).ok_or(MONTH_DAYS))?),
            "BYDAY" => once(&mut self.weekdays, list(value, |text| day_of_week(text).ok_or(WEEKDAYS))?),
            "BYSETPOS" => once(&mut self.positions, list(value, |text| signed(text, 366).ok_or(POSITIONS))?),
            "WKST" => once(&mut self.week_start, weekday(value).ok_or(WEEK_START)?),
            "BYHOUR" | "BYMINUTE" | "BYSECOND" | "BYWEEKNO" | "BYYEARDAY" => {
                Err(InvalidRule("must not have BYHOUR, BYMINUTE, BYSECOND, BYWEEKNO or BYYEARDAY"))
            }
            _ => Err(InvalidRule(
                "must have no other parts than FREQ, INTERVAL, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS, WKST, COUNT and UNTIL",
            )),
        }
    }

    /// The rule, if its parts go together (RFC 5545 §3.3.10).
    fn finish(self) -> Result<Rule, InvalidRule> {
        let frequency = self.frequency.ok_or(FREQUENCY)?;
        let end = match (self.count, self.until) {
            (Some(_), Some(_)) => return Err(InvalidRule("must not have both COUNT and UNTIL")),
            (Some(count), None) => End::Count(count),
            (None, Some(until)) => until,
            (None, None) => End::Never,
        };
        let rule = Rule {
            frequency,
            interval: self.interval.unwrap_or(1),
            months: self.months.unwrap_or_default(),
            month_days: self.month_days.unwrap_or_default(),
            weekdays: self.weekdays.unwrap_or_default(),
            positions: self.positions.unwrap_or_default(),
            week_start: self.week_start.unwrap_or(Weekday::Monday),
            end,
        };
        let has_ordinals = rule.weekdays.iter().any(|day| day.ordinal != 0);
        if has_ordinals && !matches!(frequency, Frequency::Monthly | Frequency::Yearly) {
            return Err(InvalidRule("must not have numbers in BYDAY unless FREQ is MONTHLY or YEARLY"));
        }
        if !rule.month_days.is_empty() && frequency == Frequency::Weekly {
            return Err(InvalidRule("must not have BYMONTHDAY when FREQ is WEEKLY"));
        }
        if !rule.positions.is_empty() && !rule.names_days() {
            return Err(InvalidRule("must not have BYSETPOS without BYMONTH, BYMONTHDAY or BYDAY"));
        }
        Ok(rule)
    }
}

fn once<T>(part: &mut Option<T>, value: T) -> Result<(), InvalidRule> {
    match part.replace(value) {
        None => Ok(()),
        Some(_) => Err(InvalidRule("must not have a part twice")),
    }
}

fn list<T: Ord>(text: &str, read: impl Fn(&str) -> Result<T, InvalidRule>) -> Result<BTreeSet<T>, InvalidRule> {
    text.split(',').map(read).collect()
}

fn frequency(text: &str) -> Result<Frequency, InvalidRule> {
    Frequency::ALL.into_iter().find(|frequency| frequency.as_str() == text).ok_or(FREQUENCY)
}

/// A number without a sign.
fn unsigned<N: TryFrom<i64>>(text: &str, range: RangeInclusive<i64>) -> Option<N> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = text.parse().ok().filter(|number| is_number && range.contains(number))?;
    N::try_from(number).ok()
}

/// A number from 1 to `max`, which may have a sign.
fn signed<N: TryFrom<i64>>(text: &str, max: i64) -> Option<N> {
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("-", digits)) => (-1, digits),
        Some(("+", digits)) => (1, digits),
        _ => (1, text),
    };
    N::try_from(sign * unsigned::<i64>(digits, 1..=max)?).ok()
}

/// `MO`, `1MO`, `-1FR`.
fn day_of_week(text: &str) -> Option<DayOfWeek> {
    const ORDINAL_MAX: i64 = 53;
    let (ordinal, word) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let ordinal = if ordinal.is_empty() { 0 } else { signed(ordinal, ORDINAL_MAX)? };
    Some(DayOfWeek { weekday: weekday(word)?.to_monday_zero_offset(), ordinal })
}

fn weekday(word: &str) -> Option<Weekday> {
    let at = DayOfWeek::WORDS.iter().position(|known| *known == word)?;
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}

/// `20301231` or `20301231T235959Z`.
fn until(text: &str) -> Option<End> {
    let (date, time) = text.split_at_checked(8)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (year, rest) = date.split_at_checked(4).filter(|_| digits(date))?;
    let (month, day) = rest.split_at_checked(2)?;
    if time.is_empty() {
        let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        return Some(End::UntilDate(date));
    }
    let time = time.strip_prefix('T')?.strip_suffix('Z').filter(|time| time.len() == 6 && digits(time))?;
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let instant = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    Timestamp::parse(&instant).ok().map(End::UntilInstant)
}
