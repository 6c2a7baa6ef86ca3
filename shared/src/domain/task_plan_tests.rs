use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::body::testing::parsed;
use crate::domain::completion::CompletionChange;
use crate::domain::email::Email;
use crate::domain::field::Field;
use crate::domain::fsrs::Rating;
use crate::domain::password::PasswordHash;
use crate::domain::reminder::{ReminderPatch, ReminderStatus};
use crate::domain::review_plan::PlanOut;
use crate::domain::snooze::Snooze;
use crate::domain::task::TaskPatch;
use crate::domain::user::PersonName;
use crate::domain::zone::Zone;

const HOUR: Duration = Duration::from_secs(3600);
const RATINGS: [Rating; 4] = [Rating::Again, Rating::Hard, Rating::Good, Rating::Easy];

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A Monday morning in Berlin.
fn now() -> Timestamp {
    at("2026-03-02T09:00:00Z")
}

fn user(zone: &str) -> User {
    let name = PersonName::read("Name", &json!("Asha")).unwrap();
    let hash = PasswordHash::from_phc(String::new());
    User::register(name, Email::parse("a@b.c").unwrap(), hash, Zone::parse(zone).unwrap(), now())
}

fn task(user: &User) -> Task {
    Task::new(user.id, parsed(json!({"title": "Verbs"})).unwrap(), &Zone::UTC, now()).unwrap()
}

fn plan(body: Value) -> PlanInput {
    parsed(body).unwrap()
}

fn fixed(days: &[u32]) -> PlanInput {
    plan(json!({"kind": "fixed", "days": days}))
}

/// A task with a plan, and its open review.
#[derive(Clone, Debug)]
struct Planned {
    user: User,
    task: Task,
    review: Reminder,
}

impl Planned {
    fn new(user: User, input: PlanInput) -> Self {
        let task = task(&user);
        let change = task.set_plan(input, None, &user, now()).unwrap();
        let PlannedReview::Open(review) = change.review else { panic!("no review: {:?}", change.review) };
        assert_eq!(change.counters.pending, 1);
        Self { user, task: change.task, review: *review }
    }

    fn of(input: PlanInput) -> Self {
        Self::new(user("Europe/Berlin"), input)
    }

    fn input(rating: Rating, at: Timestamp, plan: Option<&ReviewPlan>) -> RatingInput {
        RatingInput { rating, at, received_at: at, written_at: at, seen: plan.map_or(0, |plan| plan.reviews) }
    }

    fn rate(&self, rating: Rating, at: Timestamp) -> Result<Self, NotRatable> {
        let input = Self::input(rating, at, self.task.plan.as_ref());
        Ok(self.after(&self.task.rate(&self.review, input, &self.user)?))
    }

    fn set(&self, input: PlanInput, at: Timestamp) -> Self {
        self.after(&self.task.set_plan(input, Some(&self.review), &self.user, at).unwrap())
    }

    /// What is stored after a change.
    fn after(&self, change: &PlanChange) -> Self {
        let review = match &change.review {
            PlannedReview::Change(change) => change.marked(&self.user.timezone).reminder,
            PlannedReview::Keep => self.review.clone(),
            other => panic!("{other:?}"),
        };
        Self { user: self.user.clone(), task: change.task.clone(), review }
    }

    fn out(&self) -> PlanOut {
        PlanOut::new(self.task.plan.clone().unwrap(), self.task.next_review())
    }

    fn day(&self) -> Date {
        self.review.review.unwrap().day
    }

    /// Exactly one review is open, at the time that the task shows.
    fn assert_consistent(&self) {
        let pending: Vec<_> = self.task.pending_reminders().collect();
        assert_eq!(pending, [self.review.id]);
        assert_eq!(self.task.plan.as_ref().unwrap().reminder_id, self.review.id);
        assert_eq!(self.task.next_review(), Some(self.review.scheduled_at));
    }
}

