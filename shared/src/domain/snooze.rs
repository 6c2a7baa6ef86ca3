//! Snoozing: a reminder is put off to a moment, and goes out at that very moment.

use std::time::Duration;

use crate::body;
use crate::clock::Timestamp;
use crate::domain::body::Body;
use crate::domain::field::{FieldError, Fields};
use crate::domain::minutes::SnoozeMinutes;
use crate::domain::reminder::{Reminder, ReminderStatus};
use crate::domain::reminder_change::{ChangeCause, ReminderChange};
#[cfg(feature = "schema")]
use crate::schema::ObjectSchema;

/// How far ahead a reminder can be put off.
pub const LONGEST: Duration = SnoozeMinutes::MAX.duration();

const MINUTES: &str = "minutes";
const UNTIL: &str = "until";

body! {
    /// Fields of a snooze, each by itself.
    struct SnoozeFields {
        /// For how many minutes from now. Either this or `until` is given.
        minutes: Option<SnoozeMinutes> = optional "minutes",
        /// Until when: a time in the future, at most 28 days ahead.
        until: Option<Timestamp> = optional "until",
    }
}

/// How long a reminder is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snooze {
    /// So long from now.
    For(SnoozeMinutes),
    /// Until then.
    Until(Timestamp),
}

impl Body for Snooze {
    fn read(fields: &mut Fields) -> Option<Self> {
        let sent = [MINUTES, UNTIL].map(|name| fields.has_value(name));
        let read = SnoozeFields::read(fields);
        match sent {
            [false, false] => fields.reject(MINUTES, "Minutes or until is required"),
            [true, true] => fields.reject(UNTIL, "Until cannot be combined with minutes"),
            [true, false] | [false, true] => {}
        }
        let SnoozeFields { minutes, until } = read?;
        minutes.map(Self::For).or(until.map(Self::Until))
    }

    #[cfg(feature = "schema")]
    fn describe(object: &mut ObjectSchema<'_>) {
        SnoozeFields::describe(object);
        object.exactly_one_of([MINUTES, UNTIL]);
    }
}

impl Snooze {
    /// The moment that it means at `now`.
    ///
    /// # Errors
    /// It has passed, or lies too far ahead.
    fn moment(self, now: Timestamp) -> Result<Timestamp, FieldError> {
        match self {
            Self::For(minutes) => Ok(now.plus(minutes.duration())),
            Self::Until(at) if at <= now => Err(FieldError::new(UNTIL, "Until must be in the future")),
            Self::Until(at) if at > now.plus(LONGEST) => {
                Err(FieldError::new(UNTIL, "Until cannot be more than 28 days ahead"))
            }
            Self::Until(at) => Ok(at),
        }
    }
}

/// Why a reminder is not put off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSnoozed {
    /// It is skipped, or was completed by hand: nothing of it is to come.
    NotOpen,
    /// The moment is none that it can be put off to.
    Moment(FieldError),
}

impl Reminder {
    /// The reminder put off: pending, at that very moment. Its lead counts again when it is moved. Nothing changes where it is put off
    /// to that moment already.
    ///
    /// # Errors
    /// It is neither pending nor has it fired, or the moment is impossible.
    pub fn snooze(&self, snooze: Snooze, now: Timestamp) -> Result<ReminderChange, NotSnoozed> {
        let until = snooze.moment(now).map_err(NotSnoozed::Moment)?;
        let has_fired = self.last_fired_for().is_some();
        match self.status {
            ReminderStatus::Pending => {}
            ReminderStatus::Completed if has_fired => {}
            ReminderStatus::Completed | ReminderStatus::Skipped => return Err(NotSnoozed::NotOpen),
        }
        let mut next = self.clone();
        if self.snoozed_until != Some(until) || self.fires_at().is_none() {
            next.touch(now);
            if has_fired {
                next.reset_receipts();
            }
            next.status = ReminderStatus::Pending;
            next.scheduled_at = until;
            next.snoozed_until = Some(until);
            // It may have fired for this very moment, ahead of it.
            next.fired_for = None;
            next.plan_from(now);
        }
        Ok(ReminderChange { read: self.clone(), next, at: now, cause: ChangeCause::Moved })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::body::testing::parsed_at;
    use crate::domain::reminder::ReminderPatch;
    use crate::domain::zone::Zone;
    use crate::id::{TaskId, UserId};

    const HOUR: Duration = Duration::from_secs(3600);

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-05T08:00:00Z").unwrap()
    }

    fn reminder() -> Reminder {
        let body = json!({"taskId": TaskId::new(), "scheduledAt": now().plus(HOUR * 3)});
        Reminder::new(UserId::new(), parsed_at(body, now()).unwrap(), None, now()).unwrap()
    }

    fn until(ahead: Duration) -> Snooze {
        Snooze::Until(now().plus(ahead))
    }

