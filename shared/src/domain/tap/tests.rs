//! What buttons do, and what taking that back restores.

use serde_json::json;

use super::*;
use crate::domain::body::testing::parsed_at;
use crate::domain::completion::CompletionChange;
use crate::domain::counters::{CounterChange, CounterMark, local_day};
use crate::domain::email::Email;
use crate::domain::password::PasswordHash;
use crate::domain::reminder::{Reminder, ReminderPatch, ReminderStatus};
use crate::domain::snooze::Snooze;
use crate::domain::task::{ReminderCard, Task, TaskStatus};
use crate::domain::task_change::TaskChange;
use crate::domain::task_plan::PlannedReview;
use crate::domain::user::{PersonName, User};
use crate::domain::zone::Zone;

const HOUR: Duration = Duration::from_secs(3600);

fn now() -> Timestamp {
    Timestamp::parse("2026-03-02T08:00:00Z").unwrap()
}

fn pressed(at: Timestamp) -> PressedAt {
    PressedAt { at, written_at: at }
}

fn user(zone: &str) -> User {
    let name = PersonName::read("Name", &json!("Asha")).unwrap();
    let email = Email::parse("a@example.com").unwrap();
    User::register(name, email, PasswordHash::from_phc(String::new()), Zone::parse(zone).unwrap(), now())
}

fn task(body: serde_json::Value) -> Task {
    Task::new(UserId::new(), parsed_at(body, now()).unwrap(), &Zone::UTC, now()).unwrap()
}

fn dated() -> Task {
    task(json!({"title": "Pay rent", "dueDate": now().plus(HOUR * 10)}))
}

fn recurring() -> Task {
    let recurrence = json!({"rrule": "FREQ=WEEKLY;COUNT=3", "anchor": "due"});
    task(json!({"title": "Pay rent", "dueDate": now().plus(HOUR * 10), "recurrence": recurrence}))
}

/// Adds a reminder, as the store counts it.
fn remind(task: &mut Task, body: serde_json::Value) -> Reminder {
    let mut body = body;
    body["taskId"] = json!(task.id);
    let reminder = Reminder::new(task.user_id, parsed_at(body, now()).unwrap(), task.due_date, now()).unwrap();
    let reminder = Reminder { counted: Some(CounterMark::Pending), ..reminder };
    task.reminders.insert(reminder.id, ReminderCard::from(&reminder));
    reminder
}

/// The reminder once it has fired, and the link of its mail.
fn fire(task: &mut Task, reminder: &Reminder) -> (Reminder, ActionLink) {
    let fired = reminder.fire(now()).marked(&Zone::UTC).reminder;
    task.reminders.insert(fired.id, ReminderCard::from(&fired));
    let link = ActionLink::of_mail(&Mail::reminder(&fired, task, now())).unwrap();
    (fired, link)
}

fn complete(task: &Task, reminders: &[Reminder], link: &ActionLink) -> (TaskChange, Tap) {
    let change = task.complete(now()).follow_due_date(reminders).cancel_as_read(reminders);
    let tap = Tap::of_completion(link, Action::Done, task, &change);
    (change, tap)
}

/// The reminders once a change of their task is written.
fn written(change: &TaskChange, before: &[Reminder]) -> Vec<Reminder> {
    let changed = |reminder: &Reminder| {
        let change = change.followers.iter().find(|change| change.read.id == reminder.id);
        change.map_or_else(|| reminder.clone(), |change| change.marked(&Zone::UTC).reminder)
    };
    before.iter().map(changed).collect()
}

