use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::join_all;
use serde_json::json;
use shared::clock::Timestamp;
use shared::domain::body::NoBody;
use shared::http::limiter::Counting;
use shared::http::{ApiError, App, Created, Done, ErrorCode, NoData, Operation, Request, Route, WithHead, limiter};
use shared::limits::RateLimitClass;
use shared::store::{Permit, Store};
use test_support::api::{answer, app, body, event, header, limits, route, status};
use test_support::{Answer, Scripted, TABLE, World, keyring, sdk};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{ADDRESS, FALLBACK, ME, fine, limited};

/// So long that no test sees its end.
const AGES: &str = "/100000000";

static WRITTEN: AtomicU32 = AtomicU32::new(0);

async fn write(_: &App, request: &Request<'_>) -> Result<Created<NoData>, ApiError> {
    let _: Permit = request.permit().await?;
    WRITTEN.fetch_add(1, Ordering::Relaxed);
    Ok(Created::new("Written", NoData {}))
}

async fn fail(_: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    request.permit().await?;
    Err(ApiError::new(ErrorCode::InvalidCredentials))
}

pub(crate) async fn read(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    app.store.user(request.caller()?.id).await?;
    Ok(Done::message("Read"))
}

#[tokio::test]
async fn of_200_requests_at_once_100_pass_and_no_other_gets_leave_to_write() {
    let mut app = app(World::new().await.store).await;
    app.http.limits = limits(&format!("100{AGES}"), "5/900");
    let route = &route(FALLBACK);
    let answers = join_all((0..200).map(|_| answer(&app, route, write, event(route, ADDRESS)))).await;
    let count = |expected| answers.iter().filter(|answer| status(answer) == expected).count();
    assert_eq!((count(201), count(429)), (100, 100));
    assert_eq!(WRITTEN.load(Ordering::Relaxed), 100);
    for refused in answers.iter().filter(|answer| status(answer) == 429) {
        assert_eq!(body(refused)["code"], "TOO_MANY_REQUESTS");
        assert_eq!(header(refused, "ratelimit-remaining"), Some("0"));
        assert!(header(refused, "retry-after").unwrap().parse::<i64>().unwrap() > 0);
    }
}

#[tokio::test]
async fn no_second_burst_passes_over_a_window_s_edge() {
    let world = World::new().await;
    let (keys, limits) = (keyring(), limits("100/900", "5/900"));
    let passed = async |address: &str, second: i64| {
        let now = Timestamp::from_second(900 * 2_000_000 + second).unwrap();
        let decide = || limiter::decide(&world.store, &limits, Counting::of_address(&keys, address), now);
        let decisions = join_all((0..120).map(|_| decide())).await;
        decisions.iter().filter(|decision| decision.check().is_ok()).count()
    };
    assert_eq!(passed("192.0.2.1", 899).await, 100);
    assert_eq!(passed("192.0.2.1", 900).await, 0, "a second later");
    assert_eq!(passed("192.0.2.2", 899).await, 100);
    assert_eq!(passed("192.0.2.2", 1350).await, 50, "half a window later");
    assert_eq!(passed("192.0.2.3", 899).await, 100);
    assert_eq!(passed("192.0.2.3", 1800).await, 100, "a whole window later");
}

#[tokio::test]
async fn where_only_failures_count_successes_are_given_back_and_failures_are_not() {
    let mut app = app(World::new().await.store).await;
    app.http.limits = limits("100/900", &format!("5{AGES}"));
    let (login, register) = (limited("/api/auth/login"), limited("/api/auth/register"));
    let ask = || event(&login, ADDRESS);
    for _ in 0..8 {
        let passed = answer(&app, &login, fine, ask()).await;
        assert_eq!((status(&passed), header(&passed, "ratelimit-limit")), (200, Some("5")));
    }
    for left in ["4", "3", "2", "1", "0"] {
        let failed = answer(&app, &login, fail, ask()).await;
        assert_eq!((status(&failed), header(&failed, "ratelimit-remaining")), (401, Some(left)));
    }
    assert_eq!(status(&answer(&app, &login, fine, ask()).await), 429);
    assert_eq!(status(&answer(&app, &register, fine, event(&register, ADDRESS)).await), 429, "one class");
    assert_eq!(status(&answer(&app, &login, fine, event(&login, "192.0.2.2")).await), 200);
    assert_eq!(status(&answer(&app, &route(FALLBACK), fine, event(&route(FALLBACK), ADDRESS)).await), 200);
}

