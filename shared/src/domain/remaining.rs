//! How a reminder says when its task is due.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::minutes::LeadMinutes;
use crate::domain::reminder::Reminder;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR_MINUTES: u64 = 60;
const DAY_MINUTES: u64 = 24 * HOUR_MINUTES;

/// How far away a task is due when its reminder fires. Its text form completes `It is`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Remaining {
    /// The original's words, for a reminder that leaves an hour ahead.
    #[default]
    Soon,
    /// In so many minutes.
    Minutes(u64),
    /// Less than half a minute away.
    Now,
    /// The due date has passed.
    Overdue,
    /// It is a review, which is due when it fires.
    Review,
}

impl Remaining {
    /// How far away what `reminder` is about is at `now`: its own moment, or the due date of its task where it follows that or was
    /// put off.
    pub fn of(reminder: &Reminder, due: Option<Timestamp>, now: Timestamp) -> Self {
        if reminder.is_review() {
            return Self::Review;
        }
        let is_put_off = reminder.snoozed_until.is_some();
        if reminder.lead_minutes == LeadMinutes::DEFAULT && !is_put_off {
            return Self::Soon;
        }
        let due = due.filter(|_| is_put_off || reminder.offset_minutes.is_some());
        let rounded = due.unwrap_or(reminder.scheduled_at).since(now) + MINUTE / 2;
        match rounded.as_secs() / MINUTE.as_secs() {
            0 if due.is_some_and(|due| now.since(due) >= MINUTE) => Self::Overdue,
            0 => Self::Now,
            minutes => Self::Minutes(minutes),
        }
    }

    /// The same as a heading.
    pub fn heading(self) -> String {
        let text = self.to_string();
        let mut characters = text.chars();
        characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
    }
}

impl fmt::Display for Remaining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Soon => f.write_str("due soon"),
            Self::Now => f.write_str("due now"),
            Self::Overdue => f.write_str("overdue"),
            Self::Review => f.write_str("due for review"),
            Self::Minutes(minutes) => {
                let parts = [
                    (minutes / DAY_MINUTES, "day"),
                    (minutes % DAY_MINUTES / HOUR_MINUTES, "hour"),
                    (minutes % HOUR_MINUTES, "minute"),
                ];
                f.write_str("due in")?;
                // Two units say enough: nobody counts the minutes of days.
                for (number, unit) in parts.into_iter().skip_while(|(number, _)| *number == 0).take(2) {
                    match number {
                        0 => {}
                        1 => write!(f, " 1 {unit}")?,
                        _ => write!(f, " {number} {unit}s")?,
                    }
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::body::testing::parsed_at;
    use crate::domain::snooze::Snooze;
    use crate::id::{TaskId, UserId};

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-05T08:00:00Z").unwrap()
    }

    fn minutes(minutes: u64) -> Duration {
        MINUTE * u32::try_from(minutes).unwrap()
    }

    /// The words of a reminder `offset` minutes before a task that is due in `ahead` minutes, when it fires in time.
    fn words(lead: u64, offset: Option<u64>, ahead: u64) -> String {
        let due = now().plus(minutes(ahead));
        let body = match offset {
            Some(offset) => json!({"taskId": TaskId::new(), "offsetMinutes": offset, "leadMinutes": lead}),
            None => json!({"taskId": TaskId::new(), "scheduledAt": due, "leadMinutes": lead}),
        };
        let reminder = Reminder::new(UserId::new(), parsed_at(body, now()).unwrap(), Some(due), now()).unwrap();
        Remaining::of(&reminder, Some(due), reminder.fires_at().unwrap()).to_string()
    }

    #[test]
    fn the_words_fit_the_lead_and_for_an_hour_they_are_the_originals() {
        assert_eq!(words(60, None, 600), "due soon");
        assert_eq!(words(60, Some(0), 600), "due soon");
        for (lead, expected) in [
            (0, "due now"),
            (1, "due in 1 minute"),
            (10, "due in 10 minutes"),
            (90, "due in 1 hour 30 minutes"),
            (120, "due in 2 hours"),
            (1_440, "due in 1 day"),
            (1_441, "due in 1 day"),
            (10_080, "due in 7 days"),
        ] {
            assert_eq!(words(lead, None, 20_000), expected);
            assert_eq!(words(lead, Some(0), 20_000), expected);
        }
    }

    #[test]
    fn where_less_than_the_lead_is_left_they_say_how_much() {
        assert_eq!(words(30, None, 12), "due in 12 minutes");
    }

    #[test]
    fn they_tell_of_the_due_date_where_the_reminder_follows_it_or_was_put_off() {
        assert_eq!(words(0, Some(1_440), 20_000), "due in 1 day");
        assert_eq!(words(10, Some(30), 20_000), "due in 40 minutes");
        let due = now().plus(minutes(60));
        let body = json!({"taskId": TaskId::new(), "scheduledAt": due});
        let reminder = Reminder::new(UserId::new(), parsed_at(body, now()).unwrap(), None, now()).unwrap();
        let put_off = |ahead| reminder.snooze(Snooze::Until(now().plus(minutes(ahead))), now()).unwrap().next;
        let said = |ahead, due| Remaining::of(&put_off(ahead), due, now().plus(minutes(ahead))).to_string();
        assert_eq!(said(30, Some(due)), "due in 30 minutes");
        assert_eq!(said(60, Some(due)), "due now");
        assert_eq!(said(90, Some(due)), "overdue");
        assert_eq!(said(90, None), "due now");
        assert_eq!(Remaining::of(&put_off(30), Some(due), now()).heading(), "Due in 1 hour");
    }
}
