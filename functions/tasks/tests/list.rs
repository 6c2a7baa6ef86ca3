//! `GET /api/tasks` of large accounts: how many tasks a page shows, what it costs, and how large its answer can be.
//! `--nocapture` shows the figures.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]
#![expect(clippy::print_stdout, reason = "--nocapture shows the measured figures")]

use std::time::Instant;

use serde_json::{Value, json};
use shared::domain::attachment::{Attachment, NewFile};
use shared::domain::task::{MAX_REMINDERS, Task};
use shared::http::App;
use shared::store::Permit;
use shared::store::import::Family;
use shared::store::meter::Consumption;
use tasks::list;
use test_support::api::{answer, app, body, event_size, limits, route};
use test_support::{World, clock, new_reminder, new_task};

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// What Lambda takes as a function's response.
const LAMBDA_MAX: usize = 6 * 1024 * 1024;

async fn world_with(tasks: impl Iterator<Item = Family>, of: World) -> (World, App) {
    let families: Vec<Family> = tasks.collect();
    for families in families.chunks(25) {
        let (permit, zone) = (Permit::of_system(), &of.user.timezone);
        of.store.import_tasks(&permit, families.to_vec(), zone, clock::now()).await.unwrap();
    }
    of.store.meter().take();
    let mut app = app(of.store.clone()).await;
    app.http.limits = limits("10000/900", "5/900");
    (of, app)
}

/// A page: its data, and the size of the function's response in bytes.
async fn page(world: &World, app: &App, query: &[(&str, &str)]) -> (Value, usize) {
    let route = route(list::OPERATION);
    let mut event = world.event(&route, "192.0.2.1");
    let query = query.iter().map(|(name, value)| format!("{name}={value}"));
    event["rawQueryString"] = json!(query.collect::<Vec<_>>().join("&"));
    let response = answer(app, &route, list::handle, event).await;
    let size = event_size(&response);
    (body(&response)["data"].take(), size)
}

fn ids(page: &Value) -> Vec<String> {
    page["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}

fn plain(world: &World, n: usize) -> Family {
    let body = json!({
        "title": format!("Task {n}: water the ferns on the balcony"),
        "description": "Two cups each, and none for the cactus. ".repeat(5),
        "category": "Garden", "dueDate": format!("2031-01-{:02}T10:00:00Z", n % 28 + 1),
    });
    Family { task: new_task(&world.user, body), reminders: Vec::new() }
}

#[tokio::test]
async fn a_list_without_a_limit_shows_five_hundred_tasks_with_one_query() {
    let world = World::new().await;
    let families: Vec<_> = (0..501).map(|n| plain(&world, n)).collect();
    let (world, app) = world_with(families.into_iter(), world).await;
    let start = Instant::now();
    let (first, size) = page(&world, &app, &[]).await;
    let took = start.elapsed();
    let spent = world.store.meter().take();
    println!("500 tasks: {spent:?}, {size} bytes, {took:?}");
    assert_eq!(first["tasks"].as_array().unwrap().len(), 500);
    // The limiter's write, and the Query of 501 rows of 0.84 KB.
    assert_eq!((spent.calls, spent.write_units), (2, 1.0));
    assert!((100.0..=110.0).contains(&spent.read_units), "{spent:?}");
    let cursor = first["nextCursor"].as_str().unwrap();
    let (last, _) = page(&world, &app, &[("cursor", cursor)]).await;
    assert_eq!((last["tasks"].as_array().unwrap().len(), &last["nextCursor"]), (1, &Value::Null));
    world.store.meter().take();
    page(&world, &app, &[("dueAfter", "2031-01-20")]).await;
    let spent = world.store.meter().take();
    assert_eq!((spent.calls, spent.write_units), (3, 1.0), "a plain date needs the user's zone");
}

/// A task of which everything is as long as it may be, in a letter that grows where it is sent.
fn heaviest(world: &World, letter: &str, n: usize) -> Family {
    let mut body = json!({
        "title": letter.repeat(200), "description": letter.repeat(1000), "category": letter.repeat(50),
        "link": format!("https://example.com/{}", "x".repeat(2028)),
    });
    if n.is_multiple_of(2) {
        body["dueDate"] = json!("2031-01-01T00:00:00Z");
    }
    let mut task: Task = new_task(&world.user, body);
    for _ in 0..20 {
        let name = format!("{}.jpg", letter.repeat(200));
        let file = NewFile::parse("file", &name, "image/jpeg", 1000).unwrap();
        let attachment = Attachment::announced(world.user.id, task.id, file, clock::now());
        task.attachments.insert(attachment.id, attachment.card);
    }
    let reminders = (0..MAX_REMINDERS).map(|_| new_reminder(&task, DAY)).collect();
    Family { task, reminders }
}

#[tokio::test]
async fn no_page_of_the_heaviest_tasks_is_larger_than_lambda_takes() {
    for letter in ["\"", "\u{10348}"] {
        let world = World::new().await;
        let families: Vec<_> = (0..200).map(|n| heaviest(&world, letter, n)).collect();
        let all = families.len();
        let (world, app) = world_with(families.into_iter(), world).await;
        for sort in ["dueDate", "-dueDate"] {
            let (mut seen, mut largest, mut cursor) = (Vec::new(), 0, None::<String>);
            let mut dearest = Consumption { calls: 0, read_units: 0.0, write_units: 0.0 };
            loop {
                let mut query = vec![("sort", sort)];
                query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
                let (page, size) = page(&world, &app, &query).await;
                let spent = world.store.meter().take();
                dearest = if spent.read_units > dearest.read_units { spent } else { dearest };
                largest = largest.max(size);
                seen.extend(ids(&page));
                cursor = page["nextCursor"].as_str().map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
            }
            println!("{letter:?} {sort}: {largest} bytes, {dearest:?}");
            assert!(largest <= LAMBDA_MAX, "{largest}");
            let count = seen.len();
            seen.sort();
            seen.dedup();
            assert_eq!((count, seen.len()), (all, all), "each once");
        }
    }
}
