use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use serde_json::{Value, json};
use shared::http::headers::ON_EVERY_ANSWER;
use shared::http::routes::{self, Access, BodyKind, JSON_MAX, Route, SERVICE_FALLBACK};
use shared::http::{ApiError, App, ErrorCode, Reply, Request};
use test_support::World;
use test_support::api::{answer, answer_within, app, body, event, limits};

use crate::{fine, header};

/// An address for each route, so that no limit is met.
fn address(number: usize) -> String {
    format!("198.51.100.{number}")
}

fn every_route() -> impl Iterator<Item = (String, &'static Route)> {
    let routes = routes::ALL.into_iter().chain([&SERVICE_FALLBACK]);
    routes.enumerate().map(|(number, route)| (address(number), route))
}

async fn redirect(_: &App, _: &mut Request<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::redirect("https://app.example.com/dashboard"))
}

async fn page(_: &App, _: &mut Request<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::page(200, "<!doctype html>".to_owned()))
}

async fn panics(_: &App, _: &mut Request<'_>) -> Result<Reply, ApiError> {
    panic!("a handler that fails as it must not")
}

async fn never(_: &App, _: &mut Request<'_>) -> Result<Reply, ApiError> {
    std::future::pending().await
}

/// Fails with the code that a header of the request names.
async fn fail(_: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let code = ErrorCode::ALL.iter().find(|code| Some(code.as_str()) == request.header("x-code")).unwrap();
    Err(ApiError::new(*code))
}

#[track_caller]
fn assert_guarded(answer: &ApiGatewayV2httpResponse, status: i64, route: &Route) {
    let about = format!("{} {} {status}", route.function, route.method);
    assert_eq!(answer.status_code, status, "{about}");
    for (name, value) in ON_EVERY_ANSWER {
        assert_eq!(header(answer, name), Some(value), "{about}");
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{about}: {name}");
    }
    assert_eq!(header(answer, "x-request-id"), Some("r-1"), "{about}");
    assert!(header(answer, "content-type").is_some_and(|kind| kind.ends_with("; charset=utf-8")), "{about}");
    for name in answer.headers.keys().map(|name| name.as_str()) {
        let absent = ["server", "x-powered-by", "access-control-"];
        assert!(!absent.iter().any(|absent| name.starts_with(absent)), "{about}: {name} is not ours to send");
    }
    if status >= 400 {
        let out = body(answer);
        assert_eq!((&out["success"], &out["requestId"]), (&json!(false), &json!("r-1")), "{about}");
        assert!(out["message"].is_string() && out["code"].is_string(), "{about}: {out}");
    }
}

#[tokio::test]
async fn whatever_a_handler_does_its_answer_is_guarded() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    for (address, route) in every_route() {
        let ask = || world.event(route, &address);
        assert_guarded(&answer(&app, route, &fine, ask()).await, 200, route);
        assert_guarded(&answer(&app, route, &redirect, ask()).await, 302, route);
        assert_guarded(&answer(&app, route, &page, ask()).await, 200, route);
        assert_guarded(&answer(&app, route, &panics, ask()).await, 500, route);
        assert_guarded(&answer_within(&app, route, &never, ask(), Duration::from_millis(1)).await, 503, route);
    }
}

#[tokio::test]
async fn every_error_of_the_catalogue_is_guarded_and_told_in_its_own_words() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    for code in ErrorCode::ALL {
        let mut ask = event(&SERVICE_FALLBACK, "192.0.2.1");
        ask["headers"]["x-code"] = json!(code.as_str());
        let answer = answer(&app, &SERVICE_FALLBACK, &fail, ask).await;
        assert_guarded(&answer, code.status().into(), &SERVICE_FALLBACK);
        let out = body(&answer);
        assert_eq!((&out["code"], &out["message"]), (&json!(code.as_str()), &json!(code.message())));
    }
}

#[tokio::test]
async fn what_never_reaches_a_handler_is_guarded() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let with = |mut event: Value, name: &str, value: &str| {
        event["headers"][name] = json!(value);
        event
    };
    for (address, route) in every_route() {
        let ask = || world.event(route, &address);
        if route.access == Access::SignedIn {
            assert_guarded(&answer(&app, route, &fine, event(route, &address)).await, 401, route);
        }
        if !["", "GET"].contains(&route.method) && !route.takes_foreign_posts {
            let forged = with(ask(), "origin", "https://evil.example");
            assert_guarded(&answer(&app, route, &fine, forged).await, 403, route);
        }
        if route.body != BodyKind::Ignored {
            let other = with(ask(), "content-type", "text/plain");
            assert_guarded(&answer(&app, route, &fine, other).await, 415, route);
            let mut long = ask();
            long["body"] = json!("x".repeat(JSON_MAX + 1));
            assert_guarded(&answer(&app, route, &fine, long).await, 413, route);
        }
    }
}

#[tokio::test]
async fn every_route_that_counts_is_refused_beyond_the_limit_and_guarded() {
    let world = World::new().await;
    let mut app = app(world.store.clone()).await;
    app.http.limits = limits("1/100000000", "5/900");
    assert_guarded(
        &answer(&app, &SERVICE_FALLBACK, &fine, event(&SERVICE_FALLBACK, "192.0.2.1")).await,
        200,
        &SERVICE_FALLBACK,
    );
    for (_, route) in every_route().filter(|(_, route)| route.is_limited) {
        let refused = answer(&app, route, &fine, world.event(route, "192.0.2.1")).await;
        assert_guarded(&refused, 429, route);
        for name in ["retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy"] {
            assert!(header(&refused, name).is_some(), "{}: {name}", route.function);
        }
    }
}