async fn conflict(_: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    request.permit().await?;
    Err(ApiError::new(ErrorCode::Conflict))
}

async fn registered(_: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    request.permit().await?;
    Ok(Done::message("Registered").counted_in(RateLimitClass::Register))
}

async fn taken(_: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    request.permit().await?;
    Err(ApiError::new(ErrorCode::UserExists))
}

/// A route in the classes `auth` and `register`.
fn registration() -> Route {
    let register = Operation::<NoBody, Done>::post_nothing("/api/auth/register", "").anyone();
    route(register.limit(RateLimitClass::Auth).limit(RateLimitClass::Register).counted_by_address())
}

#[tokio::test]
async fn a_conflict_is_no_failure() {
    let mut app = app(World::new().await.store).await;
    app.http.limits = limits("100/900", &format!("1{AGES}"));
    let login = limited("/api/auth/login");
    for _ in 0..3 {
        assert_eq!(status(&answer(&app, &login, conflict, event(&login, ADDRESS)).await), 409);
    }
    assert_eq!(status(&answer(&app, &login, fail, event(&login, ADDRESS)).await), 401);
    assert_eq!(status(&answer(&app, &login, conflict, event(&login, ADDRESS)).await), 429);
}

#[tokio::test]
async fn of_two_classes_a_request_counts_in_the_one_that_it_is_about() {
    let world = World::new().await;
    let mut app = app(world.store.clone()).await;
    app.http.limits = limits("100/900", &format!("2{AGES}"));
    let route = &registration();
    for _ in 0..10 {
        assert_eq!(status(&answer(&app, route, registered, event(route, ADDRESS)).await), 200);
        let spent = app.store.meter().take();
        assert_eq!((spent.calls, spent.write_units), (2, 2.0), "counted, and given back to one class");
    }
    let refused = answer(&app, route, registered, event(route, ADDRESS)).await;
    assert_eq!((status(&refused), header(&refused, "ratelimit-policy")), (429, Some("10;w=3600")));
    for _ in 0..2 {
        assert_eq!(status(&answer(&app, route, taken, event(route, "192.0.2.2")).await), 400);
    }
    let refused = answer(&app, route, registered, event(route, "192.0.2.2")).await;
    assert_eq!((status(&refused), header(&refused, "ratelimit-limit")), (429, Some("2")));
}

#[tokio::test]
async fn an_account_has_a_thousand_requests_wherever_it_calls_from_and_its_address_none_the_less() {
    let world = World::new().await;
    let mut app = app(world.store.clone()).await;
    app.http.limits = shared::limits::Limits::parse(&format!(
        "global=2{AGES},account=3{AGES},foreign=1{AGES},auth=1{AGES},otp=1/9,register=1/9,reset=1/9,verify=1/9,\
         upload=1/9,login=1/9,mailbox-hour=1/9,mailbox-day=1/9,code-hour=1/9,code-day=1/9"
    ))
    .unwrap();
    let route = &route(ME.anyone_or_signed_in());
    let ask = async |event| status(&answer(&app, route, fine, event).await);
    for address in [ADDRESS, ADDRESS, "192.0.2.2"] {
        assert_eq!(ask(world.event(route, address)).await, 200);
    }
    assert_eq!(ask(world.event(route, "192.0.2.3")).await, 429);
    for expected in [200, 200, 429] {
        assert_eq!(ask(event(route, ADDRESS)).await, expected);
    }
    // A token that is forged makes no other client.
    let mut forged = event(route, ADDRESS);
    forged["headers"]["authorization"] = json!("Bearer a.b.c");
    assert_eq!(ask(forged).await, 429);
}

