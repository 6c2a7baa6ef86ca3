use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::domain::body::NoBody;
use shared::domain::task::TaskTitle;
use shared::http::{ApiError, App, Operation, Request, Success};
use test_support::World;
use test_support::api::{answer, app, body, event, header, route, status};

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
    sent_with(world, |event| event["body"] = json!(text)).await
}

/// The title that is read from a request, or the code of its error.
async fn sent_with(world: &World, change: impl FnOnce(&mut Value)) -> Value {
    let app = app(world.store.clone()).await;
    let route = route(CREATE);
    let mut event = world.event(&route, ADDRESS);
    change(&mut event);
    let answer = answer(&app, &route, title, event).await;
    let out = body(&answer);
    if status(&answer) == 200 { out["data"].clone() } else { out["code"].clone() }
}

/// Answers the API's base URL.
async fn public_url(app: &App, _: &Request<'_, NoBody>) -> Result<Success<Value>, ApiError> {
    Ok(Success::new("Read", json!(&*app.http.public_url)))
}

#[tokio::test]
async fn an_api_without_a_domain_of_its_own_takes_its_url_from_the_gateway() {
    let (given, mine) = ("https://api.example.com", "a1b2.execute-api.eu-west-1.amazonaws.com");
    for configured in [Some(given), None] {
        let mut app = app(World::new().await.store).await;
        app.http.public_url = configured.map(|url| url.to_owned().into()).unwrap_or_default();
        let route = route(FALLBACK);
        let mut event = event(&route, ADDRESS);
        event["requestContext"]["domainName"] = json!(mine);
        event["headers"]["host"] = json!("evil.example");
        let expected = configured.map_or_else(|| format!("https://{mine}"), str::to_owned);
        assert_eq!(body(&answer(&app, &route, public_url, event).await)["data"], json!(expected));
    }
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

fn binary(event: &mut Value, body: &[u8]) {
    event["body"] = json!(STANDARD.encode(body));
    event["isBase64Encoded"] = json!(true);
}

#[tokio::test]
async fn one_byte_order_mark_before_json_is_skipped() {
    let world = World::new().await;
    assert_eq!(sent(&world, "\u{feff}{\"title\":\"Marked\"}").await, "Marked");
    assert_eq!(sent_with(&world, |event| binary(event, b"\xef\xbb\xbf{\"title\":\"Marked\"}")).await, "Marked");
    assert_eq!(sent(&world, "\u{feff}\u{feff}{\"title\":\"Marked\"}").await, "MALFORMED_JSON");
    assert_eq!(sent(&world, "{\u{feff}\"title\":\"Marked\"}").await, "MALFORMED_JSON");
    assert_eq!(sent(&world, "\u{feff}").await, "MALFORMED_JSON");
}

#[tokio::test]
async fn bytes_that_are_no_utf8_are_refused_also_where_the_gateway_has_replaced_them() {
    let world = World::new().await;
    let latin1 = b"{\"title\":\"Na\xefve\"}";
    assert_eq!(sent_with(&world, |event| binary(event, latin1)).await, "MALFORMED_JSON");
    assert_eq!(sent(&world, &String::from_utf8_lossy(latin1)).await, "MALFORMED_JSON");
    assert_eq!(sent(&world, "{\"title\":\"Cafe\",\"unknown\":\"\u{fffd}\"}").await, "MALFORMED_JSON");
    assert_eq!(sent(&world, r#"{"title":"Na\ufffdve"}"#).await, "Na\u{fffd}ve");
    let as_bytes = "{\"title\":\"Na\u{fffd}ve\"}".as_bytes();
    assert_eq!(sent_with(&world, |event| binary(event, as_bytes)).await, "Na\u{fffd}ve", "it was sent, not put there");
}

#[tokio::test]
async fn a_charset_other_than_utf8_is_415() {
    let world = World::new().await;
    let typed = async |kind: &str| {
        sent_with(&world, |event| {
            event["headers"]["content-type"] = json!(kind);
            event["body"] = json!("{\"title\":\"Read\"}");
        })
        .await
    };
    for good in [
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        "application/json; charset=\"utf-8\"",
        "application/json ; CharSet = utf8 ; x=y",
        "application/json;",
    ] {
        assert_eq!(typed(good).await, "Read", "{good}");
    }
    for bad in [
        "application/json; charset=iso-8859-1",
        "application/json; charset=utf-16",
        "application/json; x=y; Charset=\"latin1\"",
        "application/json; charset=utf-8; charset=latin1",
        "application/json; charset=",
    ] {
        assert_eq!(typed(bad).await, "UNSUPPORTED_MEDIA_TYPE", "{bad}");
    }
}

#[tokio::test]
async fn a_compressed_body_is_415_whatever_it_holds() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    for (coding, expected) in [
        ("gzip", 415),
        ("br", 415),
        ("identity, gzip", 415),
        ("x-unknown", 415),
        ("identity", 200),
        ("Identity, identity", 200),
        ("", 200),
    ] {
        for (route, good) in
            [(route(CREATE), json!("{\"title\":\"Read\"}")), (route(CREATE.optional_body()), Value::Null)]
        {
            let mut event = world.event(&route, ADDRESS);
            event["headers"]["content-encoding"] = json!(coding);
            event["body"] = good;
            let is_empty = event["body"].is_null();
            let answer = answer(&app, &route, title, event).await;
            if expected == 200 {
                assert_eq!(status(&answer), if is_empty { 400 } else { 200 }, "{coding}");
            } else {
                assert_eq!((status(&answer), header(&answer, "accept-encoding")), (415, Some("identity")), "{coding}");
                assert_eq!(body(&answer)["message"], "Content-Encoding must be identity");
            }
        }
    }
}
