//! `If-Match` where many write at once: nobody overwrites what they have not seen.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]

use futures::future::join_all;
use serde_json::{Value, json};
use shared::domain::task::Task;
use shared::http::{App, Route};
use tasks::{get, update};
use test_support::World;
use test_support::api::{answer, app, body, header, limits, route, status};

const WRITERS: usize = 64;
const ROUNDS: usize = 4;

fn about(world: &World, route: &Route, task: &Task) -> Value {
    let mut event = world.event(route, "192.0.2.1");
    event["pathParameters"] = json!({"id": task.id});
    event
}

/// Reads the number in the task's description, and writes the next one if the task is still as it was read. Returns
/// the status.
async fn increment(world: &World, app: &App, task: &Task) -> u16 {
    let (get_route, update_route) = (route(get::OPERATION), route(update::OPERATION));
    let read = answer(app, &get_route, get::handle, about(world, &get_route, task)).await;
    let number: u64 = body(&read)["data"]["task"]["description"].as_str().unwrap().parse().unwrap();
    let mut event = about(world, &update_route, task);
    event["headers"]["if-match"] = json!(header(&read, "etag").unwrap());
    event["body"] = json!(json!({"description": (number + 1).to_string()}).to_string());
    status(&answer(app, &update_route, update::handle, event).await)
}

#[tokio::test]
async fn of_64_writers_each_increments_a_description_or_is_refused() {
    let world = World::new().await;
    let mut app = app(world.store.clone()).await;
    app.http.limits = limits("10000/900", "5/900");
    let task = world.task(json!({"title": "Count", "description": "0"})).await;
    let writer = async || {
        let mut statuses = Vec::new();
        for _ in 0..ROUNDS {
            statuses.push(increment(&world, &app, &task).await);
        }
        statuses
    };
    let statuses = join_all((0..WRITERS).map(|_| writer())).await.concat();
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(count(200) + count(412) + count(409), WRITERS * ROUNDS, "{statuses:?}");
    assert!(count(200) >= ROUNDS, "{statuses:?}");
    let stored = world.store.task(world.user.id, task.id).await.unwrap().unwrap().task;
    let get_route = route(get::OPERATION);
    let counted = body(&answer(&app, &get_route, get::handle, about(&world, &get_route, &task)).await);
    assert_eq!(counted["data"]["task"]["description"], count(200).to_string());
    assert_eq!(stored.version, count(200) as u64 + 1);
}