#[tokio::test]
async fn a_failure_of_a_signed_in_caller_counts_for_the_account_unless_the_route_counts_by_address() {
    let world = World::new().await;
    let mut app = app(world.store.clone()).await;
    app.http.limits = limits("100/900", &format!("1{AGES}"));
    let change = &route(Operation::<NoBody, Done>::post_nothing("/api/user/x", "").limit(RateLimitClass::Auth));
    assert_eq!(status(&answer(&app, change, fail, world.event(change, ADDRESS)).await), 401);
    assert_eq!(status(&answer(&app, change, fail, world.event(change, "192.0.2.2")).await), 429);
    let login = &limited("/api/auth/login");
    assert_eq!(status(&answer(&app, login, fine, event(login, ADDRESS)).await), 200);
    let by_address = &registration();
    assert_eq!(status(&answer(&app, by_address, fail, world.event(by_address, ADDRESS)).await), 401);
    assert_eq!(status(&answer(&app, login, fine, event(login, ADDRESS)).await), 429);
}

async fn read_twice(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    read(app, request).await?;
    read(app, request).await
}

#[tokio::test]
async fn of_a_rejected_request_one_read_was_made_at_most_and_of_the_next_none() {
    let world = World::new().await;
    let (store, operations) = world.behind_a_slow_limiter();
    let mut app = app(store).await;
    app.http.limits = limits(&format!("1{AGES}"), "5/900");
    let route = &route(ME);
    let ask = async || {
        let answer = answer(&app, route, read_twice, world.event(route, ADDRESS)).await;
        let mut operations = operations.take();
        operations.sort();
        (status(&answer), operations)
    };
    assert_eq!(ask().await, (200, vec!["GetItem".into(), "GetItem".into(), "UpdateItem".into()]));
    assert_eq!(ask().await, (429, vec!["GetItem".into(), "UpdateItem".into()]));
    assert_eq!(ask().await, (429, vec!["UpdateItem".into()]), "it is known to be rejected");
}

#[tokio::test]
async fn a_counter_that_is_throttled_counts_as_exceeded() {
    let throttled = json!({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "Slow down"});
    let table = Scripted::new(vec![Answer::error(throttled)]).await;
    let app = app(Store::new(&table.sdk(), TABLE.to_owned())).await;
    for route in [&route(FALLBACK), &limited("/api/auth/login")] {
        let refused = answer(&app, route, fine, event(route, ADDRESS)).await;
        assert_eq!((status(&refused), header(&refused, "retry-after")), (429, Some("60")), "{}", route.facts.path);
    }
}

#[tokio::test]
async fn a_request_that_counts_costs_one_call_and_one_unit_more() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let (counted, uncounted) = (route(ME), route(ME.unlimited()));
    let mut spent = Vec::new();
    for route in [&uncounted, &counted, &counted] {
        assert_eq!(status(&answer(&app, route, read, world.event(route, ADDRESS)).await), 200);
        let spending = app.store.meter().take();
        spent.push((spending.calls, spending.read_units, spending.write_units));
    }
    assert_eq!(spent, [(1, 1.0, 0.0), (2, 1.0, 1.0), (2, 1.0, 1.0)]);
}

/// Reads a request; answers what it asks for.
async fn operation(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 16_384];
    let length = stream.read(&mut bytes).await.unwrap();
    let text = String::from_utf8_lossy(bytes.get(..length).unwrap()).to_lowercase();
    let target = text.lines().find_map(|line| line.strip_prefix("x-amz-target: dynamodb_20120810.")).unwrap();
    target.to_owned()
}

#[tokio::test]
async fn the_limiter_s_write_and_the_first_read_are_on_their_way_together() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Answers nobody before two have asked.
    let server = tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        let (mut second, _) = listener.accept().await.unwrap();
        let mut asked = [operation(&mut first).await, operation(&mut second).await];
        for mut stream in [first, second] {
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        asked.sort();
        asked
    });
    let world = World::new().await;
    let app = app(Store::new(&sdk(&format!("http://{address}")), TABLE.to_owned())).await;
    assert_eq!(status(&answer(&app, &route(ME), read, world.event(&route(ME), ADDRESS)).await), 200);
    assert_eq!(server.await.unwrap(), ["getitem", "updateitem"]);
}