#[test]
fn the_first_review_of_a_list_is_its_first_interval_away_and_that_of_the_model_on_the_next_day() {
    let list = Planned::of(fixed(&[3, 7]));
    assert_eq!(list.review.scheduled_at, at("2026-03-05T04:00:00Z"));
    assert_eq!((list.review.fires_at(), list.task.version), (Some(at("2026-03-05T04:00:00Z")), 2));
    let model = Planned::of(plan(json!({"kind": "fsrs", "time": "18:30"})));
    assert_eq!(model.review.scheduled_at, at("2026-03-03T17:30:00Z"));
    assert!(list.review.follows_digest() && !model.review.follows_digest());
    list.assert_consistent();
}

#[test]
fn a_list_goes_back_stays_goes_on_and_skips_one_and_the_last_interval_repeats() {
    let start = Planned::of(fixed(&[2, 5, 9]));
    let on = |planned: &Planned, rating, day: Date| {
        let at = Timestamp::at_local(day.at(12, 0, 0, 0), planned.user.timezone.rules()).unwrap();
        planned.rate(rating, at).unwrap()
    };
    let days = |planned: &Planned, rating| {
        let day = planned.day();
        let next = on(planned, rating, day);
        (day.until(next.day()).unwrap().get_days(), next.out().step.unwrap())
    };
    assert_eq!(RATINGS.map(|rating| days(&start, rating)), [(2, 0), (2, 0), (5, 1), (9, 2)]);
    let second = on(&start, Rating::Good, start.day());
    assert_eq!(RATINGS.map(|rating| days(&second, rating)), [(2, 0), (5, 1), (9, 2), (9, 2)]);
    let last = on(&second, Rating::Easy, second.day());
    assert_eq!(RATINGS.map(|rating| days(&last, rating)), [(2, 0), (9, 2), (9, 2), (9, 2)]);
    // A late rating counts from the day on which it is given.
    let late = on(&start, Rating::Good, start.day().checked_add(10.days()).unwrap());
    assert_eq!(late.day(), date(2026, 3, 4).checked_add(15.days()).unwrap());
    assert_eq!((late.out().reviews, late.out().last_rating), (1, Some(Rating::Good)));
}

#[test]
fn the_model_counts_the_whole_local_days_that_passed() {
    let new = Planned::of(plan(json!({"kind": "fsrs"})));
    // Late in the evening in Berlin, and the next day in UTC.
    let first = new.rate(Rating::Good, at("2026-03-03T22:59:00Z")).unwrap();
    let state = crate::domain::fsrs::MemoryState::first(Rating::Good);
    assert_eq!((first.out().stability, first.day()), (Some(state.stability), date(2026, 3, 5)));
    let late = first.rate(Rating::Good, at("2026-03-10T23:01:00Z")).unwrap();
    let after = state.after(Rating::Good, 8);
    assert_eq!((late.out().stability, late.out().difficulty), (Some(after.stability), Some(after.difficulty)));
}

#[test]
fn before_its_local_day_it_is_not_rated_and_from_midnight_on_it_is() {
    let planned = Planned::of(fixed(&[1]));
    for (instant, is_open) in [
        ("2026-03-02T09:00:01Z", false),
        ("2026-03-02T22:59:59.999Z", false),
        ("2026-03-02T23:00:00Z", true),
        ("2026-03-09T00:00:00Z", true),
    ] {
        assert_eq!(planned.rate(Rating::Good, at(instant)).is_ok(), is_open, "{instant}");
    }
    let ahead_of_its_mail = planned.rate(Rating::Good, at("2026-03-02T23:00:00Z")).unwrap();
    assert_eq!(ahead_of_its_mail.review.scheduled_at, at("2026-03-04T04:00:00Z"));
    assert!(ahead_of_its_mail.rate(Rating::Good, at("2026-03-02T23:00:05Z")).is_err());
}

#[test]
fn whose_mail_has_asked_for_a_rating_is_rated_before_its_day_too() {
    let planned = Planned::of(fixed(&[7]));
    let now = now();
    let soon = planned.review.snooze(Snooze::Until(now.plus(HOUR)), now).unwrap().marked(&planned.user.timezone);
    let snoozed = Planned { review: soon.reminder, ..planned };
    assert!(snoozed.rate(Rating::Good, now.plus(HOUR)).is_err(), "its mail has not left");
    let fired = snoozed.review.fire(now.plus(HOUR)).marked(&snoozed.user.timezone).reminder;
    let rated = Planned { review: fired, ..snoozed }.rate(Rating::Good, now.plus(HOUR * 2)).unwrap();
    assert_eq!(rated.day(), local_day(now, &rated.user.timezone).checked_add(7.days()).unwrap());
    rated.assert_consistent();
}

