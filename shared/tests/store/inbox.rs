//! The count of the unread and the list agree, whatever is made, read, expired and deleted in between.

use std::time::Duration;

use futures::future::join_all;
use proptest::prelude::*;
use serde_json::json;
use shared::clock::Timestamp;
use shared::domain::notification::Notification;
use shared::domain::task::{Task, TaskPatch, TaskStatus};
use shared::domain::zone::Zone;
use shared::id::NotificationId;
use shared::store::Permit;
use shared::store::notifications::ReadNotification;
use shared::store::page::Position;

use test_support::{World, clock};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Tells the user something at `now`: a task that is overdue.
async fn tell(world: &World, task: &Task, now: Timestamp) {
    let mut overdue = task.clone();
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    overdue.version = row.task.version;
    overdue.due_date = Some(now);
    let told = Notification::overdue(&overdue, now);
    world.store.notify_overdue(&Permit::of_system(), &overdue, &told).await.unwrap();
}

/// Count and list at `now`: unread, all.
async fn seen(world: &World, now: Timestamp) -> (u64, usize) {
    let page = world.store.notifications(world.user.id, None, 100, now).await.unwrap();
    let unread = page.rows.iter().filter(|row| !row.value.0.is_read).count() as u64;
    assert_eq!(world.store.unread_notifications(world.user.id, now).await.unwrap(), unread, "count and list differ");
    (unread, page.rows.len())
}

/// A page's ids, and where the next one begins.
async fn ids(
    world: &World,
    after: Option<Position>,
    limit: u32,
    now: Timestamp,
) -> (Vec<NotificationId>, Option<Position>) {
    let page = world.store.notifications(world.user.id, after, limit, now).await.unwrap();
    (page.rows.iter().map(|row| row.value.0.id).collect(), page.next)
}

async fn nth(world: &World, at: usize, now: Timestamp) -> ReadNotification {
    let page = world.store.notifications(world.user.id, None, 100, now).await.unwrap();
    let id = page.rows.get(at).unwrap().value.0.id;
    world.store.notification(world.user.id, id, now).await.unwrap().unwrap()
}

async fn read(world: &World, at: usize, now: Timestamp) {
    let found = nth(world, at, now).await;
    world.store.mark_read(&world.permit(), &found, now).await.unwrap();
}

async fn delete(world: &World, at: usize, now: Timestamp) {
    let found = nth(world, at, now).await;
    world.store.delete_notification(&world.permit(), &found, now).await.unwrap();
}

async fn world_with_task() -> (World, Task) {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    (world, task)
}

#[tokio::test]
async fn reading_and_deleting_count_once() {
    let (world, task) = world_with_task().await;
    let now = clock::now();
    assert_eq!(seen(&world, now).await, (0, 0));
    for n in 0..4 {
        tell(&world, &task, now.plus(Duration::from_millis(n))).await;
    }
    assert_eq!(seen(&world, now).await, (4, 4));
    read(&world, 0, now).await;
    read(&world, 0, now).await;
    assert_eq!(seen(&world, now).await, (3, 4));
    delete(&world, 0, now).await;
    assert_eq!(seen(&world, now).await, (3, 3));
    delete(&world, 1, now).await;
    assert_eq!(seen(&world, now).await, (2, 2));
}

#[tokio::test]
async fn reading_all_is_one_write_whatever_there_is_and_leaves_later_ones_unread() {
    let (world, task) = world_with_task().await;
    let now = clock::now();
    world.store.mark_all_read(&world.permit(), world.user.id, now).await.unwrap();
    for n in 0..30 {
        tell(&world, &task, now.plus(Duration::from_millis(n))).await;
    }
    world.store.meter().take();
    world.store.mark_all_read(&world.permit(), world.user.id, now).await.unwrap();
    let consumed = world.store.meter().take();
    assert_eq!((consumed.calls, consumed.write_units), (1, 4.0));
    assert_eq!(seen(&world, now).await, (0, 30));
    tell(&world, &task, now.plus(Duration::from_secs(1))).await;
    assert_eq!(seen(&world, now).await, (1, 31));
    read(&world, 5, now).await;
    delete(&world, 6, now).await;
    assert_eq!(seen(&world, now).await, (1, 30));
}

#[tokio::test]
async fn one_that_is_made_with_an_older_clock_after_all_were_read_is_unread_and_dated_behind_them() {
    let (world, task) = world_with_task().await;
    let now = clock::now();
    tell(&world, &task, now).await;
    world.store.mark_all_read(&world.permit(), world.user.id, now).await.unwrap();
    tell(&world, &task, now.minus(Duration::from_secs(300))).await;
    assert_eq!(seen(&world, now).await, (1, 2));
    let page = world.store.notifications(world.user.id, None, 100, now).await.unwrap();
    let (newest, older) = (&page.rows[0].value.0, &page.rows[1].value.0);
    assert!(newest.created_at > older.created_at && !newest.is_read && older.is_read);
}

#[tokio::test]
async fn the_expired_leave_list_and_count_together_before_anything_deletes_them() {
    let (world, task) = world_with_task().await;
    let first = Timestamp::parse("2026-01-01T12:00:00Z").unwrap();
    for n in 0..5 {
        tell(&world, &task, first.plus(DAY * n)).await;
    }
    let last_second = Timestamp::parse("2026-04-01T23:59:59Z").unwrap();
    assert_eq!(seen(&world, last_second).await, (5, 5));
    assert_eq!(seen(&world, last_second.plus(Duration::from_secs(1))).await, (4, 4));
    assert_eq!(seen(&world, last_second.plus(DAY * 2)).await, (3, 3));
    assert_eq!(seen(&world, last_second.plus(DAY * 9)).await, (0, 0));
    let expired = world.store.notifications(world.user.id, None, 100, first).await.unwrap().rows[4].value.0.id;
    assert!(world.store.notification(world.user.id, expired, last_second.plus(DAY)).await.unwrap().is_none());
}

