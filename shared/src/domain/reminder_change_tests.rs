//! Changes of reminders.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::domain::body::testing::parsed_at;
use crate::domain::delivery::DeliveryState;
use crate::domain::field::{Field, Patch};
use crate::domain::minutes::LeadMinutes;
use crate::domain::reminder::{Channel, NewReminder, ReminderMessage, ReminderOut, ReminderTime};
use crate::id::{TaskId, UserId};

const MINUTE: Duration = Duration::from_secs(60);
const LEAD: Duration = LeadMinutes::DEFAULT.duration();

fn now() -> Timestamp {
    Timestamp::parse("2026-01-01T12:00:00Z").unwrap()
}

fn reminder(ahead: Duration, channel: Channel) -> Reminder {
    let input = NewReminder {
        task_id: TaskId::new(),
        time: ReminderTime::At(now().plus(ahead)),
        lead_minutes: None,
        channel: Some(channel),
        message: None,
        status: None,
    };
    Reminder::new(UserId::new(), input, None, now()).unwrap()
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
    let [error] = &error[..] else { panic!("{error:?}") };
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
fn a_completion_keeps_its_day_when_the_zone_changes_and_when_the_reminder_is_moved() {
    let at = Timestamp::parse("2026-03-01T20:00:00Z").unwrap();
    let (kolkata, utc) = (Zone::parse("Asia/Kolkata").unwrap(), Zone::UTC);
    let pending = Reminder { scheduled_at: at, ..reminder(LEAD * 3, Channel::Email) };
    let done = ReminderPatch { status: Some(ReminderStatus::Completed), ..ReminderPatch::default() };
    let completing = pending.change(done.clone(), now()).unwrap();
    assert!(completing.needs_zone());
    let MarkedChange { reminder: completed, counters, completion } = completing.marked(&kolkata);
    assert_eq!(completed.counted.map(String::from).as_deref(), Some("2026-03-02"));
    assert_eq!((counters.pending, counters.completed), (0, 1), "it was not counted before");
    assert!(matches!(completion, Some(CompletionChange::Count(_))));
    let again = completed.change(done, now()).unwrap();
    assert!(!again.needs_zone() && again.marked(&utc).counters.is_empty());
    assert_eq!(again.marked(&utc).reminder, again.marked(&kolkata).reminder);
    let moved = ReminderPatch { scheduled_at: Some(at.plus(LEAD)), ..ReminderPatch::default() };
    let moved = completed.change(moved, now()).unwrap().marked(&utc);
    assert_eq!(moved.reminder.counted, completed.counted);
    assert!(moved.counters.is_empty() && moved.completion.is_none());
}

#[test]
fn a_completion_by_hand_is_taken_back_by_hand_and_a_firing_is_not() {
    let by_hand = |reminder: &Reminder, status| {
        let patch = ReminderPatch { status: Some(status), ..ReminderPatch::default() };
        reminder.change(patch, now()).unwrap().marked(&Zone::UTC)
    };
    let planned = reminder(LEAD * 3, Channel::Email).change(ReminderPatch::default(), now()).unwrap();
    let planned = planned.marked(&Zone::UTC).reminder;
    let done = by_hand(&planned, ReminderStatus::Completed);
    let undone = by_hand(&done.reminder, ReminderStatus::Pending);
    assert_eq!((undone.counters.pending, undone.counters.completed), (1, -1));
    assert!(matches!(undone.completion, Some(CompletionChange::TakeBack(_))));
    let fired = planned.fire(now()).marked(&Zone::UTC);
    assert_eq!((fired.counters.pending, fired.counters.completed), (-1, 1));
    let undone = by_hand(&fired.reminder, ReminderStatus::Pending);
    assert_eq!((undone.counters.pending, undone.counters.completed, &undone.completion), (1, 0, &None));
    let done = by_hand(&undone.reminder, ReminderStatus::Completed);
    assert_eq!((done.counters.pending, done.counters.completed, &done.completion), (-1, 0, &None));
}

#[test]
fn another_lead_makes_another_plan_until_it_has_fired() {
    let lead = |minutes: u32| ReminderPatch {
        lead_minutes: serde_json::from_value(json!(minutes)).unwrap(),
        ..ReminderPatch::default()
    };
    let planned = reminder(LEAD * 3, Channel::Email);
    let shorter = planned.change(lead(10), now()).unwrap().next;
    assert_eq!((shorter.fires_at(), shorter.plan), (Some(planned.scheduled_at.minus(MINUTE * 10)), 2));
    let at_once = shorter.change(lead(10_080), now()).unwrap().next;
    assert_eq!(at_once.fires_at(), Some(now()));
    let fired = planned.fire(now()).next;
    let changed = fired.change(lead(0), now()).unwrap().next;
    assert_eq!((changed.fires_at(), changed.plan, changed.version), (None, fired.plan, 3));
    let reopened = ReminderPatch { status: Some(ReminderStatus::Pending), ..lead(5) };
    assert_eq!(fired.change(reopened, now()).unwrap().next.fires_at(), None);
}

#[test]
fn it_has_one_time_its_own_or_its_tasks() {
    let due = now().plus(LEAD * 9);
    let set = |minutes: u32| Patch::Set(serde_json::from_value(json!(minutes)).unwrap());
    let absolute = reminder(LEAD * 3, Channel::Email);
    let relative = ReminderPatch { offset_minutes: set(120), ..ReminderPatch::default() };
    assert!(relative.needs_due_date(&absolute));
    let error = absolute.change(relative.clone(), now()).unwrap_err();
    assert_eq!((&*error[0].field, &*error[0].message), ("offsetMinutes", "Offset minutes need a task with a due date"));
    let relative = absolute.change_given_due(relative, Some(due), now()).unwrap().next;
    assert_eq!((relative.scheduled_at, relative.follows()), (due.minus(LEAD * 2), Some(due)));
    assert!(relative.change(whole(&relative), now()).unwrap().is_empty());
    let past = ReminderPatch { offset_minutes: set(540), ..ReminderPatch::default() };
    let error = relative.change_given_due(past, Some(due), now()).unwrap_err();
    assert_eq!(error[0].message, "Scheduled time must be in the future");
    let two = ReminderPatch { scheduled_at: Some(due), ..whole(&relative) };
    assert_eq!(&*relative.change(two, now()).unwrap_err()[0].field, "offsetMinutes");
    let own = ReminderPatch { scheduled_at: Some(due), ..ReminderPatch::default() };
    let own = relative.change(own, now()).unwrap().next;
    assert_eq!((own.scheduled_at, own.offset_minutes), (due, None));
    let kept = ReminderPatch { offset_minutes: Patch::Clear, ..whole(&relative) };
    let kept = relative.change(kept, now()).unwrap().next;
    assert_eq!((kept.scheduled_at, kept.offset_minutes, kept.plan), (relative.scheduled_at, None, relative.plan));
}

#[test]
fn a_row_of_an_earlier_version_is_an_ordinary_reminder_an_hour_ahead() {
    let mut row = serde_json::to_value(reminder(LEAD * 3, Channel::Email)).unwrap();
    row.as_object_mut().unwrap().remove("leadMinutes");
    let old: Reminder = serde_json::from_value(row).unwrap();
    let shown = serde_json::to_value(ReminderOut::from(old.clone())).unwrap();
    assert_eq!((&shown["kind"], &shown["leadMinutes"]), (&json!("reminder"), &json!(60)));
    assert_eq!((&shown["offsetMinutes"], &shown["snoozedUntil"]), (&json!(null), &json!(null)));
    assert_eq!(old.fires_at(), Some(now().plus(LEAD * 2)));
}
