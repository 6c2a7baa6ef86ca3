//! `tasks-overdue` against the table: once for each due date, twice, early, moved, completed, deleted.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use serde_json::json;
use shared::clock::Timestamp;
use shared::domain::due_date::DueDate;
use shared::domain::field::Patch;
use shared::domain::sweep::{DueKind, DueWindow};
use shared::domain::task::{Priority, Task, TaskPatch, TaskStatus};
use shared::domain::zone::Zone;
use shared::events::{Message, QueueFunction};
use shared::messages::TellOverdue;
use shared::store::Permit;
use shared::store::keys::DUE_SHARDS;
use tasks::overdue::Overdue;
use test_support::{World, clock};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

async fn world() -> (World, Task, Timestamp) {
    let world = World::new().await;
    let due = clock::now().plus(HOUR);
    let task = world.task(json!({"title": "Pay rent", "dueDate": due})).await;
    (world, task, due)
}

async fn run(world: &World, task: &Task, now: Timestamp) {
    let overdue = Overdue { store: world.store.clone(), permit: Permit::of_system() };
    let body = TellOverdue { user_id: task.user_id, task_id: task.id };
    overdue.handle(Message { body, deliveries: 1 }, now).await.unwrap();
}

async fn change(world: &World, task: &Task, patch: TaskPatch) -> Task {
    let row = world.store.task(task.user_id, task.id).await.unwrap().unwrap();
    let change = row.task.change(patch, &Zone::UTC, clock::now()).unwrap();
    world.store.update_task(&world.permit(), &row, &change).await.unwrap();
    change.task
}

fn moved_to(at: Timestamp) -> TaskPatch {
    TaskPatch { due_date: Patch::Set(DueDate::At(at)), ..TaskPatch::default() }
}

/// How many tasks the index has that are due after `from`, up to `upto`.
async fn due(world: &World, from: Option<Timestamp>, upto: Timestamp) -> usize {
    let window = DueWindow { kind: DueKind::Task, from, upto };
    let mut found = 0;
    for shard in 0..DUE_SHARDS {
        found += world.store.due(&window, shard, None, 100).await.unwrap().rows.len();
    }
    found
}

#[tokio::test]
async fn a_due_date_that_passes_is_told_once() {
    let (world, task, at) = world().await;
    assert_eq!((due(&world, None, at).await, due(&world, None, at.minus(MINUTE)).await), (1, 0));
    for _ in 0..3 {
        run(&world, &task, at.plus(MINUTE)).await;
    }
    assert_eq!((world.count("NTF#").await, due(&world, None, at.plus(HOUR)).await), (1, 0));
    let page = world.store.notifications(world.user.id, None, 50, at).await.unwrap();
    let told = serde_json::to_value(&page.rows[0].value.0).unwrap();
    assert_eq!((&told["type"], &told["message"]), (&json!("overdue"), &json!("Pay rent is overdue")));
    assert_eq!(told["relatedTaskId"], json!(task.id));
}

#[tokio::test]
async fn messages_that_come_at_once_tell_once() {
    let (world, task, at) = world().await;
    futures::join!(run(&world, &task, at), run(&world, &task, at), run(&world, &task, at));
    assert_eq!(world.count("NTF#").await, 1);
}

#[tokio::test]
async fn a_message_that_comes_early_does_nothing() {
    let (world, task, at) = world().await;
    run(&world, &task, at.minus(MINUTE * 5)).await;
    assert_eq!((world.count("NTF#").await, due(&world, None, at).await), (0, 1));
}

#[tokio::test]
async fn a_moved_due_date_is_told_at_its_new_time_and_again_after_another_move() {
    let (world, task, at) = world().await;
    let later = at.plus(HOUR * 5);
    change(&world, &task, moved_to(later)).await;
    run(&world, &task, at).await;
    assert_eq!((world.count("NTF#").await, due(&world, None, at).await, due(&world, None, later).await), (0, 0, 1));
    run(&world, &task, later).await;
    change(&world, &task, moved_to(later.plus(HOUR))).await;
    run(&world, &task, later.plus(HOUR)).await;
    assert_eq!(world.count("NTF#").await, 2);
}

#[tokio::test]
async fn a_completed_task_leaves_the_index_and_one_without_a_date_never_enters() {
    let (world, task, at) = world().await;
    change(&world, &task, TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() }).await;
    run(&world, &task, at).await;
    // The one notification is the completion's.
    assert_eq!((world.count("NTF#").await, due(&world, None, at).await), (1, 0));
    world.task(json!({"title": "Some day"})).await;
    assert_eq!(due(&world, None, at).await, 0);
    change(&world, &task, TaskPatch { status: Some(TaskStatus::Todo), ..TaskPatch::default() }).await;
    assert_eq!(due(&world, None, at).await, 1, "taken up again, it is to be told of");
}

#[tokio::test]
async fn a_change_that_rests_on_an_older_reading_does_not_tell_it_again() {
    let (world, task, at) = world().await;
    let row = world.store.task(task.user_id, task.id).await.unwrap().unwrap();
    run(&world, &task, at).await;
    let raised = TaskPatch { priority: Some(Priority::High), ..TaskPatch::default() };
    world
        .store
        .update_task(&world.permit(), &row, &row.task.change(raised, &Zone::UTC, clock::now()).unwrap())
        .await
        .unwrap();
    run(&world, &task, at).await;
    assert_eq!((world.count("NTF#").await, due(&world, None, at).await), (1, 0));
}

#[tokio::test]
async fn a_task_that_is_made_after_its_due_date_is_told_of_by_the_next_tick() {
    let world = World::new().await;
    let now = clock::now();
    let task = world.task(json!({"title": "Long ago", "dueDate": "2020-01-01T00:00:00Z"})).await;
    assert_eq!(due(&world, Some(now.minus(MINUTE)), now.plus(MINUTE)).await, 1);
    run(&world, &task, now.plus(MINUTE)).await;
    assert_eq!(world.count("NTF#").await, 1);
}

#[tokio::test]
async fn a_deleted_task_is_no_error() {
    let (world, task, at) = world().await;
    let row = world.store.task(task.user_id, task.id).await.unwrap().unwrap();
    world.store.delete_task(&world.permit(), &row, at).await.unwrap();
    run(&world, &task, at).await;
    assert_eq!((world.count("NTF#").await, due(&world, None, at).await), (0, 0));
}