    fn messages(body: serde_json::Value) -> Vec<String> {
        let errors = parsed_at::<Snooze>(body, now()).unwrap_err();
        errors.into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn one_whose_mail_has_left_goes_out_once_more() {
        let fired = reminder().fire(now()).marked(&Zone::UTC).reminder;
        let delivery = fired.delivery.sent(now(), 1);
        let sent = Reminder { email_sent: true, email_sent_at: Some(now()), delivery, ..fired };
        let until = now().plus(Duration::from_secs(3));
        let snoozed = sent.snooze(Snooze::Until(until), now()).unwrap().next;
        assert_eq!((snoozed.fires_at(), snoozed.email_sent), (Some(until), false));
    }

    #[test]
    fn either_minutes_or_a_moment_is_given() {
        assert_eq!(messages(json!({})), ["Minutes or until is required"]);
        assert_eq!(messages(json!({"minutes": "", "until": null})), ["Minutes or until is required"]);
        assert_eq!(
            messages(json!({"minutes": 5, "until": "2026-01-05T09:00:00Z"})),
            ["Until cannot be combined with minutes"]
        );
        assert_eq!(messages(json!({"minutes": 0})), ["Minutes must be between 1 and 40320"]);
        assert_eq!(messages(json!({"minutes": 40_321})), ["Minutes must be between 1 and 40320"]);
        assert_eq!(messages(json!({"until": "tomorrow"})), ["Until must be a valid date"]);
        assert!(parsed_at::<Snooze>(json!({"minutes": 40_320, "until": ""}), now()).is_ok());
    }

    #[test]
    fn it_goes_out_at_that_very_moment_also_before_and_beyond_its_first_time() {
        for ahead in [Duration::from_secs(60), HOUR, HOUR * 3, HOUR * 500] {
            let snoozed = reminder().snooze(until(ahead), now()).unwrap().next;
            let at = now().plus(ahead);
            assert_eq!((snoozed.fires_at(), snoozed.scheduled_at), (Some(at), at));
            assert_eq!((snoozed.snoozed_until, snoozed.plan, snoozed.version), (Some(at), 2, 2));
        }
    }

    #[test]
    fn the_moment_lies_ahead_and_at_most_28_days() {
        for (snooze, message) in [
            (Snooze::Until(now()), "Until must be in the future"),
            (until(LONGEST + Duration::from_millis(1)), "Until cannot be more than 28 days ahead"),
        ] {
            let Err(NotSnoozed::Moment(error)) = reminder().snooze(snooze, now()) else { panic!("{snooze:?}") };
            assert_eq!((&*error.field, error.message.as_str()), ("until", message));
        }
        assert!(reminder().snooze(until(LONGEST), now()).is_ok());
    }

    #[test]
    fn one_that_fired_fires_again_also_at_the_time_that_it_was_about() {
        let fired = reminder().fire(now().plus(HOUR * 2)).marked(&Zone::UTC).reminder;
        let sent = Reminder { email_sent: true, email_sent_at: Some(now()), ..fired };
        let at = sent.scheduled_at;
        let change = sent.snooze(Snooze::Until(at), now().plus(HOUR * 2)).unwrap().marked(&Zone::UTC);
        assert_eq!((change.reminder.fires_at(), change.reminder.email_sent), (Some(at), false));
        assert_eq!((change.counters.pending, change.counters.completed, change.completion), (1, 0, None));
        let again = change.reminder.fire(at).marked(&Zone::UTC);
        assert_eq!((again.counters.completed, again.completion), (0, None), "the same day counts once");
    }

    #[test]
    fn a_firing_of_another_day_counts_again() {
        let fired = reminder().fire(now()).marked(&Zone::UTC).reminder;
        let snoozed = fired.snooze(until(HOUR * 24), now()).unwrap().marked(&Zone::UTC).reminder;
        let again = snoozed.fire(now().plus(HOUR * 24)).marked(&Zone::UTC);
        assert_eq!((again.counters.completed, again.counters.pending), (1, -1));
        assert_eq!(again.reminder.kept_day, Some("2026-01-06".parse().unwrap()));
    }

    #[test]
    fn one_that_is_skipped_or_completed_by_hand_is_not_put_off() {
        for status in [ReminderStatus::Skipped, ReminderStatus::Completed] {
            let patch = ReminderPatch { status: Some(status), ..ReminderPatch::default() };
            let over = reminder().change(patch, now()).unwrap().next;
            assert_eq!(over.snooze(until(HOUR), now()).unwrap_err(), NotSnoozed::NotOpen);
        }
    }

    #[test]
    fn put_off_to_where_it_is_nothing_changes() {
        let snoozed = reminder().snooze(until(HOUR), now()).unwrap().next;
        assert!(snoozed.snooze(until(HOUR), now()).unwrap().is_empty());
        assert!(!snoozed.snooze(until(HOUR * 2), now()).unwrap().is_empty());
    }

    #[test]
    fn its_lead_counts_again_once_it_is_moved() {
        let snoozed = reminder().snooze(until(HOUR), now()).unwrap().next;
        let lead =
            ReminderPatch { lead_minutes: serde_json::from_value(json!(30)).unwrap(), ..ReminderPatch::default() };
        let changed = snoozed.change(lead, now()).unwrap().next;
        assert_eq!((changed.fires_at(), changed.plan), (snoozed.fires_at(), snoozed.plan));
        let to = now().plus(HOUR * 9);
        let moved = ReminderPatch { scheduled_at: Some(to), ..ReminderPatch::default() };
        let moved = changed.change(moved, now()).unwrap().next;
        assert_eq!((moved.snoozed_until, moved.fires_at()), (None, Some(to.minus(HOUR / 2))));
    }
}
