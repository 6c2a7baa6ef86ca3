//! Stepping through the days on which a rule occurs.

use std::collections::BTreeSet;
use std::vec;

use jiff::ToSpan;
use jiff::civil::Date;

use super::rule::{DayOfWeek, Frequency, Rule};

/// The Gregorian calendar repeats after 400 years: what has not occurred by then never will.
const YEARS_MAX: u32 = 400;
/// Periods that a search for the next occurrence looks at, at most, where a period is shorter than a month.
const STEPS_MAX: u32 = 10_000;

/// The days on which a rule occurs, from a first day on. What the rule leaves open (the weekday of `FREQ=WEEKLY`, the day of
/// `FREQ=MONTHLY`) is that of another day, as RFC 5545 takes it from DTSTART.
#[derive(Debug)]
pub(super) struct Series<'r> {
    rule: &'r Rule,
    start: Date,
    unit: Unit,
    /// Units of a period.
    interval: i64,
    /// Days from one to the next that counts, in a month of [`Unit::DaysOfMonth`].
    every_nth_day: i64,
    months: BTreeSet<i8>,
    month_days: BTreeSet<i8>,
    weekdays: BTreeSet<DayOfWeek>,
}

/// What periods are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Day,
    /// A month, of which the days count that a daily rule takes: far fewer periods than days.
    DaysOfMonth,
    Week,
    Month,
    Year,
}

impl<'r> Series<'r> {
    /// The series of `rule` whose periods are counted from `start`; `dtstart` fills in what the rule leaves open.
    pub(super) fn new(rule: &'r Rule, dtstart: Date, start: Date) -> Self {
        let (mut months, mut month_days) = (rule.months.clone(), rule.month_days.clone());
        let mut weekdays = rule.weekdays.clone();
        if month_days.is_empty() && weekdays.is_empty() {
            match rule.frequency {
                Frequency::Daily => {}
                Frequency::Weekly => {
                    weekdays.insert(DayOfWeek { weekday: weekday(dtstart), ordinal: 0 });
                }
                Frequency::Monthly => {
                    month_days.insert(dtstart.day());
                }
                Frequency::Yearly => {
                    if months.is_empty() {
                        months.insert(dtstart.month());
                    }
                    month_days.insert(dtstart.day());
                }
            }
        }
        let interval = i64::from(rule.interval);
        let (unit, interval, every_nth_day) = match rule.frequency {
            Frequency::Daily if interval <= 31 && rule.positions.is_empty() => (Unit::DaysOfMonth, 1, interval),
            Frequency::Daily => (Unit::Day, interval, 1),
            Frequency::Weekly => (Unit::Week, interval, 1),
            Frequency::Monthly => (Unit::Month, interval, 1),
            Frequency::Yearly => (Unit::Year, interval, 1),
        };
        Self { rule, start, unit, interval, every_nth_day, months, month_days, weekdays }
    }

    /// The same series in every period, not only in each nth.
    pub(super) fn in_every_period(self) -> Self {
        Self { interval: 1, every_nth_day: 1, ..self }
    }

