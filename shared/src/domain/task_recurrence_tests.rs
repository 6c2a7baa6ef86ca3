use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::domain::body::testing::{parsed, parsed_at};
use crate::domain::counters::{CounterChange, CounterMark};
use crate::domain::field::FieldError;
use crate::domain::occurrence::OccurrenceOutcome;
use crate::domain::reminder::{Channel, Reminder, ReminderKind, ReminderPatch, ReminderStatus};
use crate::domain::reminder_change::TASK_COMPLETED;
use crate::domain::task::{ReminderCard, Task, TaskStatus};
use crate::domain::task_change::TaskChange;
use crate::domain::task_recurrence::OCCURRENCE_SKIPPED;
use crate::domain::zone::Zone;
use crate::id::{ReminderId, UserId};

/// A Monday.
const DUE: &str = "2026-03-02T09:00:00Z";
const ON_THE_DAY: &str = "2026-03-02T10:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn created(body: Value) -> Result<Task, Vec<FieldError>> {
    Task::new(UserId::new(), parsed(body)?, &Zone::UTC, at("2026-02-01T00:00:00Z"))
}

fn recurring(rrule: &str, anchor: &str) -> Task {
    created(json!({"title": "Pay rent", "dueDate": DUE, "recurrence": {"rrule": rrule, "anchor": anchor}})).unwrap()
}

fn weekly() -> Task {
    recurring("FREQ=WEEKLY", "due")
}

fn change(task: &Task, body: Value, now: &str) -> Result<TaskChange, Vec<FieldError>> {
    task.change(parsed(body).unwrap(), &Zone::UTC, at(now))
}

fn completed(task: &Task, now: &str) -> TaskChange {
    change(task, json!({"status": "completed"}), now).unwrap()
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, Vec<FieldError>>, fields: &[&str]) {
    let errors = result.unwrap_err();
    assert_eq!(errors.iter().map(|error| error.field.as_ref()).collect::<Vec<_>>(), fields);
}

#[test]
fn completing_advances_and_records_what_was_completed() {
    let task = Task { status: TaskStatus::InProgress, ..weekly() };
    let done = completed(&task, ON_THE_DAY);
    assert_eq!(done.task.due_date, Some(at("2026-03-09T09:00:00Z")));
    assert_eq!((done.task.status, done.task.completed_at, done.task.version), (TaskStatus::Todo, None, 2));
    let occurrence = done.occurrence.unwrap();
    assert_eq!((occurrence.due_date, occurrence.at), (at(DUE), at(ON_THE_DAY)));
    assert_eq!((occurrence.outcome, occurrence.task_version), (OccurrenceOutcome::Completed, 2));
    assert_eq!(done.notification.unwrap().title, "Task Completed");
    let again = completed(&done.task, "2026-03-09T10:00:00Z");
    assert_eq!(again.task.due_date, Some(at("2026-03-16T09:00:00Z")));
    assert!(again.notification.is_some(), "one an occurrence");
}

#[test]
fn completing_early_and_very_late_gives_the_next_one_ahead() {
    for (now, due, completion) in [
        ("2026-02-27T12:00:00Z", "2026-03-09T09:00:00Z", "2026-03-06T09:00:00Z"),
        ("2026-04-01T12:00:00Z", "2026-04-06T09:00:00Z", "2026-04-08T09:00:00Z"),
    ] {
        assert_eq!(completed(&weekly(), now).task.due_date, Some(at(due)));
        let counted = recurring("FREQ=WEEKLY", "completion");
        assert_eq!(completed(&counted, now).task.due_date, Some(at(completion)));
    }
}

#[test]
fn the_last_occurrence_completes_for_good_and_keeps_the_rule() {
    for rule in ["FREQ=WEEKLY;COUNT=1", "FREQ=WEEKLY;UNTIL=20260308"] {
        let done = completed(&recurring(rule, "due"), ON_THE_DAY);
        assert_eq!((done.task.status, done.task.completed_at), (TaskStatus::Completed, Some(at(ON_THE_DAY))));
        assert_eq!(done.task.due_date, Some(at(DUE)));
        assert!(done.task.recurrence.is_some() && done.occurrence.is_some() && done.notification.is_some());
        let again = completed(&done.task, ON_THE_DAY);
        assert!(again.occurrence.is_none() && again.notification.is_none() && again.task.version == 2);
    }
}