#[test]
fn a_review_that_was_cancelled_is_opened_again_by_the_same_plan() {
    let planned = Planned::of(fixed(&[1]));
    let at = planned.review.scheduled_at.plus(HOUR);
    let cancelled = planned.review.cancel(at, "its task was completed").next;
    let again = Planned { review: cancelled, ..planned }.set(fixed(&[1, 2]), at);
    assert!(again.review.fires_at().is_some());
    again.assert_consistent();
}

#[test]
fn a_missed_review_fires_once_and_waits() {
    let planned = Planned::of(fixed(&[1]));
    let fired = planned.review.fire(planned.review.scheduled_at).marked(&planned.user.timezone);
    assert_eq!((fired.reminder.status, fired.reminder.fires_at()), (ReminderStatus::Pending, None));
    assert_eq!((fired.counters.is_empty(), fired.completion), (true, None));
    let waiting = Planned { review: fired.reminder, ..planned };
    let rated = waiting.rate(Rating::Good, at("2026-03-20T12:00:00Z")).unwrap();
    assert_eq!(rated.review.fires_at(), Some(at("2026-03-21T04:00:00Z")));
    rated.assert_consistent();
}

#[test]
fn a_rating_counts_once_on_its_local_day_and_the_review_stays_pending() {
    let planned = Planned::of(fixed(&[1, 3]));
    let rate = |review: &Reminder, instant| {
        let input = Planned::input(Rating::Good, at(instant), planned.task.plan.as_ref());
        let change = planned.task.rate(review, input, &planned.user).unwrap();
        let PlannedReview::Change(change) = change.review else { panic!("it stays") };
        change.marked(&Zone::UTC)
    };
    let marked = rate(&planned.review, "2026-03-04T22:30:00Z");
    let Some(CompletionChange::Count(completion)) = marked.completion else { panic!("{:?}", marked.completion) };
    assert_eq!((completion.day, completion.reminder_id), (date(2026, 3, 4), planned.review.id));
    assert_eq!((marked.counters.pending, marked.counters.completed), (0, 1));
    assert_eq!(marked.reminder.kept_day, Some(date(2026, 3, 4)));
    // Moved to the same day and rated again, it counts no second time; on another day it does.
    let again = Reminder { review: planned.review.review, ..marked.reminder };
    assert!(rate(&again, "2026-03-04T22:40:00Z").counters.is_empty());
    assert_eq!(rate(&again, "2026-03-04T23:10:00Z").counters.completed, 1);
}

#[test]
fn of_two_ratings_at_once_the_first_counts() {
    let before = Planned::of(fixed(&[1, 3]));
    let (first, second) = (at("2026-03-03T10:00:00Z"), at("2026-03-03T10:00:00.010Z"));
    let written_at = at("2026-03-03T10:00:00.020Z");
    let input = RatingInput { rating: Rating::Good, at: first, received_at: first, written_at, seen: 0 };
    let after = before.after(&before.task.rate(&before.review, input, &before.user).unwrap());
    let rate = |rating, received_at, seen| {
        let at = written_at.plus(HOUR);
        let input = RatingInput { rating, at, received_at, written_at: at, seen };
        after.task.rate(&after.review, input, &after.user)
    };
    // It read the review before the first was written, or came before that and read it afterwards.
    for (at, seen) in [(written_at.plus(HOUR), 0), (second, 1)] {
        let equal = rate(Rating::Good, at, seen).unwrap();
        assert!(matches!(equal.review, PlannedReview::Keep));
        assert_eq!(equal.task.version, after.task.version);
        assert_eq!(rate(Rating::Hard, at, seen).unwrap_err(), NotRatable);
    }
    assert_eq!(rate(Rating::Good, written_at.plus(HOUR), 1).unwrap_err(), NotRatable, "not at once");
}

