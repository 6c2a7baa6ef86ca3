//! `GET /api/reminders` of a large account: how many reminders a page shows, and what it costs. `--nocapture` shows the
//! figures.
#![expect(clippy::print_stdout, reason = "--nocapture shows the measured figures")]

use std::time::{Duration, Instant};

use reminders::list;
use serde_json::{Value, json};
use shared::store::Permit;
use shared::store::import::Family;
use test_support::api::{answer, app, body, event_size, route};
use test_support::{World, clock, new_reminder, new_task};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_list_without_a_limit_shows_five_hundred_reminders_with_a_query_and_five_reads_of_tasks_at_once() {
    let world = World::new().await;
    let mut families = Vec::new();
    for n in 1..=501 {
        let task = new_task(&world.user, json!({"title": format!("Task {n}"), "description": "", "category": "Home"}));
        let reminders = vec![new_reminder(&task, HOUR * n)];
        families.push(Family { task, reminders });
    }
    for families in families.chunks(50) {
        let (permit, zone) = (Permit::of_system(), &world.user.timezone);
        world.store.import_tasks(&permit, families.to_vec(), zone, clock::now()).await.unwrap();
    }
    world.store.meter().take();
    let (app, route) = (app(world.store.clone()).await, route(list::OPERATION));
    let start = Instant::now();
    let response = answer(&app, &route, list::handle, world.event(&route, "192.0.2.1")).await;
    let took = start.elapsed();
    let spent = world.store.meter().take();
    println!("500 reminders: {spent:?}, {} bytes, {took:?}", event_size(&response));
    // The limiter's write, the Query of 501 rows of 0.73 KB, and five times 100 tasks.
    assert_eq!((spent.calls, spent.write_units), (7, 1.0));
    assert!((550.0..=600.0).contains(&spent.read_units), "{spent:?}");
    let data = &body(&response)["data"];
    let listed = data["reminders"].as_array().unwrap();
    assert_eq!(listed.len(), 500);
    assert!(data["nextCursor"].is_string());
    for (n, reminder) in (1..).zip(listed) {
        let task = json!({
            "id": reminder["taskId"], "title": format!("Task {n}"), "description": "", "category": "Home",
            "priority": "medium",
        });
        assert_eq!(reminder["task"], task, "no attachments and reminders");
        assert_ne!(reminder["task"], Value::Null);
    }
}
