//! The edge: what `lambda_http` cannot decode is answered 400 in our shape, and what it could lose arrives.

use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Context;
use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};
use shared::domain::body::NoBody;
use shared::http::cookies::CookieName;
use shared::http::headers::ON_EVERY_ANSWER;
use shared::http::{ApiError, App, Done, ErrorCode, HttpFunction, Operation, Request, Success, WithHead, erased};
use shared::runtime::Serve;
use test_support::World;
use test_support::api::{app, event, limits, route};
use tokio::task::LocalSet;

use crate::{ADDRESS, FALLBACK};

const ECHO: Operation<NoBody, Success<Value>> = Operation::get("/api/tasks/{id}", "").anyone();

/// Answers what of the request reaches a handler.
async fn echo(app: &App, request: &Request<'_>) -> Result<Success<Value>, ApiError> {
    let body = String::from_utf8_lossy(request.bytes()).into_owned();
    let seen = json!({
        "path": request.path(),
        "q": request.parameter("q"),
        "cookie": request.cookies(app, CookieName::Access).first(),
        "body": body,
        "id": request.path_id("Task", |id| Ok(id.to_owned()))?,
    });
    Ok(Success::new("Seen", seen).header("x-twice", "one").header("x-twice", "two"))
}

async fn with_two_allows(_: &App, _: &Request<'_>) -> Result<Done, ApiError> {
    Err(ApiError::new(ErrorCode::MethodNotAllowed).with_header("allow", "GET").with_header("allow", "POST"))
}

/// Passes an event through the whole edge, as Lambda's runtime does.
async fn invoked(function: HttpFunction, event: Value) -> Value {
    let mut context = Context::default();
    "r-1".clone_into(&mut context.request_id);
    let answered = Rc::new(function).invoke(LambdaEvent::new(event, context));
    LocalSet::new().run_until(answered).await.unwrap()
}

async fn seen(change: impl FnOnce(&mut Value)) -> Value {
    let route = route(ECHO);
    let mut event = event(&route, ADDRESS);
    event["rawPath"] = json!("/api/tasks/7");
    change(&mut event);
    let function = HttpFunction::new(app(World::new().await.store).await, route, erased(echo));
    invoked(function, event).await
}

fn data(answer: &Value) -> Value {
    assert_eq!(answer["statusCode"], 200, "{answer}");
    serde_json::from_str::<Value>(answer["body"].as_str().unwrap()).unwrap()["data"].clone()
}

#[tokio::test]
async fn what_the_adapter_cannot_decode_is_400_in_our_shape() {
    type Change = fn(&mut Value);
    let undecodable: [(&str, Change); 7] = [
        ("a quotation mark in the query", |event| event["rawQueryString"] = json!("q=\"a\"")),
        ("an angle bracket in the query", |event| event["rawQueryString"] = json!("q=<a")),
        ("a space in the query", |event| event["rawQueryString"] = json!("q=a b")),
        ("a query of more than 64 KB", |event| event["rawQueryString"] = json!(format!("q={}", "a".repeat(66_000)))),
        ("a host that is none", |event| event["headers"]["host"] = json!("exa mple.com")),
        ("a scheme that is none", |event| {
            event["headers"]["host"] = json!("example.com");
            event["headers"]["x-forwarded-proto"] = json!("ht tp");
        }),
        ("a body that is no Base64", |event| {
            event["isBase64Encoded"] = json!(true);
            event["body"] = json!("not base64!");
        }),
    ];
    for (what, change) in undecodable {
        let answer = seen(change).await;
        assert_eq!(answer["statusCode"], 400, "{what}: {answer}");
        let out: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!((&out["success"], &out["code"]), (&json!(false), &json!("VALIDATION_FAILED")), "{what}");
        assert_eq!((&out["requestId"], &out["errors"][0]["field"]), (&json!("r-1"), &json!("request")), "{what}");
        for (name, value) in ON_EVERY_ANSWER {
            assert_eq!(answer["headers"][name], value, "{what}: {name}");
        }
        assert_eq!(answer["headers"]["x-request-id"], "r-1", "{what}");
        assert_eq!(answer["headers"]["ratelimit-remaining"], "999", "{what}: it counts");
    }
}