#[test]
fn what_is_no_open_review_of_the_plan_is_not_rated() {
    let planned = Planned::of(fixed(&[1]));
    let later = at("2026-03-05T12:00:00Z");
    let other = Planned { review: Reminder { id: ReminderId::new(), ..planned.review.clone() }, ..planned.clone() };
    assert!(other.rate(Rating::Good, later).is_err());
    let ended = Planned { task: planned.task.end_plan(now()).unwrap().task, ..planned.clone() };
    assert!(ended.rate(Rating::Good, later).is_err());
    let skipped = Planned { review: planned.review.cancel(now(), "over").next, ..planned };
    assert!(skipped.rate(Rating::Good, later).is_err());
}

#[test]
fn a_completed_or_recurring_task_gets_no_plan_and_one_with_a_plan_no_rule() {
    let owner = user("UTC");
    let done = task(&owner).change(parsed(json!({"status": "completed"})).unwrap(), &Zone::UTC, now()).unwrap().task;
    assert_eq!(done.set_plan(fixed(&[1]), None, &owner, now()).unwrap_err(), NoPlan::Completed);
    let rule = json!({"dueDate": "2026-04-01", "recurrence": {"rrule": "FREQ=DAILY", "anchor": "due"}});
    let recurring = task(&owner).change(parsed(rule.clone()).unwrap(), &Zone::UTC, now()).unwrap().task;
    assert_eq!(recurring.set_plan(fixed(&[1]), None, &owner, now()).unwrap_err(), NoPlan::Recurs);
    let planned = Planned::of(fixed(&[1]));
    let change = planned.task.change(parsed(rule).unwrap(), &Zone::UTC, now()).unwrap();
    assert_eq!(planned.task.require_no_plan(&change), Err(PlanExists));
    let renamed = planned.task.change(parsed(json!({"title": "Nouns"})).unwrap(), &Zone::UTC, now()).unwrap();
    assert_eq!((planned.task.require_no_plan(&renamed), renamed.task.plan.is_some()), (Ok(()), true));
}

#[test]
fn completing_the_task_ends_the_plan_and_reopening_it_does_not_begin_it_again() {
    let planned = Planned::of(fixed(&[1]));
    let to = |status: &str| parsed::<TaskPatch>(json!({"status": status})).unwrap();
    let done = planned.task.change(to("completed"), &Zone::UTC, now()).unwrap();
    assert_eq!((&done.task.plan, done.cancelled.as_slice()), (&None, &[planned.review.id][..]));
    assert_eq!(done.task.reminders[&planned.review.id].status, ReminderStatus::Skipped);
    assert_eq!(done.task.change(to("todo"), &Zone::UTC, now()).unwrap().task.plan, None);
}

#[test]
fn ending_the_plan_takes_its_review_out_of_the_task_and_the_counters() {
    let planned = Planned::of(fixed(&[1]));
    let end = planned.task.end_plan(now()).unwrap();
    assert!(matches!(end.review, PlannedReview::Close(id) if id == planned.review.id));
    assert_eq!((end.counters.pending, end.task.reminders.len(), end.task.version), (-1, 0, 3));
    assert!(end.task.end_plan(now()).is_none());
}

#[test]
fn the_same_settings_change_nothing() {
    let list = Planned::of(plan(json!({"kind": "fixed", "days": [1, 3], "time": "07:00"})));
    let model = Planned::of(plan(json!({"kind": "fsrs", "retention": 0.8})));
    for (planned, same) in [
        (&list, json!({"kind": "fixed", "days": [1, 3], "time": "07:00"})),
        (&list, json!({"kind": "fixed", "days": [1, 3]})),
        (&model, json!({"kind": "fsrs", "retention": 0.8, "time": null})),
        (&model, json!({"kind": "fsrs"})),
    ] {
        let change = planned.task.set_plan(plan(same.clone()), Some(&planned.review), &planned.user, now()).unwrap();
        assert!(matches!(change.review, PlannedReview::Keep), "{same}");
        assert_eq!(change.task.version, planned.task.version);
    }
}

