//! Snoozing against the table, at the same moment as whatever else can happen to a reminder.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeSet;
use std::time::Duration;

use reminders::fire;
use serde_json::json;
use shared::clock::Timestamp;
use shared::domain::counters::local_day;
use shared::domain::reminder::{Reminder, ReminderPatch, ReminderStatus};
use shared::domain::snooze::{NotSnoozed, Snooze};
use shared::domain::task::{Task, TaskPatch, TaskStatus};
use shared::domain::zone::Zone;
use shared::messages::FireReminder;
use shared::store::counters::CounterSnapshot;
use shared::store::replay::Mode;
use shared::store::{Permit, Refusal, WriteError};
use test_support::{World, clock, parsed};

const HOUR: Duration = Duration::from_secs(3600);
/// Tries against the other side of a race.
const TRIES: usize = 10;

fn message(reminder: &Reminder) -> FireReminder {
    FireReminder { user_id: reminder.user_id, reminder_id: reminder.id, task_id: reminder.task_id, plan: reminder.plan }
}

async fn world() -> (World, Task, Reminder) {
    let world = World::new().await;
    world.verify().await;
    let task = world.task(json!({"title": "Pay rent", "dueDate": fires_at().plus(HOUR * 2)})).await;
    let reminder = world.relative_reminder(&task, 60).await;
    (world, task, reminder)
}

/// When the reminder of these tests fires.
fn fires_at() -> Timestamp {
    clock::now().plus(HOUR * 2)
}

/// Reminder mails so far.
async fn mails(world: &World) -> usize {
    // Two of them are the registration's.
    world.count("MAIL#").await - 2
}

async fn now_of(world: &World, reminder: &Reminder) -> Option<Reminder> {
    world.store.reminder(world.user.id, reminder.id).await.unwrap()
}