fn undone(tap: &Tap, task: &Task, reminders: &[Reminder], at: Timestamp) -> TaskChange {
    match tap.undo(Some(task), None, at).unwrap() {
        Undo::Task(change) => change.restore_reminders(reminders, tap.before.reminders()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn undoing_a_completion_restores_the_task_and_its_reminders() {
    let mut task = dated();
    let first = remind(&mut task, json!({"offsetMinutes": 60}));
    let later = remind(&mut task, json!({"scheduledAt": now().plus(HOUR * 5), "leadMinutes": 30}));
    let relative = remind(&mut task, json!({"offsetMinutes": 0}));
    let (fired, link) = fire(&mut task, &first);
    let before = [fired, later, relative];
    let (change, tap) = complete(&task, &before, &link);
    assert_eq!((change.task.status, change.counters.pending), (TaskStatus::Completed, -2));
    assert!(change.cancelled.is_empty(), "each is cancelled as it was read");
    let after = written(&change, &before);
    assert!(after[1..].iter().all(|reminder| reminder.status == ReminderStatus::Skipped));
    let at = now().plus(UNDO_VALID / 2);
    let undone = undone(&tap, &change.task, &after, at);
    let expected = Task { version: 3, updated_at: at, ..task.clone() };
    assert_eq!(serde_json::to_value(&undone.task).unwrap(), serde_json::to_value(&expected).unwrap());
    assert_eq!(undone.counters, CounterChange { pending: 2, ..CounterChange::default() });
    let restored = written(&undone, &after);
    assert_eq!(restored[0], before[0], "what has fired stays as it is");
    for (restored, before) in restored[1..].iter().zip(&before[1..]) {
        assert_eq!((restored.fires_at(), restored.counted), (before.fires_at(), Some(CounterMark::Pending)));
        assert_eq!((restored.plan, restored.planned_at), (3, at), "the schedule of before is void");
    }
}

/// The task with a plan of reviews, and its open review.
fn planned(task: &Task) -> (Task, Reminder) {
    let input = parsed_at(json!({"kind": "fixed", "days": [2, 5]}), now()).unwrap();
    let change = task.set_plan(input, None, &user("UTC"), now()).unwrap();
    let PlannedReview::Open(review) = change.review else { panic!("no review: {:?}", change.review) };
    let review = Reminder { counted: Some(CounterMark::Pending), ..*review };
    let mut task = change.task;
    task.reminders.insert(review.id, ReminderCard::from(&review));
    (task, review)
}

/// A task with a plan that is completed by the mail of another reminder: the task and the two reminders before, the change, the tap.
fn completed_with_plan() -> (Task, [Reminder; 2], TaskChange, Tap) {
    let mut task = dated();
    let first = remind(&mut task, json!({"offsetMinutes": 60}));
    let (mut task, review) = planned(&task);
    let (fired, link) = fire(&mut task, &first);
    let before = [fired, review];
    let (change, tap) = complete(&task, &before, &link);
    (task, before, change, tap)
}

#[test]
fn undoing_a_completion_restores_its_plan_and_opens_the_review_again() {
    let (task, before, change, tap) = completed_with_plan();
    assert_eq!(change.task.plan, None);
    let after = written(&change, &before);
    assert_eq!(after[1].status, ReminderStatus::Skipped);
    let undone = undone(&tap, &change.task, &after, now().plus(HOUR / 60));
    assert!(task.plan.is_some());
    assert_eq!(undone.task.plan, task.plan);
    let restored = written(&undone, &after);
    assert_eq!((restored[1].status, restored[1].fires_at()), (ReminderStatus::Pending, before[1].fires_at()));
}

/// The task once its review was rated with a tap two days later, the review as it was before and after, and the tap.
fn rated(action: Action, kept: bool) -> (Task, [Reminder; 2], Tap) {
    let (mut task, review) = planned(&dated());
    let (mut fired, link) = fire(&mut task, &review);
    assert_eq!(link.kind, LinkKind::Review);
    let at = now().plus(HOUR * 48);
    let day = local_day(at, &Zone::UTC);
    fired.kept_day = kept.then_some(day);
    let Effect::Rate(change) = action.effect((&task, &fired), &user("UTC"), pressed(at)).unwrap() else {
        panic!("not rated")
    };
    let tap = Tap::of_rating(&link, action, (&task, &fired), &change);
    let PlannedReview::Change(moved) = &change.review else { panic!("{:?}", change.review) };
    let marked = moved.marked(&Zone::UTC);
    assert_eq!(marked.counters.completed, i64::from(!kept));
    assert_eq!(tap.next, Some(marked.reminder.scheduled_at));
    (change.task, [fired, marked.reminder], tap)
}

#[test]
fn undoing_a_rating_restores_the_plan_and_what_it_counted() {
    for (action, kept) in [(Action::Again, false), (Action::Hard, true), (Action::Good, false), (Action::Easy, true)] {
        let (task, [before, after], tap) = rated(action, kept);
        let row = serde_json::to_value(&tap).unwrap();
        assert_eq!(serde_json::from_value::<Tap>(row).unwrap(), tap);
        let at = tap.at.plus(HOUR / 60);
        let Ok(Undo::Rating(change)) = tap.undo(Some(&task), Some(&after), at) else { panic!("refused") };
        assert_eq!((change.task.plan.as_ref().unwrap().reviews, change.task.version), (0, task.version + 1));
        let PlannedReview::Change(restored) = &change.review else { panic!("{:?}", change.review) };
        let marked = restored.marked(&Zone::UTC);
        let version = after.version + 1;
        assert_eq!(marked.reminder, Reminder { version, updated_at: at, ..before }, "it does not fire again");
        assert_eq!((marked.counters.completed, marked.counters.pending), (-i64::from(!kept), 0));
        let taken_back = matches!(marked.completion, Some(CompletionChange::TakeBack(_)));
        assert_eq!(taken_back, !kept, "a completion of that day that was there before stays");

        let others = [Task { version: task.version + 1, ..task.clone() }];
        assert_eq!(tap.undo(others.first(), Some(&after), at).unwrap_err(), UndoRefused::Changed);
        let version = after.version + 1;
        let moved = Reminder { version, plan: version, ..after };
        for reminder in [Some(&moved), None] {
            assert_eq!(tap.undo(Some(&task), reminder, at).unwrap_err(), UndoRefused::Changed);
        }
    }
}

#[test]
fn a_review_that_was_rated_cannot_be_rated_by_its_mail() {
    let (mut task, review) = planned(&dated());
    let (fired, link) = fire(&mut task, &review);
    let early = Action::Good.effect((&task, &fired), &user("UTC"), pressed(now()));
    assert!(matches!(early, Ok(Effect::Rate(_))), "its mail has asked for it: {early:?}");
    let (task, [_, after], _) = rated(Action::Good, false);
    assert_eq!(link.subject(Some(&task), Some(&after)).unwrap_err(), Stale::Reviewed);
    for plan in [planned(&dated()).0.plan, None] {
        let unrated = Task { plan, ..task.clone() };
        assert_eq!(link.subject(Some(&unrated), Some(&after)).unwrap_err(), Stale::Moved);
    }
}

#[test]
fn undoing_an_occurrence_restores_due_date_and_count() {
    let mut task = recurring();
    let first = remind(&mut task, json!({"offsetMinutes": 120}));
    let second = remind(&mut task, json!({"offsetMinutes": 30}));
    let alone = remind(&mut task, json!({"scheduledAt": now().plus(HOUR * 30)}));
    let (fired, link) = fire(&mut task, &first);
    let before = [fired, second, alone];
    let (change, tap) = complete(&task, &before, &link);
    assert_eq!(tap.next, change.task.due_date);
    assert_ne!(change.task.due_date, task.due_date);
    assert_eq!(change.task.recurrence.as_ref().unwrap().taken, 1);
    let after = written(&change, &before);
    let undone = undone(&tap, &change.task, &after, now().plus(HOUR / 60));
    assert_eq!((undone.task.due_date, &undone.task.recurrence), (task.due_date, &task.recurrence));
    assert_eq!(undone.task.version, 3);
    assert!(undone.occurrence.is_none() && undone.notification.is_none());
    let restored = written(&undone, &after);
    assert_eq!((restored[0].status, restored[0].counted), (before[0].status, before[0].counted));
    assert_eq!(restored[0].plan, before[0].plan, "the receipt of its mail still finds it");
    for (restored, before) in restored[1..].iter().zip(&before[1..]) {
        assert_eq!((restored.status, restored.fires_at()), (ReminderStatus::Pending, before.fires_at()));
    }
    assert_eq!(undone.counters.pending + change.counters.pending, 0);
    assert_eq!((undone.counters.completed, change.counters.completed), (0, 0), "what fired stays counted");
}

#[test]
fn a_reminder_that_was_changed_or_added_since_is_not_restored() {
    let mut task = recurring();
    let first = remind(&mut task, json!({"offsetMinutes": 120}));
    let second = remind(&mut task, json!({"scheduledAt": now().plus(HOUR * 30)}));
    let (fired, link) = fire(&mut task, &first);
    let (change, tap) = complete(&task, &[fired.clone(), second.clone()], &link);
    let mut after = written(&change, &[fired, second]);
    let patch: ReminderPatch = parsed_at(json!({"message": "Changed"}), now()).unwrap();
    after[1] = after[1].change(patch, now()).unwrap().next;
    let mut advanced = change.task.clone();
    after.push(remind(&mut advanced, json!({"offsetMinutes": 60})));
    let undone = undone(&tap, &advanced, &after, now());
    let restored = written(&undone, &after);
    assert_eq!(restored[1], after[1]);
    assert_eq!(restored[2].scheduled_at, task.due_date.unwrap().minus(HOUR), "it follows the due date");
}

#[test]
fn the_last_occurrence_is_open_again() {
    let recurrence = json!({"rrule": "FREQ=DAILY;COUNT=1", "anchor": "due"});
    let mut task = task(json!({"title": "Pay rent", "dueDate": now().plus(HOUR), "recurrence": recurrence}));
    let first = remind(&mut task, json!({"offsetMinutes": 30}));
    let (fired, link) = fire(&mut task, &first);
    let (change, tap) = complete(&task, std::slice::from_ref(&fired), &link);
    assert_eq!((change.task.status, tap.next), (TaskStatus::Completed, None));
    let undone = undone(&tap, &change.task, &written(&change, &[fired]), now());
    assert_eq!((undone.task.status, undone.task.due_date), (TaskStatus::Todo, task.due_date));
}

fn snoozed(action: Action, user: &User, at: Timestamp) -> (Reminder, Reminder, Tap) {
    let mut task = dated();
    let reminder = remind(&mut task, json!({"offsetMinutes": 60}));
    let (fired, link) = fire(&mut task, &reminder);
    match action.effect((&task, &fired), user, pressed(at)).unwrap() {
        Effect::Snooze(change) => {
            let tap = Tap::of_snooze(&link, action, &change);
            (fired, change.marked(&Zone::UTC).reminder, tap)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reminder_is_put_off_by_an_hour_or_to_the_next_morning() {
    for (action, zone, at, until) in [
        (Action::InAnHour, "UTC", "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z"),
        (Action::TomorrowMorning, "UTC", "2026-03-02T04:00:00Z", "2026-03-03T05:00:00Z"),
        (Action::TomorrowMorning, "UTC", "2026-03-02T23:59:59Z", "2026-03-03T05:00:00Z"),
        // Its local day is another one.
        (Action::TomorrowMorning, "Asia/Kolkata", "2026-03-02T20:00:00Z", "2026-03-03T23:30:00Z"),
        // The clock is put forward in between.
        (Action::TomorrowMorning, "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T03:00:00Z"),
        // Of 30 December 2011 nothing exists there.
        (Action::TomorrowMorning, "Pacific/Apia", "2011-12-29T20:00:00Z", "2011-12-30T15:00:00Z"),
    ] {
        let (at, until) = (Timestamp::parse(at).unwrap(), Timestamp::parse(until).unwrap());
        let mut user = user(zone);
        user.morning_digest.enabled = false;
        let (_, snoozed, tap) = snoozed(action, &user, at);
        assert_eq!((snoozed.fires_at(), tap.next), (Some(until), Some(until)), "{action:?} {zone}");
    }
}

#[test]
fn undoing_a_snooze_leaves_the_reminder_as_it_fired() {
    let (fired, snoozed, tap) = snoozed(Action::InAnHour, &user("UTC"), now());
    let at = now().plus(HOUR / 60);
    let Ok(Undo::Reminder(change)) = tap.undo(None, Some(&snoozed), at) else { panic!("refused") };
    let marked = change.marked(&Zone::UTC);
    assert_eq!(marked.reminder, Reminder { version: snoozed.version + 1, updated_at: at, ..fired });
    assert_eq!((marked.counters.pending, marked.counters.completed, marked.completion), (-1, 0, None));
}

#[test]
fn a_tap_is_undone_once_within_ten_minutes_and_while_nothing_has_changed() {
    let mut task = dated();
    let reminder = remind(&mut task, json!({"offsetMinutes": 60}));
    let (fired, link) = fire(&mut task, &reminder);
    let (change, tap) = complete(&task, &[fired], &link);
    let last = now().plus(UNDO_VALID - Duration::from_millis(1));
    assert!(tap.undo(Some(&change.task), None, last).is_ok());
    let refused = |tap: &Tap, task: Option<&Task>, at| tap.undo(task, None, at).unwrap_err();
    assert_eq!(refused(&tap, Some(&change.task), now().plus(UNDO_VALID)), UndoRefused::Late);
    assert!(tap.undo_link(last).is_some() && tap.undo_link(now().plus(UNDO_VALID)).is_none());
    let twice = Tap { undone_at: Some(now()), ..tap.clone() };
    assert_eq!(refused(&twice, Some(&change.task), now()), UndoRefused::Twice);
    assert!(twice.undo_link(now()).is_none());
    let edited = Task { version: change.task.version + 1, ..change.task };
    assert_eq!(refused(&tap, Some(&edited), now()), UndoRefused::Changed);
    assert_eq!(refused(&tap, None, now()), UndoRefused::Changed);
    let (_, snoozed, tap) = snoozed(Action::InAnHour, &user("UTC"), now());
    let version = snoozed.version + 1;
    let changed = Reminder { version, plan: version, ..snoozed };
    for reminder in [Some(&changed), None] {
        assert_eq!(tap.undo(None, reminder, now()).unwrap_err(), UndoRefused::Changed);
    }
}

#[test]
fn a_link_ends_with_what_it_is_about() {
    let mut task = recurring();
    let reminder = remind(&mut task, json!({"offsetMinutes": 60}));
    let (fired, link) = fire(&mut task, &reminder);
    assert!(link.subject(Some(&task), Some(&fired)).is_ok());
    let stale = |task: &Task, reminder: &Reminder| link.subject(Some(task), Some(reminder)).unwrap_err();
    let done = Task { recurrence: None, ..task.clone() }.complete(now()).task;
    assert_eq!(stale(&done, &fired), Stale::Completed);
    let next = task.complete(now()).task;
    assert_eq!(stale(&next, &fired), Stale::OtherOccurrence);
    let same_day = Task { due_date: task.due_date, ..next };
    assert_eq!(stale(&same_day, &fired), Stale::OtherOccurrence, "it was completed since");
    let moved = Reminder { plan: fired.plan + 1, ..fired.clone() };
    assert_eq!(stale(&task, &moved), Stale::Moved);
    assert_eq!(link.subject(None, Some(&fired)).unwrap_err(), Stale::Gone);
    assert_eq!(link.subject(Some(&task), None).unwrap_err(), Stale::Gone);
    let by_hand = Reminder { status: ReminderStatus::Skipped, ..fired };
    assert!(Action::Done.effect((&task, &by_hand), &user("UTC"), pressed(now())).is_ok());
    let put_off = Action::InAnHour.effect((&task, &by_hand), &user("UTC"), pressed(now()));
    assert_eq!(put_off.unwrap_err(), Stale::NotOpen);
}

#[test]
fn every_action_is_offered_by_some_link_and_undo_by_its_own() {
    let kinds = [LinkKind::Reminder, LinkKind::Review, LinkKind::Undo];
    for word in Action::WORDS {
        let action = Action::from_word(word).unwrap();
        assert!(kinds.iter().any(|kind| kind.offers(Button::Act(action))), "{word}");
        assert_eq!(Button::read("Action", &json!(word)).unwrap(), Button::Act(action));
    }
    assert_eq!(Button::read("Action", &json!(" UNDO ")).unwrap(), Button::Undo);
    assert!(LinkKind::Undo.offers(Button::Undo) && !LinkKind::Reminder.offers(Button::Undo));
    assert!(Button::read("Action", &json!("delete")).is_err() && Button::read("Action", &json!(["done"])).is_err());
}

#[test]
fn a_tap_is_kept_until_no_undo_of_it_is_possible() {
    let (_, _, tap) = snoozed(Action::InAnHour, &user("UTC"), now());
    assert_eq!(tap.expires_at(), now().plus(LINK_VALID + UNDO_VALID));
    let row = serde_json::to_value(&tap).unwrap();
    assert_eq!(serde_json::from_value::<Tap>(row).unwrap(), tap);
}

#[test]
fn what_a_digest_told_since_is_restored_and_a_plan_whose_review_is_gone_has_ended() {
    let (task, before, change, tap) = completed_with_plan();
    let mut after = written(&change, &before);
    after[1] = Reminder { version: after[1].version + 1, morning_email_sent: true, ..after[1].clone() };
    let told = undone(&tap, &change.task, &after, now());
    let restored = written(&told, &after)[1].clone();
    assert_eq!((restored.fires_at(), restored.morning_email_sent), (before[1].fires_at(), true));
    assert_eq!(told.task.plan, task.plan);

    let mut without = change.task.clone();
    without.reminders.remove(&after[1].id);
    let gone = undone(&tap, &without, &after[..1], now());
    assert_eq!((gone.task.status, gone.task.plan), (TaskStatus::Todo, None));
}

#[test]
fn a_reminder_is_as_it_was_left_until_it_is_moved_fires_is_completed_or_has_other_words() {
    let mut task = dated();
    let before = remind(&mut task, json!({"offsetMinutes": 60}));
    let left = before.snooze(Snooze::Until(now().plus(HOUR)), now()).unwrap().next;
    assert!(left.is_as_left_after(&before));
    let changed = |body| left.change(parsed_at(body, now()).unwrap(), now()).unwrap().next;
    let others = [
        left.snooze(Snooze::Until(now().plus(HOUR * 2)), now()).unwrap().next,
        left.fire(now().plus(HOUR)).next,
        changed(json!({"status": "completed"})),
        changed(json!({"message": "Changed"})),
        changed(json!({"leadMinutes": 5})),
        Reminder { id: ReminderId::new(), ..left.clone() },
    ];
    for other in others {
        assert!(!other.is_as_left_after(&before), "{other:?}");
    }
}
