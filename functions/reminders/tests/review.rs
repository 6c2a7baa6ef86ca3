//! Reviews against the table: while they fire, while they are rated, and when what they follow changes.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use reminders::{digest, fire};
use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::domain::counters::local_day;
use shared::domain::fsrs::Rating;
use shared::domain::reminder::{Reminder, ReminderStatus};
use shared::domain::task::Task;
use shared::domain::task_plan::RatingInput;
use shared::domain::zone::Zone;
use shared::id::ReminderId;
use shared::messages::{DigestCause, FireReminder, SendDigest};
use shared::store::counters::DaySnapshot;
use shared::store::replay::Mode;
use shared::store::{Permit, Refusal, WriteError};
use test_support::{World, clock, parsed};

const HOUR: Duration = Duration::from_secs(3600);
/// Tries against the other side of a race.
const TRIES: usize = 20;

fn message(reminder: &Reminder) -> FireReminder {
    FireReminder { user_id: reminder.user_id, reminder_id: reminder.id, task_id: reminder.task_id, plan: reminder.plan }
}

/// A verified user with a planned task.
async fn world(plan: Value) -> (World, Task, Reminder) {
    let world = World::new().await;
    world.verify().await;
    let task = world.task(json!({"title": "Irregular verbs"})).await;
    let review = set_plan(&world, &task, plan, clock::now()).await;
    (world, task, review)
}

async fn task_now(world: &World, task: &Task) -> Task {
    world.store.task(world.user.id, task.id).await.unwrap().unwrap().task
}

async fn now_of(world: &World, review: ReminderId) -> Option<Reminder> {
    world.store.reminder(world.user.id, review).await.unwrap()
}

/// Plans as the route does.
async fn set_plan(world: &World, task: &Task, plan: Value, now: Timestamp) -> Reminder {
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    let present = row.task.plan.as_ref().map(|plan| plan.reminder_id);
    let (user, open) = world.store.user_and_reminder(world.user.id, present).await.unwrap();
    let change = row.task.set_plan(parsed(plan, now), open.as_ref(), &user.unwrap(), now).unwrap();
    world.store.change_plan(&world.permit(), &row, &change, &DaySnapshot::default()).await.unwrap();
    now_of(world, change.task.plan.unwrap().reminder_id).await.unwrap()
}

