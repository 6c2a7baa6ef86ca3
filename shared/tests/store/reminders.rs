use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use shared::domain::reminder::{Reminder, ReminderPatch, ReminderStatus};
use shared::domain::task::Task;
use shared::store::counters::CounterSnapshot;
use shared::store::{Permit, Refusal, WriteError};

use test_support::{World, clock};

const HOUR: Duration = Duration::from_secs(3600);

/// One run of the firing function's transaction, from what it read.
async fn fire(world: &World, read: &Reminder, task: &Task) -> Result<(), WriteError> {
    let fired = test_support::fired(read, task, &world.user);
    world.store.fire_reminder(&Permit::of_system(), &world.user, &fired).await
}

#[tokio::test]
async fn a_reminder_that_fires_many_times_at_once_fires_once() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let reminder = world.reminder(&task, HOUR * 3).await;
    let outcomes = join_all((0..10).map(|_| fire(&world, &reminder, &task))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let stored = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
    assert_eq!(stored.status, ReminderStatus::Completed);
    // One mail of the registration, one of the reminder.
    assert_eq!((world.count("NTF#").await, world.count("MAIL#").await), (1, 2));
}

#[tokio::test]
async fn a_reminder_that_is_moved_while_it_fires_does_either() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let reminder = world.reminder(&task, HOUR * 3).await;
    let later = ReminderPatch { scheduled_at: Some(clock::now().plus(HOUR * 9)), ..ReminderPatch::default() };
    let moved = reminder.change(later, clock::now()).unwrap();
    world.store.update_reminder(&world.permit(), &moved, &CounterSnapshot::default()).await.unwrap();
    let refused = fire(&world, &reminder, &task).await;
    assert!(matches!(refused, Err(WriteError::Refused(Refusal::ReminderChanged))), "{refused:?}");
    assert_eq!((world.count("NTF#").await, world.count("MAIL#").await), (0, 1));
}

#[tokio::test]
async fn a_deleted_reminder_is_gone_from_its_task_too() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let reminder = world.reminder(&task, HOUR * 3).await;
    world.store.delete_reminder(&world.permit(), &reminder, &CounterSnapshot::default(), clock::now()).await.unwrap();
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    assert!(row.task.reminders.is_empty());
    assert!(world.store.firing(world.user.id, reminder.id, task.id).await.unwrap().is_none());
}
