//! Recurring tasks: rules of RFC 5545, and the next occurrence of one.
//!
//! A rule steps by whole days of a time zone; the time of day is that of the due date when the rule was set. So 09:00 stays
//! 09:00 over a change to daylight saving time. A local time that a zone leaves out is the next one that exists; of two, the
//! first. Every search is bounded: see [`Series::days_from`].
//!
//! Occurrences are those of python-dateutil's `rrule`, with one exception: `BYDAY` that lists a weekday with a number beside one
//! without (`MO,2TU`) means any of them, as RFC 5545 says; dateutil takes only days that are both.

mod parse;
mod rule;
mod series;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Serialize};

pub use self::parse::{COUNT_MAX, INTERVAL_MAX, InvalidRule, RULE_MAX};
pub use self::rule::{DayOfWeek, End, Frequency, Rule};

use self::series::Series;
use crate::clock::Timestamp;
use crate::domain::counters::local_day;
use crate::domain::zone::Zone;
use crate::{body, word_type};

word_type! {
    /// What the next occurrence is counted from.
    Anchor {
        /// The due date: the next occurrence of the rule.
        Due = "due",
        /// The local day on which the task is completed.
        Completion = "completion",
    }
}

body! {
    /// How a task recurs.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RecurrenceIn {
        /// A recurrence rule of RFC 5545 that steps by days, weeks, months or years, from the due date on.
        pub rrule: Rule = required "rrule" as "Recurrence rule",
        /// `due`: the next occurrence of the rule; `completion`: the first one counted from the day of the completion.
        pub anchor: Anchor = required "anchor" as "Recurrence anchor",
        /// The zone whose local time the rule keeps; the user's by default.
        pub timezone: Option<Zone> = optional "timezone" as "Recurrence timezone",
    }
}

impl RecurrenceIn {
    /// Whether it depends on the user's time zone.
    pub fn needs_zone(&self) -> bool {
        self.timezone.is_none()
    }
}

/// How a task recurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Recurrence"))]
pub struct RecurrenceOut {
    /// The rule in its canonical spelling.
    pub rrule: Rule,
    pub anchor: Anchor,
    pub timezone: Zone,
}

/// How a task recurs, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recurrence {
    /// The rule.
    pub rrule: Rule,
    /// What the next occurrence is counted from.
    pub anchor: Anchor,
    /// The zone whose local time it keeps. It was fixed when the rule was set.
    pub timezone: Zone,
    /// DTSTART: the task's due date when the rule was set, in local time.
    pub start: DateTime,
    /// Completions and skips since then.
    pub taken: u32,
    /// When the last of them was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
}

/// The rule has no occurrence from its start on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rule has no occurrence")]
pub struct NoOccurrence;

impl Recurrence {
    /// A rule that is set on a task with the due date `due`; `zone` is the user's.
    ///
    /// # Errors
    /// [`NoOccurrence`].
    pub fn new(input: RecurrenceIn, due: Timestamp, zone: &Zone) -> Result<Self, NoOccurrence> {
        let RecurrenceIn { rrule, anchor, timezone } = input;
        let timezone = timezone.unwrap_or_else(|| zone.clone());
        let start = due.in_zone(timezone.rules()).datetime();
        let recurrence = Self { rrule, anchor, timezone, start, taken: 0, taken_at: None };
        let first = recurrence.series().days_from(start.date()).next().and_then(|day| recurrence.instant(day));
        let is_before_end = first.is_some_and(|first| recurrence.is_before_end(first));
        if is_before_end { Ok(recurrence) } else { Err(NoOccurrence) }
    }

    /// Whether setting `input` would set the same rule again.
    pub fn is(&self, input: &RecurrenceIn) -> bool {
        let RecurrenceIn { rrule, anchor, timezone } = input;
        *rrule == self.rrule && *anchor == self.anchor && timezone.as_ref().is_none_or(|zone| *zone == self.timezone)
    }

    /// The occurrence that follows the one that is due at `due` and is completed or skipped now; `None` when that was the last.
    pub fn next(&self, due: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match self.anchor {
            Anchor::Due => self.first_after(due.max(now)),
            Anchor::Completion => self.after_completion(now),
        }
    }

    /// Records that an occurrence is completed or skipped now.
    pub fn take(&mut self, now: Timestamp) {
        self.taken = self.taken.saturating_add(1);
        self.taken_at = Some(now);
    }

    /// The first occurrence of the rule after an instant. All that come before it count for `COUNT`.
    fn first_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let series = self.series();
        let (from, count) = match self.rrule.end() {
            End::Count(count) => (self.start.date(), usize::try_from(count).unwrap_or(usize::MAX)),
            // A zone may be a day ahead or have left a day out.
            _ => (local_day(instant.minus(DAY * 2), &self.timezone), usize::MAX),
        };
        let occurrences = series.days_from(from).take(count).map_while(|day| self.instant(day));
        occurrences.take_while(|at| self.is_before_end(*at)).find(|at| *at > instant)
    }

    fn after_completion(&self, now: Timestamp) -> Option<Timestamp> {
        if matches!(self.rrule.end(), End::Count(count) if self.taken.saturating_add(1) >= count) {
            return None;
        }
        let today = local_day(now, &self.timezone);
        let next = if self.rrule.names_days() { self.matching_day_after(today) } else { self.interval_after(today) };
        self.instant(next?).filter(|at| self.is_before_end(*at))
    }

    /// The first day of the rule after `today`, in periods that are counted from `today`; in any period where those have none.
    fn matching_day_after(&self, today: Date) -> Option<Date> {
        let first = |series: Series<'_>| series.days_from(today).find(|day| *day > today);
        let counted = || Series::new(&self.rrule, self.start.date(), today);
        first(counted()).or_else(|| first(counted().in_every_period()))
    }

    /// `today` plus the rule's interval; at the end of a shorter month, its last day.
    fn interval_after(&self, today: Date) -> Option<Date> {
        let interval = i32::from(self.rrule.interval);
        let span = match self.rrule.frequency {
            Frequency::Daily => interval.days(),
            Frequency::Weekly => interval.weeks(),
            Frequency::Monthly => interval.months(),
            Frequency::Yearly => interval.years(),
        };
        today.checked_add(span).ok()
    }

    fn series(&self) -> Series<'_> {
        Series::new(&self.rrule, self.start.date(), self.start.date())
    }

    /// When the occurrence of a day is due; `None` outside 1970 to 9999.
    fn instant(&self, day: Date) -> Option<Timestamp> {
        let rules = self.timezone.rules();
        if self.start.time() == END_OF_DAY {
            return Timestamp::end_of_day(day, rules).ok();
        }
        Timestamp::at_local(day.to_datetime(self.start.time()), rules).ok()
    }

    /// Whether an occurrence at this instant is not after `UNTIL`.
    fn is_before_end(&self, at: Timestamp) -> bool {
        match self.rrule.end() {
            End::Never | End::Count(_) => true,
            End::UntilInstant(until) => at <= until,
            End::UntilDate(day) => at.in_zone(self.timezone.rules()).date() <= day,
        }
    }
}

/// The time of a due date that was given as a plain date.
const END_OF_DAY: Time = Time::constant(23, 59, 59, 999_000_000);
const DAY: Duration = Duration::from_secs(24 * 3600);

impl From<Recurrence> for RecurrenceOut {
    fn from(recurrence: Recurrence) -> Self {
        let Recurrence { rrule, anchor, timezone, start: _, taken: _, taken_at: _ } = recurrence;
        Self { rrule, anchor, timezone }
    }
}
