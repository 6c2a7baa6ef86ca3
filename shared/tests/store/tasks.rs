use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use serde_json::json;
use shared::clock::Timestamp;
use shared::domain::delivery::DeliveryState;
use shared::domain::field::Patch;
use shared::domain::reminder::ReminderStatus;
use shared::domain::task::{MAX_TASKS, Task, TaskPatch, TaskStatus};
use shared::domain::zone::Zone;
use shared::id::UserId;
use shared::store::{Permit, Refusal, WriteError};

use test_support::{TABLE, World, clock, new_reminder, new_task};

const HOUR: Duration = Duration::from_secs(3600);

fn completing() -> TaskPatch {
    TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() }
}

fn refusal(result: Result<impl std::fmt::Debug, WriteError>) -> Refusal {
    match result {
        Err(WriteError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

async fn read(world: &World, task: &Task) -> Task {
    world.store.task(world.user.id, task.id).await.unwrap().unwrap().task
}

#[tokio::test]
async fn another_users_task_is_as_unknown_as_none() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Mine"})).await;
    assert!(world.store.task(UserId::new(), task.id).await.unwrap().is_none());
    assert_eq!(read(&world, &task).await.title, task.title);
}

#[tokio::test]
async fn of_two_updates_of_the_same_reading_one_is_refused() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent", "description": "March"})).await;
    let first = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    let second = first.clone();
    let patch = TaskPatch { description: Patch::Clear, ..TaskPatch::default() };
    let now = clock::now();
    world
        .store
        .update_task(&world.permit(), &first, &first.task.change(patch.clone(), &Zone::UTC, now).unwrap())
        .await
        .unwrap();
    let refused =
        world.store.update_task(&world.permit(), &second, &second.task.change(patch, &Zone::UTC, now).unwrap()).await;
    assert_eq!(refusal(refused), Refusal::TaskChanged);
    let stored = read(&world, &task).await;
    assert_eq!((stored.version, stored.description), (2, None));
}

#[tokio::test]
async fn an_update_that_changes_nothing_writes_nothing_but_needs_a_living_session() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent", "description": "March", "dueDate": "2031-01-15"})).await;
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    let later = clock::now().plus(HOUR);
    let same = row
        .task
        .change(TaskPatch { title: Some(task.title.clone()), ..TaskPatch::default() }, &Zone::UTC, later)
        .unwrap();
    world.store.meter().take();
    world.store.update_task(&world.permit(), &row, &same).await.unwrap();
    assert_eq!(world.store.meter().take().write_units, 0.0);
    let stored = read(&world, &task).await;
    assert_eq!((stored.version, stored.updated_at), (1, task.updated_at));
    let after_its_end = Timestamp::from_second(world.session.expires_at).unwrap();
    let same = row.task.change(TaskPatch::default(), &Zone::UTC, after_its_end).unwrap();
    let refused = world.store.update_task(&world.permit(), &row, &same).await;
    assert!(matches!(refused, Err(WriteError::SessionEnded)), "{refused:?}");
    world.store.end_session(&Permit::of_system(), world.user.id, world.session.id).await.unwrap();
    let same = row.task.change(TaskPatch::default(), &Zone::UTC, later).unwrap();
    let refused = world.store.update_task(&world.permit(), &row, &same).await;
    assert!(matches!(refused, Err(WriteError::SessionEnded)), "{refused:?}");
}

#[tokio::test]
async fn an_update_leaves_the_cards_that_others_put_in_meanwhile() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    let reminder = world.reminder(&task, HOUR * 3).await;
    let patch = TaskPatch { status: Some(TaskStatus::InProgress), ..TaskPatch::default() };
    world
        .store
        .update_task(&world.permit(), &row, &row.task.change(patch, &Zone::UTC, clock::now()).unwrap())
        .await
        .unwrap();
    assert!(read(&world, &task).await.reminders.contains_key(&reminder.id));
}

