use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::join_all;
use serde_json::json;
use shared::clock::Timestamp;
use shared::http::{ApiError, App, Created, Done, ErrorCode, NoData, Request, limiter};
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
        let decide = || limiter::decide(&world.store, &keys, &limits, None, (address, now));
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
