//! Paging while others write: what stands throughout is seen once, in order.
#![expect(clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::domain::reminder::ReminderPatch;
use shared::domain::task::{Task, TaskPatch};
use shared::domain::task_query::TaskQuery;
use shared::domain::zone::Zone;
use shared::id::{ReminderId, TaskId};
use shared::store::counters::CounterSnapshot;

use test_support::{World, clock, new_reminder, parsed};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What somebody else does between two pages; the numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Add(Option<u32>),
    Move(usize, Option<u32>),
    Remove(usize),
}

/// A day, of so few that many things share one; or none.
fn day() -> impl Strategy<Value = Option<u32>> {
    prop::option::weighted(0.75, 1u32..8)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        day().prop_map(Step::Add),
        (any::<usize>(), day()).prop_map(|(which, day)| Step::Move(which, day)),
        any::<usize>().prop_map(Step::Remove),
    ]
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

fn body(title: &str, day: Option<u32>) -> Value {
    let due = day.map(|day| format!("2031-03-{day:02}T00:00:00Z"));
    json!({"title": title, "dueDate": due})
}

/// Does to the passing tasks what a step says.
async fn step_over_tasks(world: &World, passing: &mut Vec<TaskId>, step: &Step) {
    let some = |which: usize| which.checked_rem(passing.len());
    match step {
        Step::Add(day) => passing.push(world.task(body("Comes", *day)).await.id),
        Step::Move(which, day) => {
            let Some(at) = some(*which) else { return };
            let row = world.store.task(world.user.id, passing[at]).await.unwrap().unwrap();
            let patch: TaskPatch = parsed(json!({"dueDate": body("Moves", *day)["dueDate"]}), clock::now());
            world
                .store
                .update_task(&world.permit(), &row, &row.task.change(patch, &Zone::UTC, clock::now()).unwrap())
                .await
                .unwrap();
        }
        Step::Remove(which) => {
            let Some(at) = some(*which) else { return };
            let row = world.store.task(world.user.id, passing.swap_remove(at)).await.unwrap().unwrap();
            world.store.delete_task(&world.permit(), &row, clock::now()).await.unwrap();
        }
    }
}

/// Every page, with a step after each as long as there are steps.
async fn walk_tasks(world: &World, query: &TaskQuery, limit: u32, steps: &[Step]) -> Vec<TaskId> {
    let (mut passing, mut seen, mut after) = (Vec::new(), Vec::new(), None);
    for day in [Some(2), Some(4), None] {
        passing.push(world.task(body("Passes", day)).await.id);
    }
    let mut steps = steps.iter();
    loop {
        let page = world.store.tasks(world.user.id, query, after, limit).await.unwrap();
        seen.extend(page.rows.iter().map(|row| row.value.id));
        let Some(next) = page.next else { return seen };
        after = Some(next);
        if let Some(step) = steps.next() {
            step_over_tasks(world, &mut passing, step).await;
        }
    }
}

async fn step_over_reminders(world: &World, task: &Task, passing: &mut Vec<ReminderId>, step: &Step) {
    let some = |which: usize| which.checked_rem(passing.len());
    let ahead = |day: Option<u32>| DAY * day.unwrap_or(9);
    match step {
        Step::Add(day) => passing.push(world.reminder(task, ahead(*day)).await.id),
        Step::Move(which, day) => {
            let Some(at) = some(*which) else { return };
            let reminder = world.store.reminder(world.user.id, passing[at]).await.unwrap().unwrap();
            let now = clock::now();
            let patch = ReminderPatch { scheduled_at: Some(now.plus(ahead(*day))), ..ReminderPatch::default() };
            let moved = reminder.change(patch, now).unwrap();
            world.store.update_reminder(&world.permit(), &moved, &CounterSnapshot::default()).await.unwrap();
        }
        Step::Remove(which) => {
            let Some(at) = some(*which) else { return };
            let gone = world.store.reminder(world.user.id, passing.swap_remove(at)).await.unwrap().unwrap();
            world
                .store
                .delete_reminder(&world.permit(), &gone, &CounterSnapshot::default(), clock::now())
                .await
                .unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_walk_over_tasks_sees_what_stands_throughout_once_and_in_order(
        standing in prop::collection::vec(day(), 1..12),
        steps in prop::collection::vec(step(), 0..12),
        limit in 1u32..5,
        sort in prop::sample::select(vec!["dueDate", "-dueDate", "createdAt", "-createdAt"]),
        filtered in any::<bool>(),
    ) {
        block_on(async {
            let world = World::new().await;
            let mut stands = Vec::new();
            for day in standing {
                stands.push(world.task(body("Stands", day)).await.id);
            }
            let mut pairs = vec![("sort".to_owned(), sort.to_owned())];
            pairs.extend(filtered.then(|| ("q".to_owned(), "stands".to_owned())));
            let query = TaskQuery::read(&pairs).unwrap().resolve(&Zone::UTC);
            let still = world.store.tasks(world.user.id, &query, None, 100).await.unwrap();
            let still: Vec<TaskId> = still.rows.iter().map(|row| row.value.id).collect();
            let mut seen = walk_tasks(&world, &query, limit, &steps).await;
            seen.retain(|id| stands.contains(id));
            prop_assert_eq!(seen, still);
            Ok(())
        })?;
    }

    #[test]
    fn a_walk_over_reminders_sees_what_stands_throughout_once_and_in_order(
        standing in prop::collection::vec(1u32..8, 1..9),
        steps in prop::collection::vec(step(), 0..8),
        limit in 1u32..4,
    ) {
        block_on(async {
            let world = World::new().await;
            let task = world.task(json!({"title": "Water the ferns"})).await;
            let mut stands = Vec::new();
            for day in standing {
                let reminder = new_reminder(&task, DAY * day);
                world.store.create_reminder(&world.permit(), &reminder).await.unwrap();
                stands.push((reminder.scheduled_at, reminder.id));
            }
            stands.sort();
            let (mut passing, mut seen, mut after) = (vec![world.reminder(&task, DAY * 3).await.id], Vec::new(), None);
            let mut steps = steps.iter();
            loop {
                let page = world.store.reminders(world.user.id, after, limit).await.unwrap();
                seen.extend(page.rows.iter().map(|row| (row.value.0.scheduled_at, row.value.0.id)));
                let Some(next) = page.next else { break };
                after = Some(next);
                if let Some(step) = steps.next() {
                    step_over_reminders(&world, &task, &mut passing, step).await;
                }
            }
            seen.retain(|reminder| stands.contains(reminder));
            prop_assert_eq!(seen, stands);
            Ok(())
        })?;
    }
}