#[test]
fn skipping_advances_without_a_notification_and_the_last_skip_completes() {
    let skipped = weekly().skip(None, at(ON_THE_DAY)).unwrap();
    assert_eq!((skipped.task.due_date, skipped.task.status), (Some(at("2026-03-09T09:00:00Z")), TaskStatus::Todo));
    assert_eq!(skipped.occurrence.unwrap().outcome, OccurrenceOutcome::Skipped);
    assert!(skipped.notification.is_none());
    let last = recurring("FREQ=WEEKLY;COUNT=1", "due").skip(Some(at(DUE)), at(ON_THE_DAY)).unwrap();
    assert_eq!((last.task.status, last.task.completed_at), (TaskStatus::Completed, Some(at(ON_THE_DAY))));
    assert_eq!(last.occurrence.unwrap().outcome, OccurrenceOutcome::Skipped);
    assert!(last.notification.is_none());
}

#[test]
fn skips_count_for_count() {
    let twice = recurring("FREQ=WEEKLY;COUNT=2", "completion");
    let skipped = twice.skip(None, at(ON_THE_DAY)).unwrap().task;
    assert_eq!(skipped.status, TaskStatus::Todo);
    assert_eq!(completed(&skipped, ON_THE_DAY).task.status, TaskStatus::Completed);
}

#[test]
fn what_does_not_recur_or_has_ended_cannot_be_skipped() {
    assert!(created(json!({"title": "Once", "dueDate": DUE})).unwrap().skip(None, at(ON_THE_DAY)).is_none());
    let ended = completed(&recurring("FREQ=WEEKLY;COUNT=1", "due"), ON_THE_DAY).task;
    assert!(ended.skip(None, at(ON_THE_DAY)).is_none());
}

#[test]
fn another_occurrence_than_the_named_one_stays_as_it_is() {
    let task = weekly();
    let other = json!({"status": "completed", "occurrence": "2026-02-23T09:00:00Z", "title": "Pay the rent"});
    let stale = change(&task, other, ON_THE_DAY).unwrap();
    assert!(stale.occurrence.is_none() && stale.notification.is_none());
    assert_eq!((stale.task.version, stale.task.title.as_str()), (1, "Pay rent"));
    let named = change(&task, json!({"status": "completed", "occurrence": DUE}), ON_THE_DAY).unwrap();
    assert!(named.occurrence.is_some());
    let stale = task.skip(Some(at("2026-02-23T09:00:00Z")), at(ON_THE_DAY)).unwrap();
    assert!(stale.occurrence.is_none() && stale.task.version == 1);
    // It names nothing where nothing is completed, and nothing of a task that does not recur.
    let renamed = json!({"occurrence": "2026-02-23T09:00:00Z", "title": "Pay the rent"});
    assert_eq!(change(&task, renamed, ON_THE_DAY).unwrap().task.version, 2);
    let once = created(json!({"title": "Once", "dueDate": DUE})).unwrap();
    let done = json!({"status": "completed", "occurrence": "2026-02-23T09:00:00Z"});
    assert_eq!(change(&once, done, ON_THE_DAY).unwrap().task.status, TaskStatus::Completed);
}

#[test]
fn the_other_fields_of_a_completion_come_first() {
    let over = change(&weekly(), json!({"status": "completed", "recurrence": null}), ON_THE_DAY).unwrap();
    assert_eq!((over.task.status, over.task.due_date), (TaskStatus::Completed, Some(at(DUE))));
    assert!(over.task.recurrence.is_none() && over.occurrence.is_none());
    let moved = json!({"status": "completed", "dueDate": "2026-03-11T12:00:00Z"});
    let moved = change(&weekly(), moved, ON_THE_DAY).unwrap();
    assert_eq!(moved.occurrence.unwrap().due_date, at("2026-03-11T12:00:00Z"));
    assert_eq!(moved.task.due_date, Some(at("2026-03-16T09:00:00Z")));
    let rule = json!({"status": "completed", "recurrence": {"rrule": "FREQ=DAILY", "anchor": "due"}});
    assert_eq!(change(&weekly(), rule, ON_THE_DAY).unwrap().task.due_date, Some(at("2026-03-03T09:00:00Z")));
}

#[test]
fn a_due_date_that_is_moved_by_hand_moves_this_occurrence_only() {
    let moved = change(&weekly(), json!({"dueDate": "2026-03-04T15:00:00Z"}), ON_THE_DAY).unwrap().task;
    assert_eq!(moved.recurrence, weekly().recurrence);
    let next = completed(&moved, "2026-03-04T16:00:00Z").task;
    assert_eq!(next.due_date, Some(at("2026-03-09T09:00:00Z")));
}