#[tokio::test]
async fn the_count_costs_the_same_for_one_as_for_hundreds() {
    let (world, task) = world_with_task().await;
    let now = clock::now();
    tell(&world, &task, now).await;
    let mut spent = Vec::new();
    for wanted in [1, 300] {
        let have = world.store.unread_notifications(world.user.id, now).await.unwrap();
        for n in have..wanted {
            tell(&world, &task, now.plus(Duration::from_millis(n))).await;
        }
        world.store.meter().take();
        assert_eq!(world.store.unread_notifications(world.user.id, now).await.unwrap(), wanted);
        let consumed = world.store.meter().take();
        spent.push((consumed.calls, consumed.read_units));
    }
    assert_eq!(spent, [(1, 1.0), (1, 1.0)]);
}

#[tokio::test]
async fn notifications_of_a_deleted_task_leave_the_count_with_them() {
    let (world, task) = world_with_task().await;
    let other = world.task(json!({"title": "Call"})).await;
    let now = clock::now();
    for n in 0..60 {
        tell(&world, &task, now.plus(Duration::from_millis(n))).await;
    }
    tell(&world, &other, now.plus(Duration::from_millis(99))).await;
    read(&world, 3, now).await;
    world.store.delete_notifications_of(&Permit::of_system(), world.user.id, task.id, clock::now()).await.unwrap();
    assert_eq!(seen(&world, now).await, (1, 1));
    world.store.delete_notifications_of(&Permit::of_system(), world.user.id, task.id, clock::now()).await.unwrap();
    assert_eq!(seen(&world, now).await, (1, 1));
}

#[tokio::test]
async fn those_that_are_made_read_and_deleted_at_once_are_counted_right() {
    let (world, task) = world_with_task().await;
    let now = clock::now();
    let mut tasks = Vec::new();
    for n in 0..12 {
        tasks.push(world.task(json!({"title": format!("Task {n}")})).await);
    }
    tell(&world, &task, now).await;
    let completing = tasks.iter().map(|task| async {
        let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
        let done = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
        world
            .store
            .update_task(&world.permit(), &row, &row.task.change(done, &Zone::UTC, clock::now()).unwrap())
            .await
            .unwrap();
    });
    let permit = Permit::of_system();
    let reading = (0..6).map(|_| world.store.mark_all_read(&permit, world.user.id, now));
    let (_, read) = futures::join!(join_all(completing), join_all(reading));
    assert!(read.into_iter().all(|outcome| outcome.is_ok()));
    assert_eq!(seen(&world, clock::now().plus(DAY)).await.1, 13);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn count_and_list_agree_after_any_sequence(steps in proptest::collection::vec((0u8..6, 0usize..6, 0u64..200_000), 1..25)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let (world, task) = world_with_task().await;
            let mut now = Timestamp::parse("2026-01-01T12:00:00Z").unwrap();
            for (what, at, wait) in steps {
                let (_, listed) = seen(&world, now).await;
                match what {
                    0..3 => tell(&world, &task, now).await,
                    3 if at < listed => read(&world, at, now).await,
                    4 if at < listed => delete(&world, at, now).await,
                    5 => world.store.mark_all_read(&Permit::of_system(), world.user.id, now).await.unwrap(),
                    _ => {}
                }
                now = now.plus(Duration::from_secs(wait));
            }
            seen(&world, now).await;
            seen(&world, now.plus(DAY * 89)).await;
        });
    }

    #[test]
    fn a_walk_over_notifications_sees_what_stands_throughout_once_and_newest_first(
        stands in proptest::collection::vec(any::<bool>(), 1..14),
        steps in proptest::collection::vec((0u8..4, any::<usize>()), 0..10),
        limit in 1u32..5,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let (world, task) = world_with_task().await;
            let mut now = Timestamp::parse("2026-01-01T12:00:00Z").unwrap();
            for _ in &stands {
                tell(&world, &task, now).await;
                now = now.plus(Duration::from_millis(1));
            }
            let listed = ids(&world, None, 100, now).await.0;
            let (standing, mut passing): (Vec<_>, Vec<_>) = listed.iter().zip(&stands).partition(|(_, stands)| **stands);
            let (mut walked, mut after, mut steps) = (Vec::new(), None, steps.into_iter());
            loop {
                let (page, next) = ids(&world, after, limit, now).await;
                walked.extend(page);
                let Some(next) = next else { break };
                after = Some(next);
                match steps.next() {
                    Some((0, _)) => tell(&world, &task, now).await,
                    Some((1, _)) => world.store.mark_all_read(&world.permit(), world.user.id, now).await.unwrap(),
                    Some((2, which)) => {
                        let (id, _) = listed.iter().zip(&stands).nth(which % listed.len()).unwrap();
                        if let Some(found) = world.store.notification(world.user.id, *id, now).await.unwrap() {
                            world.store.mark_read(&world.permit(), &found, now).await.unwrap();
                        }
                    }
                    Some((_, which)) if !passing.is_empty() => {
                        let (id, _) = passing.swap_remove(which % passing.len());
                        let found = world.store.notification(world.user.id, *id, now).await.unwrap().unwrap();
                        world.store.delete_notification(&world.permit(), &found, now).await.unwrap();
                    }
                    _ => {}
                }
                now = now.plus(Duration::from_millis(1));
            }
            let standing: Vec<NotificationId> = standing.into_iter().map(|(id, _)| *id).collect();
            walked.retain(|id| standing.contains(id));
            assert_eq!(walked, standing);
        });
    }
}