/// Snoozes by an hour as the route does. `None` when there is nothing to snooze.
async fn snooze(world: &World, reminder: &Reminder) -> Option<Reminder> {
    for _ in 0..TRIES {
        let read = now_of(world, reminder).await?;
        let change = match read.snooze(Snooze::Until(fires_at().plus(HOUR)), fires_at()) {
            Ok(change) => change,
            Err(NotSnoozed::NotOpen) => return None,
            Err(NotSnoozed::Moment(error)) => panic!("{error:?}"),
        };
        match world.store.snooze_reminder(&world.permit(), &change).await {
            Ok(()) => return Some(change.next),
            Err(WriteError::Refused(Refusal::NotOpen)) => return None,
            Err(WriteError::Refused(Refusal::ReminderChanged)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("never let through")
}

async fn change_task(world: &World, task: &Task, body: serde_json::Value) {
    for _ in 0..TRIES {
        let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
        let change = row.task.change(parsed(body.clone(), clock::now()), &Zone::UTC, fires_at()).unwrap();
        let change = world.store.follow_due_date(change).await.unwrap();
        match world.store.update_task(&world.permit(), &row, &change).await {
            Ok(()) => return,
            Err(WriteError::Refused(Refusal::TaskChanged | Refusal::ReminderChanged)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("never let through")
}

async fn assert_counted(world: &World) {
    let replay = world.store.replay(&Permit::of_system(), world.user.id, Mode::Compare, clock::now()).await;
    let replay = replay.unwrap().unwrap();
    assert!(replay.is_clean(), "{replay:?}");
}

#[tokio::test]
async fn while_it_fires_there_is_one_mail_for_each_time() {
    for _ in 0..8 {
        let (world, _, reminder) = world().await;
        let system = Permit::of_system();
        let (fired, snoozed) = futures::join!(
            fire::handle(&world.store, &system, message(&reminder), fires_at()),
            snooze(&world, &reminder),
        );
        fired.unwrap();
        let (snoozed, first) = (snoozed.unwrap(), mails(&world).await);
        assert!(first <= 1, "the claim was taken, or not");
        for plan in [reminder.plan, snoozed.plan, snoozed.plan] {
            let message = FireReminder { plan, ..message(&reminder) };
            fire::handle(&world.store, &system, message, fires_at().plus(HOUR)).await.unwrap();
        }
        assert_eq!(mails(&world).await, first + 1);
        assert_eq!(now_of(&world, &reminder).await.unwrap().status, ReminderStatus::Completed);
        assert_counted(&world).await;
    }
}

#[tokio::test]
async fn while_its_due_date_moves_one_of_the_two_times_is_left() {
    let (world, task, reminder) = world().await;
    let due = fires_at().plus(HOUR * 50);
    let (_, snoozed) = futures::join!(change_task(&world, &task, json!({"dueDate": due})), snooze(&world, &reminder));
    let left = now_of(&world, &reminder).await.unwrap();
    let put_off = snoozed.unwrap().fires_at();
    assert!(left.fires_at() == put_off || left.scheduled_at == due.minus(HOUR), "{left:?}");
    assert_eq!(left.snoozed_until.is_some(), left.fires_at() == put_off);
    for _ in 0..2 {
        fire::handle(&world.store, &Permit::of_system(), message(&left), left.fires_at().unwrap()).await.unwrap();
    }
    assert_eq!(mails(&world).await, 1);
    assert_counted(&world).await;
}

#[tokio::test]
async fn while_its_task_is_completed_nothing_is_left_to_fire() {
    for _ in 0..4 {
        let (world, task, reminder) = world().await;
        let done = change_task(&world, &task, json!({"status": "completed"}));
        let (_, _) = futures::join!(done, snooze(&world, &reminder));
        let left = now_of(&world, &reminder).await.unwrap();
        assert_eq!((left.status, left.fires_at()), (ReminderStatus::Skipped, None));
        assert_eq!(snooze(&world, &reminder).await, None, "it is not open");
        assert_counted(&world).await;
    }
}

#[tokio::test]
async fn while_it_is_deleted_nothing_is_left() {
    let (world, _, reminder) = world().await;
    let delete = async {
        for _ in 0..TRIES {
            let Some(read) = now_of(&world, &reminder).await else { return };
            let (permit, known) = (world.permit(), CounterSnapshot::default());
            if world.store.delete_reminder(&permit, &read, &known, clock::now()).await.is_ok() {
                return;
            }
        }
        panic!("never let through")
    };
    futures::join!(delete, snooze(&world, &reminder));
    assert_eq!(now_of(&world, &reminder).await, None);
    assert_eq!(snooze(&world, &reminder).await, None);
    assert_counted(&world).await;
}

#[tokio::test]
async fn one_of_a_task_that_was_completed_after_it_fired_is_not_put_off() {
    let (world, task, reminder) = world().await;
    fire::handle(&world.store, &Permit::of_system(), message(&reminder), fires_at()).await.unwrap();
    let done = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world
        .store
        .update_task(&world.permit(), &row, &row.task.change(done, &Zone::UTC, fires_at()).unwrap())
        .await
        .unwrap();
    assert_eq!(snooze(&world, &reminder).await, None);
    assert_eq!(now_of(&world, &reminder).await.unwrap().status, ReminderStatus::Completed);
}

/// The completed reminders that the user's counters hold.
async fn completed(world: &World) -> usize {
    world.store.totals(world.user.id, clock::now()).await.unwrap().unwrap().0.completed as usize
}

#[tokio::test]
async fn each_firing_counts_once_a_day_and_reminder_and_stays_counted() {
    let (world, _, reminder) = world().await;
    let mut planned = reminder.clone();
    let mut days = BTreeSet::new();
    // Several times on one local day, and on others; then back on the first.
    for ahead in [1, 2, 26, 50] {
        let message = message(&planned);
        fire::handle(&world.store, &Permit::of_system(), message, planned.fires_at().unwrap()).await.unwrap();
        days.insert(local_day(planned.scheduled_at, &world.user.timezone));
        let fired = now_of(&world, &reminder).await.unwrap();
        assert_eq!(completed(&world).await, days.len());
        let until = fires_at().plus(HOUR * ahead);
        let change = fired.snooze(Snooze::Until(until), until.minus(HOUR / 2)).unwrap();
        world.store.snooze_reminder(&world.permit(), &change).await.unwrap();
        planned = change.next;
        assert_eq!((completed(&world).await, world.count("DONE#").await), (days.len(), days.len()));
        assert_counted(&world).await;
    }
    // Moved back to a day that it fired for, it fires again there and counts no second time.
    let back = ReminderPatch { scheduled_at: Some(reminder.scheduled_at), ..ReminderPatch::default() };
    let moved = now_of(&world, &reminder).await.unwrap().change(back, clock::now()).unwrap();
    world.store.update_reminder(&world.permit(), &moved, &CounterSnapshot::default()).await.unwrap();
    fire::handle(&world.store, &Permit::of_system(), message(&moved.next), fires_at()).await.unwrap();
    assert_eq!(now_of(&world, &reminder).await.unwrap().status, ReminderStatus::Completed);
    assert_eq!((completed(&world).await, world.count("DONE#").await), (days.len(), days.len()));
    assert_counted(&world).await;
}