#[test]
fn other_settings_keep_the_progress_and_plan_the_open_review_again() {
    let planned = Planned::of(fixed(&[1, 3, 30])).rate(Rating::Easy, at("2026-03-03T12:00:00Z")).unwrap();
    assert_eq!(planned.day(), date(2026, 4, 2));
    let changed =
        planned.set(plan(json!({"kind": "fixed", "days": [1, 10], "time": "20:15"})), at("2026-03-04T12:00:00Z"));
    assert_eq!(changed.review.scheduled_at, at("2026-03-13T19:15:00Z"));
    assert_eq!((changed.out().step, changed.out().reviews, changed.review.id), (Some(1), 1, planned.review.id));
    // The time goes, and comes from the digest again.
    let follows = changed.set(plan(json!({"kind": "fixed", "days": [1, 10], "time": ""})), at("2026-03-04T12:00:00Z"));
    assert_eq!(follows.review.scheduled_at, at("2026-03-13T04:00:00Z"));
    assert!(follows.review.follows_digest());
    // An interval that has passed opens the review now.
    let sooner = planned.set(fixed(&[2]), at("2026-03-20T12:00:00Z"));
    assert_eq!(sooner.review.fires_at(), Some(at("2026-03-20T12:00:00Z")));
    assert_eq!(sooner.day(), date(2026, 3, 20));
    sooner.assert_consistent();
}

#[test]
fn a_review_that_waits_keeps_its_time_unless_it_moves_to_a_day_ahead() {
    let planned = Planned::of(fixed(&[1]));
    let fired = planned.review.fire(planned.review.scheduled_at).marked(&planned.user.timezone).reminder;
    let waiting = Planned { review: fired, ..planned };
    let later = at("2026-03-03T12:00:00Z");
    let other_time = waiting.set(plan(json!({"kind": "fixed", "days": [1], "time": "20:00"})), later);
    assert_eq!((&other_time.review, other_time.task.version), (&waiting.review, 3));
    let ahead = waiting.set(fixed(&[9]), later);
    assert_eq!((ahead.day(), ahead.review.fires_at()), (date(2026, 3, 11), Some(at("2026-03-11T04:00:00Z"))));
    assert!(ahead.rate(Rating::Good, later).is_err());
}

#[test]
fn another_kind_starts_anew_with_the_same_reminder() {
    let planned = Planned::of(fixed(&[1, 3])).rate(Rating::Good, at("2026-03-03T12:00:00Z")).unwrap();
    let model = planned.set(plan(json!({"kind": "fsrs"})), at("2026-03-04T12:00:00Z"));
    assert_eq!((model.day(), model.review.id), (date(2026, 3, 5), planned.review.id));
    assert_eq!((model.out().reviews, model.out().last_review, model.out().stability), (0, None, None));
    model.assert_consistent();
}

#[test]
fn a_review_without_a_time_of_its_own_follows_the_digest_and_the_zone() {
    let planned = Planned::of(fixed(&[3]));
    let settings = |zone: &str, time: &str| {
        let body = json!({"timezone": zone, "morning_digest": {"time": time}});
        planned.user.change(parsed(body).unwrap(), now()).user
    };
    assert_eq!(planned.review.follow_digest(&settings("Europe/Berlin", "05:00"), now()).map(|it| it.next), None);
    for (zone, time, expected) in [
        ("Europe/Berlin", "19:00", "2026-03-05T18:00:00Z"),
        ("Asia/Kolkata", "05:00", "2026-03-04T23:30:00Z"),
        ("America/New_York", "23:59", "2026-03-06T04:59:00Z"),
    ] {
        let moved = planned.review.follow_digest(&settings(zone, time), now()).unwrap().next;
        assert_eq!(moved.fires_at(), Some(at(expected)), "{zone} {time}");
        assert_eq!((moved.plan, moved.review), (2, planned.review.review));
    }
    // Its new time has passed: it opens now. Its old one has come: it is not called back, unless it is ahead again.
    let this_morning = at("2026-03-05T03:30:00Z");
    let moved = planned.review.follow_digest(&settings("Europe/Berlin", "03:00"), this_morning).unwrap().next;
    assert_eq!(moved.fires_at(), Some(this_morning));
    let its_time = at("2026-03-05T04:00:00Z");
    assert!(planned.review.follow_digest(&settings("Europe/Berlin", "03:00"), its_time).is_none());
    assert!(planned.review.follow_digest(&settings("Europe/Berlin", "08:00"), its_time).is_some());
}

