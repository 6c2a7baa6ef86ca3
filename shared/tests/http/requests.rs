use serde_json::{Value, json};
use shared::domain::body::NoBody;
use shared::domain::task::TaskTitle;
use shared::http::{ApiError, App, Operation, Request, Success};
use test_support::World;
use test_support::api::{answer, app, body, event, route, status};

use crate::{ADDRESS, FALLBACK};

shared::body! {
    struct Titled {
        title: TaskTitle = required "title",
    }
}

const CREATE: Operation<Titled, Success<Value>> = Operation::post("/api/tasks", "");

/// Answers the parameters `token` and `undo` as it understands them.
async fn parameters(_: &App, request: &Request<'_, NoBody>) -> Result<Success<Value>, ApiError> {
    Ok(Success::new("Read", json!([request.parameter("token"), request.parameter("undo")])))
}

/// Answers the field `title`.
async fn title(app: &App, request: &Request<'_, Titled>) -> Result<Success<Value>, ApiError> {
    Ok(Success::new("Read", json!(request.body(app)?.title)))
}

async fn sent(world: &World, text: &str) -> Value {
    let app = app(world.store.clone()).await;
    let route = route(CREATE);
    let mut event = world.event(&route, ADDRESS);
    event["body"] = json!(text);
    let answer = answer(&app, &route, title, event).await;
    let out = body(&answer);
    if status(&answer) == 200 { out["data"].clone() } else { out["code"].clone() }
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
        let route = route(FALLBACK);
        let mut event = event(&route, ADDRESS);
        event["rawQueryString"] = json!(query);
        assert_eq!(body(&answer(&app, &route, parameters, event).await)["data"], expected, "{query}");
    }
}

#[tokio::test]
async fn json_nests_as_deep_as_its_reader_allows_and_no_deeper() {
    let world = World::new().await;
    let nested = |depth: usize| format!("{{\"title\":\"Deep\",\"extra\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(sent(&world, &nested(126)).await, "Deep");
    for depth in [127, 1000, 100_000] {
        assert_eq!(sent(&world, &nested(depth)).await, "MALFORMED_JSON", "{depth}");
    }
}

#[tokio::test]
async fn fields_that_nobody_knows_are_ignored_however_many() {
    let world = World::new().await;
    let mut wide = serde_json::Map::from_iter((0..15_000).map(|n| (format!("f{n}"), json!(n))));
    wide.insert("title".to_owned(), json!("Wide"));
    let text = Value::Object(wide).to_string();
    assert!((200_000..256 * 1024).contains(&text.len()), "{}", text.len());
    assert_eq!(sent(&world, &text).await, "Wide");
}

#[tokio::test]
async fn of_two_equal_names_the_last_one_counts() {
    let world = World::new().await;
    assert_eq!(sent(&world, r#"{"title":"First","title":"Last"}"#).await, "Last");
}
