//! What a user's counters say: totals, days, weeks, categories, streaks. Pure: today is an argument.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

/// Days of [`Analytics::daily_data`].
const DAYS: usize = 7;
/// Weeks of [`Analytics::weekly_data`].
const WEEKS: usize = 4;
/// Days that analytics look back on, today included.
pub const SPAN: usize = DAYS * WEEKS;
/// What tasks without a category are counted as.
pub const UNCATEGORIZED: &str = "Uncategorized";

/// A user's counters, as far as analytics need them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub tasks: u64,
    /// Reminders to come, their moments past or not.
    pub pending: u64,
    /// Pending reminders whose moment has passed.
    pub overdue: u64,
    /// Completed reminders.
    pub completed: u64,
    /// Tasks by category, those without under [`UNCATEGORIZED`].
    pub categories: BTreeMap<String, u64>,
    /// Completed reminders by local day, at least of the last [`SPAN`] days.
    pub days: BTreeMap<Date, u64>,
}

/// Totals, and completed reminders of the last days and weeks.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Analytics {
    /// All tasks, completed ones included.
    pub total_tasks: u64,
    /// Completed reminders of all time.
    pub completed_reminders: u64,
    /// Pending reminders in the future.
    pub upcoming_reminders: u64,
    /// Pending reminders in the past.
    pub overdue_reminders: u64,
    /// The last seven days, oldest first.
    #[cfg_attr(feature = "schema", schemars(length(equal = 7)))]
    pub daily_data: Vec<DayCount>,
    /// The last four periods of seven days, ending today, oldest first.
    #[cfg_attr(feature = "schema", schemars(length(equal = 4)))]
    pub weekly_data: Vec<WeekCount>,
    /// Tasks by category, most first, then by name.
    pub category_data: Vec<CategoryCount>,
}

/// Completed reminders of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct DayCount {
    /// `Dec 1`.
    pub date: String,
    /// How many.
    pub completed: u64,
}

/// Completed reminders of seven days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct WeekCount {
    /// `Week 1` to `Week 4`.
    pub week: String,
    /// How many.
    pub completed: u64,
}

/// Tasks of a category.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct CategoryCount {
    /// Its name.
    pub category: String,
    /// How many.
    pub count: u64,
    /// Its share of all tasks, 0 to 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub percent: f64,
}

impl Analytics {
    /// What the counters say on the user's local day `today`.
    pub fn of(totals: &Totals, today: Date) -> Self {
        let span = last_days(today);
        let completed = |day: &Date| totals.days.get(day).copied().unwrap_or_default();
        let weekly = span.chunks(DAYS).enumerate().map(|(at, week)| WeekCount {
            week: format!("Week {}", at + 1),
            completed: week.iter().map(completed).sum(),
        });
        let daily = span.iter().skip(SPAN - DAYS).map(|day| DayCount { date: label(*day), completed: completed(day) });
        Self {
            total_tasks: totals.tasks,
            completed_reminders: totals.completed,
            upcoming_reminders: totals.pending.saturating_sub(totals.overdue),
            overdue_reminders: totals.overdue,
            daily_data: daily.collect(),
            weekly_data: weekly.collect(),
            category_data: shares(&totals.categories),
        }
    }
}

/// The last [`SPAN`] days, oldest first, `today` last.
fn last_days(today: Date) -> Vec<Date> {
    let mut days: Vec<Date> = std::iter::successors(Some(today), |day| day.yesterday().ok()).take(SPAN).collect();
    days.reverse();
    days
}

fn label(day: Date) -> String {
    day.strftime("%b %-d").to_string()
}

fn shares(categories: &BTreeMap<String, u64>) -> Vec<CategoryCount> {
    let total: u64 = categories.values().sum();
    #[expect(clippy::cast_precision_loss, reason = "a user has at most ten thousand tasks")]
    let share = |count: u64| count as f64 / total as f64;
    let mut shares: Vec<_> = categories
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(category, count)| CategoryCount { category: category.clone(), count: *count, percent: share(*count) })
        .collect();
    shares.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.category.cmp(&b.category)));
    shares
}