/// Rates as the route does. `false` where the review is not open.
async fn rate(world: &World, review: ReminderId, rating: Rating, at: Timestamp) -> bool {
    let mut seen = None;
    for _ in 0..TRIES {
        let Some(found) = world.store.review_to_rate(world.user.id, review, at).await.unwrap() else { return false };
        let Some(row) = world.store.task(world.user.id, found.reminder.task_id).await.unwrap() else { return false };
        let reviews = row.task.plan.as_ref().map(|plan| plan.reviews).unwrap_or_default();
        let seen = *seen.get_or_insert(reviews);
        let written_at = at.plus(Duration::from_millis(1));
        let input = RatingInput { rating, at, received_at: at, written_at, seen };
        let Ok(change) = row.task.rate(&found.reminder, input, &found.user) else { return false };
        match world.store.change_plan(&world.permit(), &row, &change, &found.days).await {
            Ok(()) => return true,
            Err(WriteError::Refused(Refusal::TaskChanged | Refusal::ReminderChanged | Refusal::DaysChanged)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("never let through")
}

async fn fire_at(world: &World, message: FireReminder, at: Timestamp) {
    fire::handle(&world.store, &Permit::of_system(), message, at).await.unwrap();
}

/// Review mails so far.
async fn mails(world: &World) -> usize {
    // Two of them are the registration's.
    world.count("MAIL#").await - 2
}

async fn completed(world: &World) -> usize {
    world.store.totals(world.user.id, clock::now()).await.unwrap().unwrap().0.completed as usize
}

async fn assert_counted(world: &World) {
    let replay = world.store.replay(&Permit::of_system(), world.user.id, Mode::Compare, clock::now()).await;
    let replay = replay.unwrap().unwrap();
    assert!(replay.is_clean(), "{replay:?}");
}

/// One review is open, where the task says.
async fn assert_one_open(world: &World, task: &Task) {
    let task = task_now(world, task).await;
    let [review] = task.pending_reminders().collect::<Vec<_>>()[..] else { panic!("{:?}", task.reminders) };
    assert_eq!(now_of(world, review).await.unwrap().scheduled_at, task.next_review().unwrap());
}

#[tokio::test]
async fn it_fires_once_and_waits_for_its_rating_however_often_its_message_comes() {
    let (world, task, review) = world(json!({"kind": "fixed", "days": [1]})).await;
    let its_time = review.fires_at().unwrap();
    for late in [Duration::ZERO, HOUR, HOUR * 200] {
        fire_at(&world, message(&review), its_time.plus(late)).await;
    }
    let waiting = now_of(&world, review.id).await.unwrap();
    assert_eq!((waiting.status, waiting.fires_at(), mails(&world).await), (ReminderStatus::Pending, None, 1));
    assert_eq!((completed(&world).await, world.count("DONE#").await), (0, 0));
    assert_one_open(&world, &task).await;
    assert_counted(&world).await;
    // Rated days later, the next one fires for itself.
    let rated_at = its_time.plus(HOUR * 100);
    assert!(rate(&world, review.id, Rating::Good, rated_at).await);
    let next = now_of(&world, review.id).await.unwrap();
    assert_eq!(next.review.unwrap().day, local_day(rated_at, &world.user.timezone).tomorrow().unwrap());
    fire_at(&world, message(&review), next.fires_at().unwrap()).await;
    assert_eq!(mails(&world).await, 1, "the old plan");
    fire_at(&world, message(&next), next.fires_at().unwrap()).await;
    assert_eq!((mails(&world).await, completed(&world).await), (2, 1));
    assert_counted(&world).await;
}

#[tokio::test]
async fn while_it_fires_it_is_rated_and_at_most_one_mail_leaves() {
    for _ in 0..6 {
        let (world, task, review) = world(json!({"kind": "fixed", "days": [1, 5]})).await;
        let its_time = review.fires_at().unwrap();
        let (_, rated) = futures::join!(
            fire_at(&world, message(&review), its_time),
            rate(&world, review.id, Rating::Good, its_time),
        );
        assert!(rated);
        assert!(mails(&world).await <= 1);
        let next = now_of(&world, review.id).await.unwrap();
        assert!(next.fires_at().unwrap() > its_time.plus(HOUR * 24 * 4), "{next:?}");
        assert_eq!(completed(&world).await, 1);
        assert_one_open(&world, &task).await;
        assert_counted(&world).await;
    }
}

#[tokio::test]
async fn of_64_ratings_at_once_one_counts() {
    let (world, task, review) = world(json!({"kind": "fsrs"})).await;
    let at = review.scheduled_at;
    let ratings =
        (0..64).map(|number| rate(&world, review.id, if number % 2 == 0 { Rating::Good } else { Rating::Hard }, at));
    let accepted = futures::future::join_all(ratings).await.into_iter().filter(|accepted| *accepted).count();
    let after = task_now(&world, &task).await;
    assert_eq!((after.plan.unwrap().reviews, after.version, completed(&world).await), (1, 3, 1));
    assert_eq!(accepted, 32, "those that are equal to the first");
    assert_one_open(&world, &task).await;
    assert_counted(&world).await;
}

#[tokio::test]
async fn while_its_task_is_completed_it_is_rated_or_not_and_nothing_is_left_to_fire() {
    for _ in 0..6 {
        let (world, task, review) = world(json!({"kind": "fixed", "days": [1]})).await;
        let at = review.scheduled_at;
        let complete = async {
            for _ in 0..TRIES {
                let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
                let change = row.task.change(parsed(json!({"status": "completed"}), at), &Zone::UTC, at).unwrap();
                if world.store.update_task(&world.permit(), &row, &change).await.is_ok() {
                    return;
                }
            }
            panic!("never let through")
        };
        let (_, rated) = futures::join!(complete, rate(&world, review.id, Rating::Good, at));
        let left = now_of(&world, review.id).await.unwrap();
        assert_eq!((left.status, left.fires_at()), (ReminderStatus::Skipped, None));
        assert_eq!((task_now(&world, &task).await.plan, completed(&world).await), (None, usize::from(rated)));
        fire_at(&world, message(&left), at.plus(HOUR * 24)).await;
        assert_eq!(mails(&world).await, 0);
        assert!(!rate(&world, review.id, Rating::Good, at.plus(HOUR * 48)).await);
        assert_counted(&world).await;
    }
}

#[tokio::test]
async fn while_its_plan_ends_it_is_rated_or_not_and_no_review_is_left() {
    for _ in 0..6 {
        let (world, task, review) = world(json!({"kind": "fixed", "days": [1]})).await;
        let at = review.scheduled_at;
        let end = async {
            for _ in 0..TRIES {
                let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
                let change = row.task.end_plan(at).unwrap();
                if world.store.change_plan(&world.permit(), &row, &change, &DaySnapshot::default()).await.is_ok() {
                    return;
                }
            }
            panic!("never let through")
        };
        let (_, rated) = futures::join!(end, rate(&world, review.id, Rating::Good, at));
        assert_eq!((now_of(&world, review.id).await, completed(&world).await), (None, usize::from(rated)));
        let after = task_now(&world, &task).await;
        assert_eq!((after.plan, after.reminders.len()), (None, 0));
        fire_at(&world, message(&review), at).await;
        assert_eq!(mails(&world).await, 0);
        assert_counted(&world).await;
    }
}

#[tokio::test]
async fn a_plan_whose_task_has_got_another_reminder_meanwhile_is_read_again_before_it_ends() {
    let (world, task, review) = world(json!({"kind": "fixed", "days": [1]})).await;
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world.reminder(&task, HOUR).await;
    let end = row.task.end_plan(clock::now()).unwrap();
    let ended = world.store.change_plan(&world.permit(), &row, &end, &DaySnapshot::default()).await;
    assert!(matches!(ended, Err(WriteError::Refused(Refusal::TaskChanged))), "{ended:?}");
    assert!(now_of(&world, review.id).await.is_some());
    assert_counted(&world).await;
}

#[tokio::test]
async fn ratings_stay_counted_when_the_plan_ends_and_go_with_the_task() {
    let (world, task, review) = world(json!({"kind": "fixed", "days": [1]})).await;
    let mut at = review.scheduled_at;
    for _ in 0..3 {
        assert!(rate(&world, review.id, Rating::Good, at).await);
        at = now_of(&world, review.id).await.unwrap().scheduled_at;
    }
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    let end = row.task.end_plan(at).unwrap();
    world.store.change_plan(&world.permit(), &row, &end, &DaySnapshot::default()).await.unwrap();
    assert_eq!((completed(&world).await, world.count("DONE#").await), (3, 3));
    assert_counted(&world).await;
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world.store.delete_task(&world.permit(), &row, at).await.unwrap();
    let of = (world.user.id, task.id);
    world.store.delete_completions_of(&Permit::of_system(), of, None, at).await.unwrap();
    assert_eq!((completed(&world).await, world.count("DONE#").await), (0, 0));
    assert_counted(&world).await;
}

async fn change_settings(world: &World, body: Value, now: Timestamp) -> Timestamp {
    let user = world.store.user(world.user.id).await.unwrap().unwrap();
    let change = user.change(parsed(body, now), now);
    world.store.update_user(&world.permit(), &user, &change).await.unwrap();
    world.store.reviews_moved_at(world.user.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn it_moves_with_the_digest_when_its_message_comes_and_its_old_plan_is_void() {
    let (world, task, review) = world(json!({"kind": "fixed", "days": [3]})).await;
    let now = clock::now();
    let since = change_settings(&world, json!({"morning_digest": {"time": "18:00"}}), now).await;
    let found = world.store.following_reviews(world.user.id, since, (None, 10)).await.unwrap().unwrap();
    assert_eq!((found.reviews.len(), found.next), (1, None));
    fire_at(&world, message(&found.reviews[0]), now).await;
    let moved = now_of(&world, review.id).await.unwrap();
    assert_eq!(moved.scheduled_at, review.scheduled_at.plus(HOUR * 13));
    assert_eq!((moved.plan, mails(&world).await), (review.plan + 1, 0));
    fire_at(&world, message(&review), review.scheduled_at).await;
    fire_at(&world, message(&moved), moved.scheduled_at).await;
    assert_eq!(mails(&world).await, 1);
    assert_one_open(&world, &task).await;
    assert_counted(&world).await;
    let found = world.store.following_reviews(world.user.id, since, (None, 10)).await.unwrap().unwrap();
    assert!(found.reviews.is_empty(), "what has fired follows nothing");
}

#[tokio::test]
async fn one_that_nobody_moved_in_time_does_not_fire_before_its_new_time() {
    let (world, _, review) = world(json!({"kind": "fixed", "days": [3]})).await;
    change_settings(&world, json!({"timezone": "America/New_York"}), clock::now()).await;
    fire_at(&world, message(&review), review.scheduled_at).await;
    let moved = now_of(&world, review.id).await.unwrap();
    assert_eq!((mails(&world).await, moved.scheduled_at > review.scheduled_at), (0, true));
    fire_at(&world, message(&moved), moved.scheduled_at).await;
    assert_eq!(mails(&world).await, 1);
}

#[tokio::test]
async fn only_the_last_change_of_what_reviews_follow_has_them_walked_a_page_at_a_time() {
    let (world, _, _) = world(json!({"kind": "fixed", "days": [3]})).await;
    for _ in 0..4 {
        let task = world.task(json!({"title": "Phrases"})).await;
        set_plan(&world, &task, json!({"kind": "fsrs"}), clock::now()).await;
        let own = world.task(json!({"title": "Idioms"})).await;
        set_plan(&world, &own, json!({"kind": "fsrs", "time": "07:00"}), clock::now()).await;
    }
    let first = change_settings(&world, json!({"morning_digest": {"time": "18:00"}}), clock::now()).await;
    let second = change_settings(&world, json!({"timezone": "UTC"}), clock::now().plus(HOUR)).await;
    assert!(world.store.following_reviews(world.user.id, first, (None, 10)).await.unwrap().is_none());
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.following_reviews(world.user.id, second, (after, 2)).await.unwrap().unwrap();
        seen.extend(page.reviews.iter().map(|review| review.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 5);
    let user = world.store.user(world.user.id).await.unwrap().unwrap();
    let same = user.change(
        parsed(json!({"name": "Somebody Else", "morning_digest": {"enabled": false}}), clock::now()),
        clock::now().plus(HOUR * 2),
    );
    world.store.update_user(&world.permit(), &user, &same).await.unwrap();
    assert_eq!(world.store.reviews_moved_at(world.user.id).await.unwrap(), Some(second), "no setting that they follow");
}

#[tokio::test]
async fn beside_the_digest_of_the_same_minute_its_task_is_not_listed_and_at_another_time_it_is() {
    for (time, is_listed) in [(None, false), (Some("20:00"), true)] {
        let (world, task, review) = world(json!({"kind": "fixed", "days": [1], "time": time})).await;
        let planned = world.user.next_digest.unwrap();
        assert_eq!(review.review.unwrap().day, planned.day);
        let digest = SendDigest { user_id: world.user.id, cause: DigestCause::Planned, mail_id: None };
        digest::handle(&world.store, &Permit::of_system(), "test", &digest, planned.at).await.unwrap();
        assert_eq!(mails(&world).await, usize::from(is_listed), "{time:?}");
        // A missed one is on no later digest, also where its task is due.
        let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
        let due = row
            .task
            .change(parsed(json!({"dueDate": planned.at.plus(HOUR * 26)}), planned.at), &Zone::UTC, planned.at)
            .unwrap();
        let due = world.store.follow_due_date(due).await.unwrap();
        world.store.update_task(&world.permit(), &row, &due).await.unwrap();
        let next = world.store.user(world.user.id).await.unwrap().unwrap().next_digest.unwrap();
        digest::handle(&world.store, &Permit::of_system(), "test", &digest, next.at).await.unwrap();
        assert_eq!(mails(&world).await, usize::from(is_listed), "{time:?}");
    }
}
