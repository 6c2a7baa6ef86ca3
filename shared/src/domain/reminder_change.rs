//! What an update, a firing or a cancellation changes of a reminder.

use crate::clock::Timestamp;
use crate::domain::counters::CounterChange;
use crate::domain::reminder::{Reminder, ReminderPatch, ReminderStatus};
use crate::domain::zone::Zone;

/// A change of a reminder that was read.
#[derive(Clone, Debug)]
pub struct ReminderChange {
    /// As it was read: the change is written only if it still is so.
    pub read: Reminder,
    /// As it is from now on, but for its counter mark.
    pub next: Reminder,
}

impl ReminderChange {
    /// The next reminder as far as its mark goes: once moved, a completion's day is fixed again.
    fn unmarked_if_moved(&self) -> Reminder {
        let is_moved = self.read.scheduled_at != self.next.scheduled_at;
        Reminder { counted: self.read.counted.filter(|_| !is_moved), ..self.next.clone() }
    }

    /// Whether [`Self::marked`] depends on the user's zone.
    pub fn needs_zone(&self) -> bool {
        self.unmarked_if_moved().needs_zone()
    }

    /// The next reminder with its counter mark, and the change of the counters; `zone` is the user's.
    pub fn marked(&self, zone: &Zone) -> (Reminder, CounterChange) {
        let next = self.unmarked_if_moved();
        let next = Reminder { counted: next.counter_mark(zone), ..next };
        let mut counters = CounterChange::default();
        counters.recount(self.read.counted, next.counted);
        (next, counters)
    }
}

/// Why a reminder whose task is completed does not fire, for the user.
pub const TASK_COMPLETED: &str = "its task was completed";

impl Reminder {
    /// The reminder with the fields changed that `patch` names. Moving or re-opening it plans it again; moving one that is
    /// over does not bring it back.
    pub fn change(&self, patch: ReminderPatch, now: Timestamp) -> ReminderChange {
        let mut next = self.clone();
        if let Some(scheduled_at) = patch.scheduled_at {
            next.scheduled_at = scheduled_at;
        }
        if let Some(channel) = patch.channel {
            next.channel = channel;
        }
        if let Some(status) = patch.status {
            next.status = status;
        }
        patch.message.apply(&mut next.message);
        next.touch(now);
        let moved = self.scheduled_at != next.scheduled_at && next.status == ReminderStatus::Pending;
        let is_or_was_pending = [self.status, next.status].contains(&ReminderStatus::Pending);
        if moved || (self.status != next.status && is_or_was_pending) {
            if self.status != ReminderStatus::Pending && next.status == ReminderStatus::Pending {
                next.email_sent = false;
                next.email_sent_at = None;
                next.morning_email_sent = false;
            }
            next.plan = next.version;
            next.planned_at = now;
            next.replan(now);
        }
        ReminderChange { read: self.clone(), next }
    }

    /// The reminder once it has fired: it is over, and its mail, if it has one, is on its way.
    pub fn fire(&self, now: Timestamp) -> ReminderChange {
        let mut next = self.clone();
        next.status = ReminderStatus::Completed;
        next.touch(now);
        if !next.channel.mails() {
            next.delivery = next.delivery.sent(now, 1);
        }
        ReminderChange { read: self.clone(), next }
    }

    /// The reminder once it is cancelled for `reason`.
    pub fn cancel(&self, now: Timestamp, reason: &str) -> ReminderChange {
        let mut next = self.clone();
        next.status = ReminderStatus::Skipped;
        next.touch(now);
        next.plan = next.version;
        next.delivery = next.delivery.skipped(reason);
        ReminderChange { read: self.clone(), next }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::delivery::DeliveryState;
    use crate::domain::field::Patch;
    use crate::domain::reminder::{Channel, LEAD, NewReminder};
    use crate::id::{TaskId, UserId};

    const MINUTE: Duration = Duration::from_secs(60);

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-01T12:00:00Z").unwrap()
    }

    fn reminder(ahead: Duration, channel: Channel) -> Reminder {
        let input = NewReminder {
            task_id: TaskId::new(),
            scheduled_at: now().plus(ahead),
            channel: Some(channel),
            message: None,
            status: None,
        };
        Reminder::new(UserId::new(), input, now())
    }

    #[test]
    fn it_fires_an_hour_ahead_or_at_once_when_less_is_left() {
        assert_eq!(reminder(LEAD * 3, Channel::Email).fires_at(), Some(now().plus(LEAD * 2)));
        assert_eq!(reminder(MINUTE * 10, Channel::Email).fires_at(), Some(now()));
    }