#[test]
fn a_review_that_was_moved_put_off_or_sent_does_not_follow() {
    let planned = Planned::of(fixed(&[3]));
    let moved = ReminderPatch { scheduled_at: Some(now().plus(HOUR)), ..ReminderPatch::default() };
    let moved = planned.review.change(moved, now()).unwrap().marked(&planned.user.timezone).reminder;
    assert_eq!((moved.review.unwrap().day, moved.follows_digest()), (date(2026, 3, 2), false));
    assert!(Planned { review: moved, ..planned.clone() }.rate(Rating::Good, now()).is_ok());
    let put_off = planned.review.snooze(Snooze::Until(now().plus(HOUR)), now()).unwrap().next;
    assert!(!put_off.follows_digest());
    // It can be rated from its own day on, whenever its mail leaves.
    assert_eq!(put_off.review, planned.review.review);
    assert!(!planned.review.fire(now()).next.follows_digest());
}

#[test]
fn only_its_time_and_its_message_change_by_hand() {
    let planned = Planned::of(fixed(&[3]));
    let change = |body: Value| planned.review.change(parsed(body).unwrap(), now());
    let whole = json!({
        "scheduledAt": planned.review.scheduled_at, "type": "email", "status": "pending", "leadMinutes": 0, "offsetMinutes": null,
    });
    assert!(change(whole).unwrap().is_empty());
    let message = change(json!({"message": "Aloud"})).unwrap().next;
    assert_eq!((message.fires_at(), message.follows_digest()), (planned.review.fires_at(), true));
    let bad = json!({
        "scheduledAt": "2020-01-01T00:00:00Z", "type": "push", "status": "completed", "leadMinutes": 5, "offsetMinutes": 5,
    });
    let fields: Vec<_> = change(bad).unwrap_err().into_iter().map(|error| error.field).collect();
    assert_eq!(fields, ["offsetMinutes", "leadMinutes", "type", "status", "scheduledAt"]);
}

#[test]
fn a_body_names_every_bad_field() {
    let errors = |body: Value| -> Vec<String> {
        parsed::<PlanInput>(body).unwrap_err().into_iter().map(|error| error.message).collect()
    };
    assert_eq!(errors(json!({})), ["Kind is required"]);
    assert_eq!(errors(json!({"kind": "fixed"})), ["Days is required"]);
    assert_eq!(errors(json!({"kind": "fixed", "days": null})), ["Days is required"]);
    let bad = json!({"kind": "sm2", "days": [], "retention": 1, "time": "5:00"});
    assert_eq!(
        errors(bad),
        [
            "Kind must be one of fixed, fsrs",
            "Days must be a list of 1 to 30 numbers",
            "Retention must be between 0.7 and 0.97",
            "Time must be HH:MM",
        ]
    );
    let whole = "Days must be whole numbers between 1 and 3650";
    for days in [json!([0]), json!([3651]), json!([1.5]), json!(["1"]), json!([null]), json!([1, -1]), json!([[1]])] {
        assert_eq!(errors(json!({"kind": "fixed", "days": days})), [whole], "{days}");
    }
    for days in [json!(vec![1; 31]), json!("1,3"), json!({"0": 1}), json!(3)] {
        assert_eq!(
            errors(json!({"kind": "fixed", "days": days})),
            ["Days must be a list of 1 to 30 numbers"],
            "{days}"
        );
    }
    for good in [json!([1]), json!(vec![3650; 30]), json!([5, 1, 5.0])] {
        assert!(parsed::<PlanInput>(json!({"kind": "FIXED", "days": good})).is_ok());
    }
}

#[test]
fn a_stored_plan_is_read_as_it_was() {
    for input in [fixed(&[1, 3]), plan(json!({"kind": "fsrs", "time": "07:45", "retention": 0.85}))] {
        let planned = Planned::of(input).rate(Rating::Hard, at("2026-03-03T12:00:00Z")).unwrap();
        let row = serde_json::to_value(&planned.task).unwrap();
        let read: Task = serde_json::from_value(row).unwrap();
        assert_eq!(read.plan, planned.task.plan);
    }
}