#[test]
fn a_new_rule_begins_at_the_present_due_date_and_the_same_one_goes_on() {
    let twice = recurring("FREQ=WEEKLY;COUNT=2", "due");
    let second = completed(&twice, ON_THE_DAY).task;
    let same = json!({"recurrence": {"rrule": "count=2;freq=weekly", "anchor": "due", "timezone": "UTC"}});
    assert_eq!(change(&second, same, ON_THE_DAY).unwrap().task.version, 2);
    assert_eq!(completed(&second, ON_THE_DAY).task.status, TaskStatus::Completed);
    let daily = json!({"recurrence": {"rrule": "FREQ=DAILY;COUNT=2", "anchor": "due"}});
    let daily = change(&second, daily, ON_THE_DAY).unwrap().task;
    assert_eq!(
        daily.recurrence.as_ref().map(|it| (it.start.to_string(), it.taken)),
        Some(("2026-03-09T09:00:00".to_owned(), 0))
    );
    let third = completed(&daily, ON_THE_DAY).task;
    assert_eq!((third.due_date, third.status), (Some(at("2026-03-10T09:00:00Z")), TaskStatus::Todo));
    assert_eq!(completed(&third, ON_THE_DAY).task.status, TaskStatus::Completed, "COUNT began again");
}

#[test]
fn a_due_date_that_does_not_match_stays_and_the_next_follows_the_rule() {
    let tuesdays = recurring("FREQ=WEEKLY;BYDAY=TU", "due");
    assert_eq!(tuesdays.due_date, Some(at(DUE)));
    assert_eq!(completed(&tuesdays, "2026-03-01T10:00:00Z").task.due_date, Some(at("2026-03-03T09:00:00Z")));
}

#[test]
fn a_plain_date_stays_the_end_of_its_day_and_the_zone_is_the_one_of_the_rule() {
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let body =
        json!({"title": "Pay rent", "dueDate": "2026-03-28", "recurrence": {"rrule": "FREQ=DAILY", "anchor": "due"}});
    let task = Task::new(UserId::new(), parsed(body).unwrap(), &zone, at("2026-02-01T00:00:00Z")).unwrap();
    assert_eq!(task.due_date, Some(at("2026-03-28T22:59:59.999Z")));
    // Its user lives in Tokyo by now.
    let tokyo = Zone::parse("Asia/Tokyo").unwrap();
    let done =
        task.change(parsed(json!({"status": "completed"})).unwrap(), &tokyo, at("2026-03-28T12:00:00Z")).unwrap();
    assert_eq!(done.task.due_date, Some(at("2026-03-29T21:59:59.999Z")));
    assert_eq!(done.task.recurrence.unwrap().timezone, zone);
}

#[test]
fn a_rule_needs_a_due_date_an_open_task_and_an_occurrence() {
    let rule = json!({"rrule": "FREQ=DAILY", "anchor": "due"});
    assert_refused(created(json!({"title": "Pay rent", "recurrence": rule})), &["recurrence"]);
    let done = json!({"title": "Pay rent", "dueDate": DUE, "recurrence": rule, "status": "completed"});
    assert_refused(created(done), &["status"]);
    let never = json!({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "anchor": "due"});
    assert_refused(created(json!({"title": "Pay rent", "dueDate": DUE, "recurrence": never})), &["recurrence.rrule"]);
    let undated = created(json!({"title": "Pay rent"})).unwrap();
    assert_refused(change(&undated, json!({"recurrence": rule}), DUE), &["recurrence"]);
    assert!(change(&undated, json!({"recurrence": rule, "dueDate": DUE}), DUE).is_ok());
    assert_refused(change(&weekly(), json!({"dueDate": null}), DUE), &["dueDate"]);
    assert!(change(&weekly(), json!({"dueDate": null, "recurrence": null}), DUE).is_ok());
    assert_refused(change(&weekly(), json!({"recurrence": never}), DUE), &["recurrence.rrule"]);
}

#[test]
fn every_bad_field_of_a_rule_is_named_inside_its_object() {
    let bad = json!({"title": "Pay rent", "dueDate": DUE, "recurrence": {"rrule": "FREQ=HOURLY", "timezone": "Mars"}});
    assert_refused(created(bad), &["recurrence.rrule", "recurrence.anchor", "recurrence.timezone"]);
    for bad in [json!("FREQ=DAILY"), json!(7), json!(true), json!(["FREQ=DAILY"])] {
        assert_refused(created(json!({"title": "Pay rent", "recurrence": bad})), &["recurrence"]);
    }
    for none in [json!(null), json!(""), json!(" ")] {
        assert!(created(json!({"title": "Pay rent", "recurrence": none})).unwrap().recurrence.is_none());
        assert!(change(&weekly(), json!({"recurrence": none}), DUE).unwrap().task.recurrence.is_none());
    }
}

