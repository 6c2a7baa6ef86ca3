//! What an update, a firing or a cancellation changes of a reminder.

use crate::clock::Timestamp;
use crate::domain::counters::CounterChange;
use crate::domain::field::FieldError;
use crate::domain::reminder::{Reminder, ReminderPatch, ReminderStatus, moved_into_the_past};
use crate::domain::zone::Zone;

/// A change of a reminder that was read.
#[derive(Clone, Debug)]
pub struct ReminderChange {
    /// As it was read: the change is written only if it still is so.
    pub read: Reminder,
    /// As it is from now on, but for its counter mark.
    pub next: Reminder,
    /// When it is made.
    pub at: Timestamp,
}

impl ReminderChange {
    /// Whether everything stays as it is.
    pub fn is_empty(&self) -> bool {
        self.read == self.next
    }

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
/// Why a reminder that is moved back to a time for which it fired does not fire again, for the user.
const FIRED_BEFORE: &str = "it went out for this time before";

impl Reminder {
    /// The reminder with the fields changed that `patch` names. Moving or re-opening it plans it again, unless it has fired for
    /// its time already; moving one that is over does not bring it back. Where every field has its value already, the reminder
    /// stays as it is, version included.
    ///
    /// # Errors
    /// It is moved to a time that has passed.
    pub fn change(&self, patch: ReminderPatch, now: Timestamp) -> Result<ReminderChange, FieldError> {
        let is_past = patch.is_in_the_past(now);
        let mut next = self.clone();
        next.scheduled_at = patch.scheduled_at.unwrap_or(next.scheduled_at);
        next.channel = patch.channel.unwrap_or(next.channel);
        next.status = patch.status.unwrap_or(next.status);
        patch.message.apply(&mut next.message);
        let is_moved = self.scheduled_at != next.scheduled_at;
        if is_moved && is_past {
            return Err(moved_into_the_past());
        }
        if next != *self {
            next.touch(now);
            next.fired_for = self.last_fired_for();
            next.plan_again(self, now);
        }
        Ok(ReminderChange { read: self.clone(), next, at: now })
    }

    /// Plans a reminder that is no longer as it was `before`, if its plan depends on what has changed.
    fn plan_again(&mut self, before: &Self, now: Timestamp) {
        let pending = |reminder: &Self| reminder.status == ReminderStatus::Pending;
        let (is_pending, was_pending) = (pending(self), pending(before));
        let is_moved = self.scheduled_at != before.scheduled_at && is_pending;
        let is_switched = self.status != before.status && (is_pending || was_pending);
        // What has fired keeps its plan, so that the receipt of a mail that is on its way still finds it.
        if !(is_moved || is_switched) || (self.has_fired() && before.fires_at().is_none()) {
            return;
        }
        self.plan = self.version;
        self.planned_at = now;
        if self.has_fired() {
            self.delivery = self.delivery.skipped(FIRED_BEFORE);
            return;
        }
        if is_pending && (!was_pending || before.has_fired()) {
            self.email_sent = false;
            self.email_sent_at = None;
            self.morning_email_sent = false;
        }
        self.replan(now);
    }

    /// The reminder once it has fired: it is over, and its mail, if it has one, is on its way.
    pub fn fire(&self, now: Timestamp) -> ReminderChange {
        let mut next = self.clone();
        next.status = ReminderStatus::Completed;
        next.fired_for = Some(self.scheduled_at);
        next.touch(now);
        if !next.channel.mails() {
            next.delivery = next.delivery.sent(now, 1);
        }
        ReminderChange { read: self.clone(), next, at: now }
    }

