//! Due dates that move, and the reminders that follow them.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::domain::reminder::{Reminder, ReminderPatch, ReminderStatus};
use shared::domain::task::{Task, TaskPatch};
use shared::domain::zone::Zone;
use shared::store::counters::CounterSnapshot;
use shared::store::replay::Mode;
use shared::store::tasks::TaskRow;
use shared::store::{Permit, Refusal, WriteError};
use test_support::{World, clock, new_relative_reminder, parsed};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Most reminders of a task.
const MOST: u32 = 30;

fn in_days(days: u32) -> Timestamp {
    clock::now().plus(DAY * days)
}

async fn world() -> (World, Task) {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent", "category": "home", "dueDate": in_days(60)})).await;
    (world, task)
}

async fn row(world: &World, task: &Task) -> TaskRow {
    world.store.task(world.user.id, task.id).await.unwrap().unwrap()
}

async fn reminder(world: &World, reminder: &Reminder) -> Reminder {
    world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap()
}

/// Changes a task that was read, as the route does.
async fn change(world: &World, read: &TaskRow, body: Value) -> Result<(), WriteError> {
    let patch = parsed::<TaskPatch>(body, clock::now());
    let change = world.store.follow_due_date(read.task.change(patch, &Zone::UTC, clock::now()).unwrap()).await?;
    world.store.update_task(&world.permit(), read, &change).await
}

async fn assert_counted(world: &World) {
    let replay = world.store.replay(&Permit::of_system(), world.user.id, Mode::Compare, clock::now()).await;
    let replay = replay.unwrap().unwrap();
    assert!(replay.is_clean(), "{replay:?}");
}

#[tokio::test]
async fn thirty_relative_reminders_move_in_the_transaction_of_their_due_date() {
    let (world, task) = world().await;
    let mut made = Vec::new();
    for offset in 0..MOST {
        made.push(world.relative_reminder(&task, offset * 1_000).await);
    }
    let read = row(&world, &task).await;
    world.store.meter().take();
    change(&world, &read, json!({"dueDate": in_days(90)})).await.unwrap();
    let consumed = world.store.meter().take();
    assert_eq!(consumed.calls, 2, "all reminders in one read, and the transaction");
    for before in &made {
        let after = reminder(&world, before).await;
        assert_eq!((after.scheduled_at, after.plan), (before.scheduled_at.plus(DAY * 30), 2));
        assert_eq!(row(&world, &task).await.task.reminders[&after.id].scheduled_at, after.scheduled_at);
    }
    assert_counted(&world).await;
}

#[tokio::test]
async fn thirty_that_were_completed_by_hand_are_pending_again_and_stay_counted_in_one_transaction() {
    let (world, task) = world().await;
    for offset in 0..MOST {
        let made = world.relative_reminder(&task, offset * 1_000).await;
        let done = ReminderPatch { status: Some(ReminderStatus::Completed), ..ReminderPatch::default() };
        let done = made.change(done, clock::now()).unwrap();
        world.store.update_reminder(&world.permit(), &done, &CounterSnapshot::default()).await.unwrap();
    }
    world.forget_completions().await;
    let read = row(&world, &task).await;
    // Into another category as well: the largest transaction that there is.
    world.store.meter().take();
    let body = json!({"dueDate": in_days(90), "category": "work", "status": "in-progress"});
    change(&world, &read, body).await.unwrap();
    assert_eq!(world.store.meter().take().calls, 2);
    let (totals, _) = world.store.totals(world.user.id, clock::now()).await.unwrap().unwrap();
    assert_eq!((totals.pending, totals.completed), (30, 30));
    assert_eq!(world.count("DONE#").await, 30);
    assert_counted(&world).await;
}

#[tokio::test]
async fn completing_with_another_due_date_skips_thirty_relative_ones_at_their_new_time() {
    let (world, task) = world().await;
    let mut made = Vec::new();
    for offset in 0..MOST {
        made.push(world.relative_reminder(&task, offset * 1_000).await);
    }
    let read = row(&world, &task).await;
    change(&world, &read, json!({"dueDate": in_days(90), "category": null, "status": "completed"})).await.unwrap();
    for before in &made {
        let after = reminder(&world, before).await;
        assert_eq!((after.status, after.fires_at()), (ReminderStatus::Skipped, None));
        assert_eq!(after.scheduled_at, before.scheduled_at.plus(DAY * 30));
    }
    assert_counted(&world).await;
}