#[tokio::test]
async fn completing_calls_off_what_is_pending_and_tells_once() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let pending = world.reminder(&task, HOUR * 3).await;
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world
        .store
        .update_task(&world.permit(), &row, &row.task.change(completing(), &Zone::UTC, clock::now()).unwrap())
        .await
        .unwrap();
    let stored = world.store.reminder(world.user.id, pending.id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.delivery.state), (ReminderStatus::Skipped, DeliveryState::Skipped));
    assert_eq!((stored.fires_at(), stored.plan, stored.version), (None, 2, 2));
    assert_eq!(read(&world, &task).await.reminders[&pending.id].status, ReminderStatus::Skipped);
    assert_eq!(world.count("NTF#").await, 1);
}

#[tokio::test]
async fn completing_is_refused_when_a_reminder_was_added_since_the_reading() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world.reminder(&task, HOUR * 3).await;
    let refused = world
        .store
        .update_task(&world.permit(), &row, &row.task.change(completing(), &Zone::UTC, clock::now()).unwrap())
        .await;
    assert_eq!(refusal(refused), Refusal::TaskChanged);
    assert_eq!(world.count("NTF#").await, 0);
}

#[tokio::test]
async fn deleting_takes_the_reminders_along_and_leaves_none_behind() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    world.reminder(&task, HOUR * 3).await;
    let stale = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world.reminder(&task, HOUR * 4).await;
    let refused = world.store.delete_task(&world.permit(), &stale, clock::now()).await;
    assert_eq!(refusal(refused), Refusal::TaskChanged, "it would have left the second reminder behind");
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world.store.delete_task(&world.permit(), &row, clock::now()).await.unwrap();
    assert_eq!((world.count("TASK#").await, world.count("REM#").await), (0, 0));
    let orphan = world.store.create_reminder(&world.permit(), &new_reminder(&task, HOUR)).await;
    assert_eq!(refusal(orphan), Refusal::TaskGone);
}

#[tokio::test]
async fn a_task_that_was_changed_since_the_reading_is_not_deleted() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let stale = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    let patch = TaskPatch { status: Some(TaskStatus::InProgress), ..TaskPatch::default() };
    world
        .store
        .update_task(&world.permit(), &stale, &stale.task.change(patch, &Zone::UTC, clock::now()).unwrap())
        .await
        .unwrap();
    let refused = world.store.delete_task(&world.permit(), &stale, clock::now()).await;
    assert_eq!(refusal(refused), Refusal::TaskChanged);
    assert_eq!(read(&world, &task).await.version, 2);
}

#[tokio::test]
async fn the_ten_thousand_and_first_task_is_refused_until_one_is_deleted() {
    let world = World::new().await;
    let first = world.task(json!({"title": "The first"})).await;
    let key = |name: &str, value: String| (name.to_owned(), AttributeValue::S(value));
    world
        .client
        .update_item()
        .table_name(TABLE)
        .set_key(Some([key("PK", format!("USER#{}", world.user.id)), key("SK", "COUNTERS".to_owned())].into()))
        .update_expression("SET tasks = :most")
        .expression_attribute_values(":most", AttributeValue::N(MAX_TASKS.to_string()))
        .send()
        .await
        .unwrap();
    let one_more = new_task(&world.user, json!({"title": "One too many"}));
    let refused = world.store.create_task(&world.permit(), &one_more).await;
    assert_eq!(refusal(refused), Refusal::TooManyTasks);
    let row = world.store.task(world.user.id, first.id).await.unwrap().unwrap();
    world.store.delete_task(&world.permit(), &row, clock::now()).await.unwrap();
    world.store.create_task(&world.permit(), &one_more).await.unwrap();
}

#[tokio::test]
async fn the_thirty_first_reminder_of_a_task_is_refused_also_in_a_race() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let reminders: Vec<_> = (0..35).map(|_| new_reminder(&task, HOUR * 3)).collect();
    let permit = world.permit();
    let outcomes = join_all(reminders.iter().map(|reminder| world.store.create_reminder(&permit, reminder))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 30);
    assert!(outcomes.into_iter().filter(Result::is_err).all(|outcome| refusal(outcome) == Refusal::TooManyReminders));
    assert_eq!(world.count("REM#").await, 30);
}