/// The days with a completed reminder: by year, a mask for each month in which bit 0 is the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActiveDays(BTreeMap<i16, [u32; 12]>);

impl ActiveDays {
    /// Sets the mask of a month, 1 to 12; other months are left alone.
    pub fn set_month(&mut self, year: i16, month: i8, mask: u32) {
        let months = self.0.entry(year).or_default();
        if let Some(slot) = usize::try_from(month - 1).ok().and_then(|at| months.get_mut(at)) {
            *slot = mask;
        }
    }

    /// The active days, earliest first. Bits of days that their month does not have are no days.
    pub fn iter(&self) -> impl Iterator<Item = Date> {
        self.0.iter().flat_map(|(year, months)| {
            (1_i8..).zip(months).flat_map(move |(month, mask)| {
                (0_i8..31)
                    .filter(move |bit| mask & (1 << bit) != 0)
                    .filter_map(move |bit| Date::new(*year, month, bit + 1).ok())
            })
        })
    }
}

impl FromIterator<Date> for ActiveDays {
    fn from_iter<I: IntoIterator<Item = Date>>(days: I) -> Self {
        let mut active = Self::default();
        for day in days {
            let months = active.0.entry(day.year()).or_default();
            if let Some(mask) = usize::try_from(day.month() - 1).ok().and_then(|at| months.get_mut(at)) {
                *mask |= bit_of(day);
            }
        }
        active
    }
}

/// A day's bit in its month's mask.
pub fn bit_of(day: Date) -> u32 {
    1 << (day.day() - 1)
}

/// The answer of `GET /api/analytics/streaks`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Streaks {
    /// Days of the run that ends today or yesterday; 0 when none does.
    pub active: u32,
    /// Days of the longest run.
    pub longest: u32,
}