    /// The reminder once it is cancelled for `reason`.
    pub fn cancel(&self, now: Timestamp, reason: &str) -> ReminderChange {
        let mut next = self.clone();
        next.status = ReminderStatus::Skipped;
        next.touch(now);
        next.plan = next.version;
        next.delivery = next.delivery.skipped(reason);
        ReminderChange { read: self.clone(), next, at: now }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::domain::body::testing::parsed_at;
    use crate::domain::delivery::DeliveryState;
    use crate::domain::field::{Field, Patch};
    use crate::domain::reminder::{Channel, LEAD, NewReminder, ReminderMessage, ReminderOut};
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

    fn message(text: &str) -> ReminderMessage {
        ReminderMessage::read("Message", &json!(text)).unwrap()
    }

    /// The reminder as a client that read it sends it back.
    fn whole(reminder: &Reminder) -> ReminderPatch {
        let body = serde_json::to_value(ReminderOut::from(reminder.clone())).unwrap();
        parsed_at(body, now().plus(LEAD * 100)).unwrap()
    }

    #[test]
    fn it_fires_an_hour_ahead_or_at_once_when_less_is_left() {
        assert_eq!(reminder(LEAD * 3, Channel::Email).fires_at(), Some(now().plus(LEAD * 2)));
        assert_eq!(reminder(MINUTE * 10, Channel::Email).fires_at(), Some(now()));
    }

    #[test]
    fn moving_it_makes_a_new_plan_and_rewording_it_does_not() {
        let mut reminder = reminder(LEAD * 3, Channel::Email);
        let reworded = ReminderPatch { message: Patch::Set(message("Two cups")), ..ReminderPatch::default() };
        reminder = reminder.change(reworded, now()).unwrap().next;
        assert_eq!((reminder.plan, reminder.version), (1, 2));
        let later = ReminderPatch { scheduled_at: Some(now().plus(LEAD * 5)), ..ReminderPatch::default() };
        reminder = reminder.change(later, now()).unwrap().next;
        assert_eq!((reminder.plan, reminder.version), (3, 3));
        assert_eq!(reminder.fires_at(), Some(now().plus(LEAD * 4)));
    }

    #[test]
    fn one_that_fired_is_over_and_moving_it_does_not_bring_it_back() {
        let mut reminder = reminder(LEAD * 3, Channel::Email);
        reminder = reminder.fire(now()).next;
        assert_eq!(reminder.status, ReminderStatus::Completed);
        let later = ReminderPatch { scheduled_at: Some(now().plus(LEAD * 5)), ..ReminderPatch::default() };
        reminder = reminder.change(later, now()).unwrap().next;
        assert_eq!(reminder.fires_at(), None);
        let reopened = ReminderPatch { status: Some(ReminderStatus::Pending), ..ReminderPatch::default() };
        reminder = reminder.change(reopened, now()).unwrap().next;
        assert_eq!(reminder.fires_at(), Some(now().plus(LEAD * 4)));
    }

    #[test]
    fn a_reminder_sent_back_as_it_was_read_changes_nothing_whatever_its_time() {
        let planned = reminder(LEAD * 3, Channel::Both);
        let fired = planned.fire(now()).next;
        let cancelled = planned.cancel(now(), "task completed").next;
        for reminder in [planned, fired, cancelled] {
            for later in [now(), now().plus(LEAD * 100)] {
                assert!(reminder.change(whole(&reminder), later).unwrap().is_empty());
                assert!(reminder.change(ReminderPatch::default(), later).unwrap().is_empty());
            }
        }
    }

    #[test]
    fn it_cannot_be_moved_to_a_time_that_has_passed() {
        let reminder = reminder(LEAD * 3, Channel::Email);
        let moved = ReminderPatch { scheduled_at: Some(now()), ..ReminderPatch::default() };
        let error = reminder.change(moved, now()).unwrap_err();
        assert_eq!((&*error.field, error.message.as_str()), ("scheduledAt", "Scheduled time must be in the future"));
    }

    #[test]
    fn it_fires_once_for_a_time_also_when_a_client_sends_it_back_as_pending() {
        for channel in [Channel::Email, Channel::Push] {
            let planned = reminder(LEAD, channel);
            let stale = whole(&planned);
            let fired = planned.fire(now()).next;
            let minute_later = now().plus(MINUTE);
            let reopened = fired.change(stale, minute_later).unwrap().next;
            assert_eq!((reopened.status, reopened.fires_at()), (ReminderStatus::Pending, None));
            assert_eq!((reopened.plan, &reopened.delivery), (fired.plan, &fired.delivery), "its receipt still comes");
            let again = ReminderPatch { status: Some(ReminderStatus::Completed), ..ReminderPatch::default() };
            let completed = reopened.change(again, minute_later).unwrap().next;
            assert_eq!((completed.plan, &completed.delivery), (fired.plan, &fired.delivery));
        }
    }

    #[test]
    fn one_that_fired_fires_for_another_time_and_not_again_for_the_first() {
        let (first, second) = (now().plus(LEAD), now().plus(LEAD * 5));
        let to = |at| ReminderPatch {
            scheduled_at: Some(at),
            status: Some(ReminderStatus::Pending),
            ..ReminderPatch::default()
        };
        let mut reminder = reminder(LEAD, Channel::Email);
        reminder = Reminder { email_sent: true, email_sent_at: Some(now()), ..reminder.fire(now()).next };
        let moved = reminder.change(to(second), now()).unwrap().next;
        assert_eq!(moved.fires_at(), Some(second.minus(LEAD)));
        assert_eq!((moved.email_sent, moved.email_sent_at), (false, None));
        let back = moved.change(to(first), now()).unwrap().next;
        assert_eq!((back.fires_at(), back.delivery.state), (None, DeliveryState::Skipped));
        assert!(back.plan > moved.plan, "the schedule for the other time is void");
        let onwards = back.change(to(second), now()).unwrap().next;
        assert_eq!(onwards.fires_at(), Some(second.minus(LEAD)));
    }

    #[test]
    fn one_of_an_earlier_version_that_was_sent_does_not_fire_again() {
        let fired = Reminder { email_sent: true, ..reminder(LEAD, Channel::Email).fire(now()).next };
        let mut row = serde_json::to_value(&fired).unwrap();
        row.as_object_mut().unwrap().remove("firedFor");
        let old: Reminder = serde_json::from_value(row).unwrap();
        let reopened = ReminderPatch { status: Some(ReminderStatus::Pending), ..ReminderPatch::default() };
        assert_eq!(old.change(reopened, now()).unwrap().next.fires_at(), None);
    }

    #[test]
    fn one_at_the_last_instant_never_fires() {
        let last = Reminder { scheduled_at: Timestamp::MAX, ..reminder(LEAD, Channel::Email) };
        assert_eq!(last.fires_at(), None);
    }

    #[test]
    fn calling_off_one_that_fired_leaves_its_receipt_alone() {
        let mut reminder = reminder(LEAD * 3, Channel::Email);
        reminder = reminder.fire(now()).next;
        let before = (reminder.plan, reminder.delivery.clone());
        let skipped = ReminderPatch { status: Some(ReminderStatus::Skipped), ..ReminderPatch::default() };
        reminder = reminder.change(skipped, now()).unwrap().next;
        assert_eq!((reminder.plan, reminder.delivery), before);
    }

    #[test]
    fn reopening_one_whose_time_has_passed_does_not_fire_it() {
        let mut reminder = reminder(LEAD, Channel::Email);
        reminder = reminder.cancel(now(), "task completed").next;
        let reopened = ReminderPatch { status: Some(ReminderStatus::Pending), ..ReminderPatch::default() };
        reminder = reminder.change(reopened, now().plus(LEAD * 2)).unwrap().next;
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
        let completing = pending.change(done.clone(), now()).unwrap();
        assert!(completing.needs_zone());
        let (completed, counters) = completing.marked(&kolkata);
        assert_eq!(completed.counted.map(String::from).as_deref(), Some("2026-03-02"));
        assert_eq!((counters.pending, counters.completed), (0, 1), "it was not counted before");
        let again = completed.change(done, now()).unwrap();
        assert!(!again.needs_zone());
        assert_eq!(again.marked(&utc), again.marked(&kolkata));
        assert!(again.marked(&utc).1.is_empty());
        let moved = ReminderPatch { scheduled_at: Some(at.plus(LEAD)), ..ReminderPatch::default() };
        let (moved, counters) = completed.change(moved, now()).unwrap().marked(&utc);
        assert_eq!(moved.counted.map(String::from).as_deref(), Some("2026-03-01"));
        assert_eq!((counters.completed, counters.days.len()), (0, 2));
    }
}