    #[test]
    fn moving_it_makes_a_new_plan_and_rewording_it_does_not() {
        let mut reminder = reminder(LEAD * 3, Channel::Email);
        reminder = reminder.change(ReminderPatch { message: Patch::Clear, ..ReminderPatch::default() }, now()).next;
        assert_eq!((reminder.plan, reminder.version), (1, 2));
        let later = ReminderPatch { scheduled_at: Some(now().plus(LEAD * 5)), ..ReminderPatch::default() };
        reminder = reminder.change(later, now()).next;
        assert_eq!((reminder.plan, reminder.version), (3, 3));
        assert_eq!(reminder.fires_at(), Some(now().plus(LEAD * 4)));
    }

    #[test]
    fn one_that_fired_is_over_and_moving_it_does_not_bring_it_back() {
        let mut reminder = reminder(LEAD * 3, Channel::Email);
        reminder = reminder.fire(now()).next;
        assert_eq!(reminder.status, ReminderStatus::Completed);
        let later = ReminderPatch { scheduled_at: Some(now().plus(LEAD * 5)), ..ReminderPatch::default() };
        reminder = reminder.change(later, now()).next;
        assert_eq!(reminder.fires_at(), None);
        let reopened = ReminderPatch { status: Some(ReminderStatus::Pending), ..ReminderPatch::default() };
        reminder = reminder.change(reopened, now()).next;
        assert_eq!(reminder.fires_at(), Some(now().plus(LEAD * 4)));
    }

    #[test]
    fn calling_off_one_that_fired_leaves_its_receipt_alone() {
        let mut reminder = reminder(LEAD * 3, Channel::Email);
        reminder = reminder.fire(now()).next;
        let before = (reminder.plan, reminder.delivery.clone());
        let skipped = ReminderPatch { status: Some(ReminderStatus::Skipped), ..ReminderPatch::default() };
        reminder = reminder.change(skipped, now()).next;
        assert_eq!((reminder.plan, reminder.delivery), before);
    }

    #[test]
    fn reopening_one_whose_time_has_passed_does_not_fire_it() {
        let mut reminder = reminder(LEAD, Channel::Email);
        reminder = reminder.cancel(now(), "task completed").next;
        let reopened = ReminderPatch { status: Some(ReminderStatus::Pending), ..ReminderPatch::default() };
        reminder = reminder.change(reopened, now().plus(LEAD * 2)).next;
        assert_eq!((reminder.fires_at(), reminder.delivery.state), (None, DeliveryState::Skipped));
    }

    #[test]
    fn a_push_reminder_is_sent_when_it_fires_and_tells_how_late() {
        let mut reminder = reminder(LEAD * 2, Channel::Push);
        reminder = reminder.fire(now().plus(LEAD + MINUTE)).next;
        assert_eq!(reminder.delivery.state, DeliveryState::Sent);
        assert_eq!(reminder.delivery.lateness_ms, Some(60_000));
    }

    #[test]
    fn a_completion_keeps_its_day_when_the_zone_changes_and_gets_another_when_it_is_moved() {
        let at = Timestamp::parse("2026-03-01T20:00:00Z").unwrap();
        let (kolkata, utc) = (Zone::parse("Asia/Kolkata").unwrap(), Zone::UTC);
        let pending = Reminder { scheduled_at: at, ..reminder(LEAD * 3, Channel::Email) };
        let done = ReminderPatch { status: Some(ReminderStatus::Completed), ..ReminderPatch::default() };
        let completing = pending.change(done.clone(), now());
        assert!(completing.needs_zone());
        let (completed, counters) = completing.marked(&kolkata);
        assert_eq!(completed.counted.map(String::from).as_deref(), Some("2026-03-02"));
        assert_eq!((counters.pending, counters.completed), (0, 1), "it was not counted before");
        let again = completed.change(done, now());
        assert!(!again.needs_zone());
        assert_eq!(again.marked(&utc), again.marked(&kolkata));
        assert!(again.marked(&utc).1.is_empty());
        let moved = ReminderPatch { scheduled_at: Some(at.plus(LEAD)), ..ReminderPatch::default() };
        let (moved, counters) = completed.change(moved, now()).marked(&utc);
        assert_eq!(moved.counted.map(String::from).as_deref(), Some("2026-03-01"));
        assert_eq!((counters.completed, counters.days.len()), (0, 2));
    }
}