    /// Its days in order, from the period that holds `from` on; days before `from` may be among them. Ends in the year 9999, and
    /// where [`Self::steps_max`] periods hold no occurrence.
    pub(super) fn days_from(&self, from: Date) -> Days<'_> {
        let period = self.period_of(from.max(self.start));
        Days { series: self, period, found: Vec::new().into_iter(), steps: 0 }
    }

    /// Periods without an occurrence after which a search ends.
    fn steps_max(&self) -> u32 {
        match self.unit {
            Unit::Day | Unit::DaysOfMonth | Unit::Week => STEPS_MAX,
            Unit::Month => YEARS_MAX * 12,
            Unit::Year => YEARS_MAX,
        }
    }

    /// The last period that does not begin after `day`.
    fn period_of(&self, day: Date) -> i64 {
        let units = match self.unit {
            Unit::Day => days_between(self.start, day),
            Unit::Week => days_between(self.first_week(), day) / 7,
            Unit::Month | Unit::DaysOfMonth => month_number(day) - month_number(self.start),
            Unit::Year => i64::from(day.year()) - i64::from(self.start.year()),
        };
        units / self.interval
    }

    /// The first and the last day of a period; `None` after the year 9999.
    fn period(&self, number: i64) -> Option<(Date, Date)> {
        let units = number.checked_mul(self.interval)?;
        match self.unit {
            Unit::Day => {
                let day = self.start.checked_add(i32::try_from(units).ok()?.days()).ok()?;
                Some((day, day))
            }
            Unit::Week => {
                let days = i32::try_from(units.checked_mul(7)?).ok()?;
                let first = self.first_week().checked_add(days.days()).ok()?;
                // As dateutil: BYSETPOS counts from DTSTART on in the first week.
                Some((first.max(self.start), first.saturating_add(6.days())))
            }
            Unit::Month | Unit::DaysOfMonth => {
                let month = month_number(self.start) + units;
                let first = Date::new(i16::try_from(month / 12).ok()?, i8::try_from(month % 12 + 1).ok()?, 1).ok()?;
                Some((first, first.last_of_month()))
            }
            Unit::Year => {
                let year = i64::from(self.start.year()) + units;
                let first = Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
                Some((first, first.last_of_year()))
            }
        }
    }

    /// The first day of the week that `start` lies in.
    fn first_week(&self) -> Date {
        let since = self.start.weekday().since(self.rule.week_start);
        self.start.saturating_sub(since.days())
    }

    /// The days of a period on which the rule occurs.
    fn days_of(&self, (first, last): (Date, Date)) -> Vec<Date> {
        let mut days = Vec::new();
        let mut next = Some(first);
        while let Some(day) = next.filter(|day| *day <= last) {
            if !self.has_month(day) {
                next = day.last_of_month().tomorrow().ok();
                continue;
            }
            if self.has_day(day) {
                days.push(day);
            }
            next = day.tomorrow().ok();
        }
        if self.rule.positions.is_empty() { days } else { self.positioned(&days) }
    }

    fn positioned(&self, days: &[Date]) -> Vec<Date> {
        let at = |position: &i16| {
            let position = isize::from(*position);
            let index = if position > 0 { position - 1 } else { days.len().cast_signed() + position };
            days.get(usize::try_from(index).ok()?).copied()
        };
        self.rule.positions.iter().filter_map(at).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn has_month(&self, day: Date) -> bool {
        self.months.is_empty() || self.months.contains(&day.month())
    }

    fn has_day(&self, day: Date) -> bool {
        let from_end = day.day() - day.days_in_month() - 1;
        let is_month_day =
            self.month_days.is_empty() || self.month_days.contains(&day.day()) || self.month_days.contains(&from_end);
        let is_nth = self.every_nth_day == 1 || days_between(self.start, day) % self.every_nth_day == 0;
        is_nth && is_month_day && (self.weekdays.is_empty() || self.is_weekday(day))
    }

    fn is_weekday(&self, day: Date) -> bool {
        let weekday = weekday(day);
        // Ordinals count within the month, in a yearly rule without BYMONTH within the year.
        let (number, length) = match self.rule.frequency {
            Frequency::Yearly if self.rule.months.is_empty() => (day.day_of_year(), day.days_in_year()),
            _ => (day.day().into(), day.days_in_month().into()),
        };
        let (nth, nth_last) = ((number - 1) / 7 + 1, (number - length) / 7 - 1);
        let is_one = |ordinal: i16| {
            let ordinal = i8::try_from(ordinal).unwrap_or_default();
            self.weekdays.contains(&DayOfWeek { weekday, ordinal })
        };
        [0, nth, nth_last].into_iter().any(is_one)
    }

    /// The first period from `number` on that may hold a day of one of the rule's months: skips the days in between.
    fn skip_months(&self, number: i64) -> i64 {
        let Some((day, _)) = self.period(number).filter(|(day, _)| self.unit == Unit::Day && !self.has_month(*day))
        else {
            return number;
        };
        let mut month = day;
        for _ in 0..12 {
            let Ok(next) = month.last_of_month().tomorrow() else { return number };
            month = next;
            if self.has_month(month) {
                break;
            }
        }
        let days = days_between(self.start, month);
        days / self.interval + i64::from(days % self.interval != 0)
    }
}

/// The days of a [`Series`].
#[derive(Debug)]
pub(super) struct Days<'s> {
    series: &'s Series<'s>,
    period: i64,
    found: vec::IntoIter<Date>,
    /// Periods since the last occurrence.
    steps: u32,
}

impl Iterator for Days<'_> {
    type Item = Date;

    fn next(&mut self) -> Option<Date> {
        loop {
            if let Some(day) = self.found.by_ref().find(|day| *day >= self.series.start) {
                self.steps = 0;
                return Some(day);
            }
            if self.steps >= self.series.steps_max() {
                return None;
            }
            let number = self.series.skip_months(self.period);
            self.found = self.series.days_of(self.series.period(number)?).into_iter();
            self.period = number + 1;
            self.steps += 1;
        }
    }
}

fn weekday(day: Date) -> i8 {
    day.weekday().to_monday_zero_offset()
}

fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_secs() / (24 * 3600)
}

/// Months since the beginning of the year 0.
fn month_number(day: Date) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month()) - 1
}