#[tokio::test]
async fn a_client_that_sends_what_cannot_be_decoded_is_limited_and_no_other() {
    let world = World::new().await;
    let ask = async |address: &str| {
        let route = route(ECHO);
        let mut app = app(world.store.clone()).await;
        app.http.limits = limits("2/100000000", "5/900");
        let mut event = event(&route, address);
        event["rawQueryString"] = json!("q=a b");
        let answer = invoked(HttpFunction::new(app, route, erased(echo)), event).await;
        answer["statusCode"].as_u64().unwrap()
    };
    assert_eq!([ask(ADDRESS).await, ask(ADDRESS).await, ask(ADDRESS).await], [400, 400, 429]);
    assert_eq!(ask("192.0.2.2").await, 400);
}

#[tokio::test]
async fn head_is_answered_as_get_without_its_body() {
    let [get, head] = ["GET", "HEAD"].map(|method| {
        seen(move |event| {
            event["requestContext"]["http"]["method"] = json!(method);
            event["rawQueryString"] = json!(format!("q={}", "a".repeat(2000)));
            event["headers"]["accept-encoding"] = json!("gzip");
        })
    });
    let (mut get, mut head) = (get.await, head.await);
    let length = match get["isBase64Encoded"].as_bool() {
        Some(true) => STANDARD.decode(get["body"].as_str().unwrap()).unwrap().len(),
        _ => panic!("not compressed: {get}"),
    };
    assert_eq!((head["statusCode"].as_u64(), head["body"].as_str().unwrap_or_default()), (Some(200), ""));
    let [get, head] = [&mut get, &mut head].map(|answer| answer["headers"].as_object_mut().unwrap());
    assert_eq!(head.remove("content-length"), Some(json!(length.to_string())));
    assert_eq!(get, head);
}

#[tokio::test]
async fn a_request_arrives_whole() {
    let answer = seen(|event| {
        event["rawQueryString"] = json!("q=%C3%A9+%26%22");
        event["isBase64Encoded"] = json!(true);
        event["body"] = json!("w6lhAA==");
    });
    let out = data(&answer.await);
    assert_eq!((&out["q"], &out["body"], &out["path"]), (&json!("é &\""), &json!("éa\0"), &json!("/api/tasks/7")));
    // API Gateway gives path parameters; `cargo lambda watch` does not, and the path has them anyway.
    assert_eq!(out["id"], "7");
    let given = seen(|event| event["pathParameters"] = json!({"id": "8"})).await;
    assert_eq!(data(&given)["id"], "8");
    let null = seen(|event| event["pathParameters"] = Value::Null).await;
    assert_eq!(data(&null)["id"], "7");
}

#[tokio::test]
async fn a_foreign_cookie_hides_none_of_ours() {
    let listed = seen(|event| event["cookies"] = json!(["theme=café", "__Host-accessToken=t"])).await;
    assert_eq!(data(&listed)["cookie"], "t", "API Gateway lists cookies");
    let sent = seen(|event| event["headers"]["cookie"] = json!("theme=café; __Host-accessToken=t")).await;
    assert_eq!(data(&sent)["cookie"], "t", "the local cloud sends the header");
}

#[tokio::test]
async fn of_several_headers_of_one_name_all_values_are_sent() {
    let answer = seen(|_| {}).await;
    assert_eq!(answer["headers"]["x-twice"], "one, two");
    let route = route(FALLBACK);
    let asked = event(&route, ADDRESS);
    let function = HttpFunction::new(app(World::new().await.store).await, route, erased(with_two_allows));
    assert_eq!(invoked(function, asked).await["headers"]["allow"], "GET, POST");
}