fn any_plan() -> impl Strategy<Value = PlanInput> {
    let time = prop::option::of((0_u32..24, 0_u32..60).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}")));
    let method = prop_oneof![
        prop::collection::vec(1_u32..=3650, 1..=30).prop_map(|days| json!({"kind": "fixed", "days": days})),
        (0.7_f64..=0.97).prop_map(|retention| json!({"kind": "fsrs", "retention": retention})),
    ];
    (method, time).prop_map(|(mut body, time)| {
        body["time"] = json!(time);
        plan(body)
    })
}

/// What a user does with a plan, so many hours later.
#[derive(Clone, Debug)]
enum Step {
    Rate(Rating),
    Set(PlanInput),
    Fire,
    Snooze,
    Move,
}

fn any_step() -> impl Strategy<Value = (u32, Step)> {
    let step = prop_oneof![
        4 => prop::sample::select(RATINGS.to_vec()).prop_map(Step::Rate),
        1 => any_plan().prop_map(Step::Set),
        2 => Just(Step::Fire),
        1 => Just(Step::Snooze),
        1 => Just(Step::Move),
    ];
    (0_u32..2000, step)
}

fn any_zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "Asia/Kolkata",
        "America/New_York",
        "Pacific/Apia",
        "Pacific/Kiritimati",
        "Australia/Lord_Howe",
        "Africa/Cairo",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_one_review_is_open_and_none_is_planned_in_the_past(
        zone in any_zone(), input in any_plan(), steps in prop::collection::vec(any_step(), 1..12),
    ) {
        let mut planned = Planned::new(user(zone), input);
        let mut now = now();
        for (hours, step) in steps {
            now = now.plus(HOUR * hours);
            let before = planned.clone();
            match step {
                Step::Rate(rating) => match planned.rate(rating, now) {
                    Ok(rated) => {
                        planned = rated;
                        prop_assert!(planned.review.scheduled_at > now);
                        let today = local_day(now, &planned.user.timezone);
                        prop_assert!(planned.day() > today, "{:?} on {today}", planned.review);
                        prop_assert!(planned.rate(rating, now.plus(Duration::from_millis(1))).is_err());
                    }
                    Err(NotRatable) => {
                        let today = local_day(now, &planned.user.timezone);
                        prop_assert!(planned.day() > today, "{:?} on {today}", planned.review);
                    }
                },
                Step::Set(input) => {
                    planned = planned.set(input, now);
                    prop_assert!(planned.review == before.review || planned.review.scheduled_at >= now);
                }
                Step::Fire => {
                    if planned.review.fires_at().is_some_and(|at| at <= now) {
                        planned.review = planned.review.fire(now).marked(&planned.user.timezone).reminder;
                        prop_assert_eq!(planned.review.fires_at(), None);
                    }
                }
                Step::Snooze => {
                    let snoozed = planned.review.snooze(Snooze::Until(now.plus(HOUR)), now).unwrap();
                    planned.review = snoozed.marked(&planned.user.timezone).reminder;
                    planned.task.reminders.insert(planned.review.id, ReminderCard::from(&planned.review));
                }
                Step::Move => {
                    let to = ReminderPatch { scheduled_at: Some(now.plus(HOUR * 50)), ..ReminderPatch::default() };
                    planned.review = planned.review.change(to, now).unwrap().marked(&planned.user.timezone).reminder;
                    planned.task.reminders.insert(planned.review.id, ReminderCard::from(&planned.review));
                }
            }
            planned.assert_consistent();
        }
    }

    #[test]
    fn good_ratings_in_time_never_bring_reviews_closer_together(
        zone in any_zone(), retention in 0.7_f64..=0.97, first in prop::sample::select(RATINGS.to_vec()),
        mut days in prop::collection::vec(1_u32..=400, 1..=30), is_model in any::<bool>(),
    ) {
        days.sort_unstable();
        let input = if is_model { plan(json!({"kind": "fsrs", "retention": retention})) } else { fixed(&days) };
        let mut planned = Planned::new(user(zone), input);
        planned = planned.rate(first, planned.review.scheduled_at).unwrap();
        let mut last = 0;
        for _ in 0..20 {
            let day = local_day(planned.review.scheduled_at, &planned.user.timezone);
            planned = planned.rate(Rating::Good, planned.review.scheduled_at).unwrap();
            let interval = day.until(planned.day()).unwrap().get_days();
            prop_assert!(interval >= last, "{interval} after {last}");
            last = interval;
        }
    }
}