#[test]
fn pending_reminders_are_cancelled_at_an_advance_and_completed_ones_stay_counted() {
    let mut task = weekly();
    let card = |status, counted| ReminderCard {
        scheduled_at: at(DUE),
        kind: ReminderKind::Reminder,
        offset_minutes: None,
        channel: Channel::Email,
        status,
        counted,
    };
    let (pending, fired) = (ReminderId::new(), ReminderId::new());
    task.reminders.insert(pending, card(ReminderStatus::Pending, Some(CounterMark::Pending)));
    let day = Some(CounterMark::CompletedOn("2026-03-02".parse().unwrap()));
    task.reminders.insert(fired, card(ReminderStatus::Completed, day));
    for (change, reason) in
        [(completed(&task, ON_THE_DAY), TASK_COMPLETED), (task.skip(None, at(ON_THE_DAY)).unwrap(), OCCURRENCE_SKIPPED)]
    {
        assert_eq!((change.cancelled.as_slice(), change.cancel_reason), (&[pending][..], reason));
        assert_eq!(change.task.reminders[&pending], card(ReminderStatus::Skipped, None));
        assert_eq!(change.task.reminders[&fired], task.reminders[&fired]);
        assert_eq!(change.counters, CounterChange { pending: -1, ..CounterChange::default() });
    }
}

#[test]
fn overdue_is_told_once_for_each_occurrence() {
    let told = Task { overdue_told: Some(at(DUE)), ..weekly() };
    assert_eq!(told.overdue_at(), None);
    // Three weeks late: the two that were jumped over are never told.
    let next = completed(&told, "2026-03-25T12:00:00Z").task;
    assert_eq!(next.overdue_at(), Some(at("2026-03-30T09:00:00Z")));
}

/// A Friday before [`DUE`]: counted from it, the next Monday is the same one.
const EARLY: &str = "2026-02-27T10:00:00Z";

#[test]
fn completed_early_it_may_be_due_on_the_same_day_again_and_its_relative_reminders_wait_for_that() {
    let mut task = recurring("FREQ=WEEKLY;BYDAY=MO", "completion");
    let reminder = |body: Value| {
        let mut body = body;
        body["taskId"] = json!(task.id);
        let body = parsed_at(body, at(EARLY)).unwrap();
        Reminder::new(task.user_id, body, task.due_date, at(EARLY)).unwrap()
    };
    let relative = Reminder { counted: Some(CounterMark::Pending), ..reminder(json!({"offsetMinutes": 60})) };
    let alone = Reminder { counted: Some(CounterMark::Pending), ..reminder(json!({"scheduledAt": DUE})) };
    for reminder in [&relative, &alone] {
        task.reminders.insert(reminder.id, ReminderCard::from(reminder));
    }
    for change in [completed(&task, EARLY), task.skip(None, at(EARLY)).unwrap()] {
        assert_eq!((change.task.due_date, change.occurrence.is_some()), (Some(at(DUE)), true));
        assert_eq!((change.cancelled.as_slice(), change.counters.pending), (&[alone.id][..], -1));
        assert_eq!(change.moved_reminders().collect::<Vec<_>>(), [relative.id]);
        let followed = change.follow_due_date(std::slice::from_ref(&relative));
        assert!(followed.followers.is_empty());
        assert_eq!(followed.task.reminders[&relative.id].status, ReminderStatus::Pending);
    }
    // Who skipped it for the occurrence that is over is reminded of this one.
    let skip: ReminderPatch = parsed_at(json!({"status": "skipped"}), at(EARLY)).unwrap();
    let skipped = relative.change(skip, at(EARLY)).unwrap().next;
    let followed = completed(&task, EARLY).follow_due_date(&[skipped]);
    assert_eq!(followed.followers[0].next.fires_at(), relative.fires_at());
}

#[test]
fn a_request_ends_only_the_occurrence_that_it_saw() {
    let task = recurring("FREQ=WEEKLY;BYDAY=MO", "completion");
    let (seen, done) = (task.present_occurrence(), completed(&task, EARLY).task);
    let complete = |seen| {
        let patch = parsed(json!({"status": "completed", "occurrence": DUE})).unwrap();
        done.change_seen(patch, seen, &Zone::UTC, at(EARLY)).unwrap()
    };
    let skip = |seen| done.skip_seen(Some(at(DUE)), seen, at(EARLY)).unwrap();
    for again in [complete(seen), skip(seen)] {
        assert!(again.occurrence.is_none() && again.notification.is_none());
        assert_eq!(again.task.version, done.version);
    }
    for next in [complete(done.present_occurrence()), skip(done.present_occurrence())] {
        assert!(next.occurrence.is_some());
    }
    // A new rule, which counts from zero, is no other occurrence.
    let seen = done.present_occurrence();
    let rule = json!({"recurrence": {"rrule": "FREQ=MONTHLY", "anchor": "completion"}});
    let ruled = change(&done, rule, EARLY).unwrap().task;
    let patch = parsed(json!({"status": "completed"})).unwrap();
    let completed = ruled.change_seen(patch, seen, &Zone::UTC, at(EARLY)).unwrap();
    assert!(completed.occurrence.is_some());
}
