use serde_json::{Value, json};
use shared::domain::task::TaskTitle;
use shared::http::routes::{Route, SERVICE_FALLBACK, TASKS_CREATE};
use shared::http::{ApiError, App, Reply, Request};
use test_support::World;
use test_support::api::{answer, app, body, event};

use crate::ADDRESS;

/// Answers the parameters `token` and `undo` as it understands them.
async fn parameters(_: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::bare(200, json!([request.parameter("token"), request.parameter("undo")])))
}

/// Answers the field `title`.
async fn title(_: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let title: TaskTitle = request.body(|fields| fields.required("title", "Title"))?;
    Ok(Reply::bare(200, json!({"title": title})))
}

async fn sent(world: &World, route: &Route, text: &str) -> Value {
    let app = app(world.store.clone()).await;
    let mut event = world.event(route, ADDRESS);
    event["body"] = json!(text);
    let answer = answer(&app, route, &title, event).await;
    let out = body(&answer);
    if answer.status_code == 200 { out["title"].clone() } else { out["code"].clone() }
}

#[tokio::test]
async fn a_parameter_that_repeats_says_nothing() {
    let app = app(World::new().await.store).await;
    for (query, expected) in [
        ("token=a&undo=1", json!(["a", "1"])),
        ("token=a&token=b&undo=1", json!([null, "1"])),
        ("token=a&token=a", json!([null, null])),
        ("token=a&t%6Fken=b", json!([null, null])),
        ("token=&undo", json!(["", ""])),
        ("token[]=a&Token=b", json!([null, null])),
    ] {
        let mut event = event(&SERVICE_FALLBACK, ADDRESS);
        event["rawQueryString"] = json!(query);
        assert_eq!(body(&answer(&app, &SERVICE_FALLBACK, &parameters, event).await), expected, "{query}");
    }
}

#[tokio::test]
async fn json_nests_as_deep_as_its_reader_allows_and_no_deeper() {
    let world = World::new().await;
    let nested = |depth: usize| format!("{{\"title\":\"Deep\",\"extra\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(sent(&world, &TASKS_CREATE, &nested(126)).await, "Deep");
    for depth in [127, 1000, 100_000] {
        assert_eq!(sent(&world, &TASKS_CREATE, &nested(depth)).await, "MALFORMED_JSON", "{depth}");
    }
}

#[tokio::test]
async fn fields_that_nobody_knows_are_ignored_however_many() {
    let world = World::new().await;
    let mut wide = serde_json::Map::from_iter((0..15_000).map(|n| (format!("f{n}"), json!(n))));
    wide.insert("title".to_owned(), json!("Wide"));
    let text = Value::Object(wide).to_string();
    assert!((200_000..256 * 1024).contains(&text.len()), "{}", text.len());
    assert_eq!(sent(&world, &TASKS_CREATE, &text).await, "Wide");
}

#[tokio::test]
async fn of_two_equal_names_the_last_one_counts() {
    let world = World::new().await;
    assert_eq!(sent(&world, &TASKS_CREATE, r#"{"title":"First","title":"Last"}"#).await, "Last");
}