impl Streaks {
    /// The runs of active days up to `today`; days still to come count for neither.
    pub fn of(days: &ActiveDays, today: Date) -> Self {
        let mut streaks = Self::default();
        let mut run: Option<(Date, u32)> = None;
        for day in days.iter().take_while(|day| *day <= today) {
            let length = match run {
                Some((last, length)) if last.tomorrow().ok() == Some(day) => length + 1,
                _ => 1,
            };
            run = Some((day, length));
            streaks.longest = streaks.longest.max(length);
        }
        if let Some((last, length)) = run
            && (last == today || last.tomorrow().ok() == Some(today))
        {
            streaks.active = length;
        }
        streaks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn streaks(days: &[Date], today: Date) -> (u32, u32) {
        let Streaks { active, longest } = Streaks::of(&days.iter().copied().collect(), today);
        (active, longest)
    }

    fn run(first: Date, length: i64) -> Vec<Date> {
        (0..length).map(|ahead| first.checked_add(ahead.days()).unwrap()).collect()
    }

    #[test]
    fn without_a_completion_there_is_no_streak() {
        assert_eq!(streaks(&[], date(2026, 3, 1)), (0, 0));
    }

    #[test]
    fn a_streak_lives_when_its_last_day_is_today_or_yesterday() {
        let today = date(2026, 3, 1);
        assert_eq!(streaks(&[today], today), (1, 1));
        assert_eq!(streaks(&[date(2026, 2, 28)], today), (1, 1));
        assert_eq!(streaks(&[date(2026, 2, 27)], today), (0, 1));
        assert_eq!(streaks(&run(date(2026, 2, 20), 9), today), (9, 9));
    }

    #[test]
    fn a_gap_ends_a_run_and_the_longest_is_remembered() {
        let mut days = run(date(2026, 1, 1), 6);
        days.extend(run(date(2026, 2, 27), 3));
        assert_eq!(streaks(&days, date(2026, 3, 1)), (3, 6));
    }

    #[test]
    fn a_run_continues_over_ends_of_months_and_years_and_a_leap_day() {
        assert_eq!(streaks(&run(date(2025, 12, 30), 4), date(2026, 1, 2)), (4, 4));
        assert_eq!(streaks(&run(date(2024, 2, 28), 3), date(2024, 3, 1)), (3, 3));
        assert_eq!(streaks(&[date(2024, 2, 28), date(2024, 3, 1)], date(2024, 3, 1)), (1, 1));
        assert_eq!(streaks(&[date(2023, 2, 28), date(2023, 3, 1)], date(2023, 3, 1)), (2, 2));
    }

    #[test]
    fn days_still_to_come_count_for_neither() {
        let today = date(2026, 3, 1);
        assert_eq!(streaks(&run(date(2026, 3, 1), 5), today), (1, 1));
        assert_eq!(streaks(&run(date(2026, 3, 2), 5), today), (0, 0));
    }

    #[test]
    fn bits_of_days_that_no_calendar_has_are_no_days() {
        let mut days = ActiveDays::default();
        days.set_month(2023, 2, u32::MAX);
        assert_eq!(days.iter().count(), 28);
    }

    #[test]
    fn weeks_end_today_and_days_are_named_as_the_original_names_them() {
        let today = date(2026, 12, 5);
        let days = [(today, 2), (date(2026, 11, 29), 3), (date(2026, 11, 28), 5), (date(2026, 11, 8), 7)];
        let outside = [(date(2026, 11, 7), 100), (date(2026, 12, 6), 100)];
        let totals = Totals {
            tasks: 4,
            pending: 9,
            overdue: 2,
            completed: 217,
            categories: [("Work".to_owned(), 1), ("Home".to_owned(), 3), ("Gone".to_owned(), 0)].into(),
            days: days.into_iter().chain(outside).collect(),
        };
        let analytics = Analytics::of(&totals, today);
        let weeks: Vec<_> = analytics.weekly_data.iter().map(|week| (week.week.as_str(), week.completed)).collect();
        assert_eq!(weeks, [("Week 1", 7), ("Week 2", 0), ("Week 3", 5), ("Week 4", 5)]);
        let days: Vec<_> = analytics.daily_data.iter().map(|day| (day.date.as_str(), day.completed)).collect();
        let quiet = [("Nov 30", 0), ("Dec 1", 0), ("Dec 2", 0), ("Dec 3", 0), ("Dec 4", 0)];
        assert_eq!(days.first(), Some(&("Nov 29", 3)));
        assert_eq!(days.get(1..6), Some(quiet.as_slice()));
        assert_eq!(days.last(), Some(&("Dec 5", 2)));
        let shares: Vec<_> = analytics.category_data.iter().map(|c| (c.category.as_str(), c.percent)).collect();
        assert_eq!(shares, [("Home", 0.75), ("Work", 0.25)]);
        assert_eq!((analytics.upcoming_reminders, analytics.overdue_reminders), (7, 2));
    }

    /// The original's own way: the days backwards, one after the other.
    fn as_the_original(days: &[Date], today: Date) -> (u32, u32) {
        let mut days: Vec<Date> = days.iter().copied().filter(|day| *day <= today).collect();
        days.sort();
        days.dedup();
        days.reverse();
        let Some(first) = days.first().copied() else { return (0, 0) };
        let (mut longest, mut current, mut active) = (1, 1, 1);
        let mut unbroken = true;
        for pair in days.windows(2) {
            if pair[0].yesterday().unwrap() == pair[1] {
                current += 1;
                active += u32::from(unbroken);
            } else {
                current = 1;
                unbroken = false;
            }
            longest = longest.max(current);
        }
        let alive = first == today || first == today.yesterday().unwrap();
        (if alive { active } else { 0 }, longest)
    }

    proptest! {
        #[test]
        fn streaks_are_the_originals(ago in proptest::collection::vec(-3_i64..90, 0..60), start in 0_i64..4000) {
            let today = date(2020, 1, 1).checked_add(start.days()).unwrap();
            let days: Vec<Date> = ago.iter().map(|ago| today.checked_sub(ago.days()).unwrap()).collect();
            prop_assert_eq!(streaks(&days, today), as_the_original(&days, today));
        }
    }
}