#[tokio::test]
async fn a_task_without_relative_reminders_costs_no_further_read() {
    let (world, task) = world().await;
    world.reminder(&task, DAY).await;
    let read = row(&world, &task).await;
    world.store.meter().take();
    change(&world, &read, json!({"dueDate": in_days(90)})).await.unwrap();
    assert_eq!(world.store.meter().take().calls, 1);
}

#[tokio::test]
async fn a_reminder_that_is_added_while_the_due_date_moves_follows_it_too() {
    let (world, task) = world().await;
    let read = row(&world, &task).await;
    world.relative_reminder(&task, 60).await;
    let refused = change(&world, &read, json!({"dueDate": in_days(90)})).await;
    assert!(matches!(refused, Err(WriteError::Refused(Refusal::TaskChanged))), "{refused:?}");
    let refused = change(&world, &read, json!({"dueDate": null})).await;
    assert!(matches!(refused, Err(WriteError::Refused(Refusal::TaskChanged))), "{refused:?}");
    let late = new_relative_reminder(&task, 120);
    change(&world, &row(&world, &task).await, json!({"dueDate": in_days(90)})).await.unwrap();
    let refused = world.store.create_reminder(&world.permit(), &late).await;
    assert!(matches!(refused, Err(WriteError::Refused(Refusal::TaskChanged))), "it rests on the old due date");
}

#[tokio::test]
async fn a_reminder_that_is_made_relative_while_the_due_date_moves_is_not_left_behind() {
    let (world, task) = world().await;
    let own = world.reminder(&task, DAY).await;
    let patch = parsed::<ReminderPatch>(json!({"offsetMinutes": 60}), clock::now());
    let relative = own.change_given_due(patch, task.due_date, clock::now()).unwrap();
    change(&world, &row(&world, &task).await, json!({"dueDate": in_days(90)})).await.unwrap();
    let refused = world.store.update_reminder(&world.permit(), &relative, &CounterSnapshot::default()).await;
    assert!(matches!(refused, Err(WriteError::Refused(Refusal::ReminderChanged))), "{refused:?}");
}

#[tokio::test]
async fn a_reminder_that_changes_while_the_due_date_moves_is_read_again() {
    let (world, task) = world().await;
    let made = world.relative_reminder(&task, 60).await;
    let read = row(&world, &task).await;
    let patch = parsed::<TaskPatch>(json!({"dueDate": in_days(90)}), clock::now());
    let moved = world.store.follow_due_date(read.task.change(patch, &Zone::UTC, clock::now()).unwrap()).await.unwrap();
    let worded = parsed::<ReminderPatch>(json!({"message": "Two cups"}), clock::now());
    let worded = made.change(worded, clock::now()).unwrap();
    world.store.update_reminder(&world.permit(), &worded, &CounterSnapshot::default()).await.unwrap();
    let refused = world.store.update_task(&world.permit(), &read, &moved).await;
    assert!(matches!(refused, Err(WriteError::Refused(_))), "{refused:?}");
    change(&world, &row(&world, &task).await, json!({"dueDate": in_days(90)})).await.unwrap();
    let left = reminder(&world, &made).await;
    assert_eq!((left.scheduled_at, left.message.is_some()), (made.scheduled_at.plus(DAY * 30), true));
}

#[tokio::test]
async fn a_firing_that_was_moved_away_stays_counted() {
    let (world, task) = world().await;
    world.verify().await;
    let made = world.relative_reminder(&task, 60).await;
    let user = world.store.user(world.user.id).await.unwrap().unwrap();
    let fired = test_support::fired(&made, &task, &user);
    world.store.fire_reminder(&Permit::of_system(), &user, &fired).await.unwrap();
    for days in [90, 120] {
        change(&world, &row(&world, &task).await, json!({"dueDate": in_days(days)})).await.unwrap();
        let (totals, _) = world.store.totals(world.user.id, clock::now()).await.unwrap().unwrap();
        assert_eq!((totals.pending, totals.completed), (1, 1));
        assert_counted(&world).await;
    }
    assert_eq!(reminder(&world, &made).await.status, ReminderStatus::Pending);
}
