//! The pipeline around every route of the product, against a table in this process: whatever happens, the answer has its
//! shape and its headers.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed, and says where"
)]

use std::time::Duration;

use contract::catalogue::DOMAINS;
use futures::future::join_all;
use lambda_http::Body as Payload;
use lambda_http::http::Response;
use serde_json::{Value, json};
use shared::domain::body::NoBody;
use shared::http::headers::ON_EVERY_ANSWER;
use shared::http::limiter::Counting;
use shared::http::operation::JSON_MAX;
use shared::http::{
    Access, ApiError, App, BodyKind, Done, ErrorCode, Operation, Page, Redirect, Request, Route, limiter,
};
use shared::runtime::Trigger;
use shared::store::Store;
use test_support::api::{answer, answer_within, app, body, event, header, limits, route, status};
use test_support::{TABLE, World, clock, keyring, sdk};

const FALLBACK: Operation<NoBody, Done> = Operation::fallback();

/// Every route, the catch-all among them, each with an address of its own so that no limit is met.
fn every_route() -> impl Iterator<Item = (String, Route)> {
    let functions = DOMAINS.into_iter().flat_map(|(_, functions)| functions);
    let routes = functions.filter_map(|function| match function.trigger {
        Trigger::Http(facts) => Some(Route { function: function.name, facts }),
        Trigger::Queue(_) | Trigger::Stream => None,
    });
    routes.enumerate().map(|(number, route)| (format!("198.51.100.{number}"), route))
}

async fn fine(_: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    request.permit().await?;
    Ok(Done::message("Fine"))
}

async fn redirect(_: &App, _: &Request<'_>) -> Result<Redirect, ApiError> {
    Ok(Redirect::to("https://app.example.com/dashboard"))
}

async fn page(_: &App, _: &Request<'_>) -> Result<Page, ApiError> {
    Ok(Page::ok("<!doctype html>"))
}

async fn panics(_: &App, _: &Request<'_>) -> Result<Done, ApiError> {
    panic!("a handler that fails as it must not")
}

async fn never(_: &App, _: &Request<'_>) -> Result<Done, ApiError> {
    std::future::pending().await
}

/// Fails with the code that a header of the request names.
async fn fail(_: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    let code = ErrorCode::ALL.iter().find(|code| Some(code.as_str()) == request.header("x-code")).unwrap();
    Err(ApiError::new(*code))
}

#[track_caller]
fn assert_guarded(answer: &Response<Payload>, expected: u16, route: &Route) {
    let about = format!("{} {} {expected}", route.function, route.facts.method);
    assert_eq!(status(answer), expected, "{about}");
    for (name, value) in ON_EVERY_ANSWER {
        assert_eq!(header(answer, name), Some(value), "{about}");
        assert_eq!(answer.headers().get_all(name).iter().count(), 1, "{about}: {name}");
    }
    assert_eq!(header(answer, "x-request-id"), Some("r-1"), "{about}");
    assert!(header(answer, "content-type").is_some_and(|kind| kind.ends_with("; charset=utf-8")), "{about}");
    for name in answer.headers().keys().map(|name| name.as_str()) {
        let absent = ["server", "x-powered-by", "access-control-"];
        assert!(!absent.iter().any(|absent| name.starts_with(absent)), "{about}: {name} is not ours to send");
    }
    if expected >= 400 {
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
        let (route, ask) = (&route, || world.event(&route, &address));
        assert_guarded(&answer(&app, route, fine, ask()).await, 200, route);
        assert_guarded(&answer(&app, route, redirect, ask()).await, 302, route);
        assert_guarded(&answer(&app, route, page, ask()).await, 200, route);
        assert_guarded(&answer(&app, route, panics, ask()).await, 500, route);
        assert_guarded(&answer_within(&app, route, never, ask(), Duration::from_millis(1)).await, 503, route);
    }
}

#[tokio::test]
async fn every_error_of_the_catalogue_is_guarded_and_has_its_own_words() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let fallback = route(FALLBACK);
    for code in ErrorCode::ALL {
        let mut ask = event(&fallback, "192.0.2.1");
        ask["headers"]["x-code"] = json!(code.as_str());
        let answer = answer(&app, &fallback, fail, ask).await;
        assert_guarded(&answer, code.status(), &fallback);
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
        let (route, facts, ask) = (&route, route.facts, || world.event(&route, &address));
        if facts.access == Access::SignedIn {
            assert_guarded(&answer(&app, route, fine, event(route, &address)).await, 401, route);
        }
        if !["", "GET"].contains(&facts.method) && !facts.takes_foreign_posts {
            let forged = with(ask(), "origin", "https://evil.example");
            assert_guarded(&answer(&app, route, fine, forged).await, 403, route);
        }
        if facts.body != BodyKind::Ignored {
            let other = with(ask(), "content-type", "text/plain");
            assert_guarded(&answer(&app, route, fine, other).await, 415, route);
            let mut long = ask();
            long["body"] = json!("x".repeat(JSON_MAX + 1));
            assert_guarded(&answer(&app, route, fine, long).await, 413, route);
        }
    }
}

#[tokio::test]
async fn every_route_that_counts_is_rejected_beyond_the_limit_and_guarded() {
    let world = World::new().await;
    let mut app = app(world.store.clone()).await;
    app.http.limits = limits("1/100000000", "5/900");
    let fallback = route(FALLBACK);
    // The counters of the address and of the account.
    assert_guarded(&answer(&app, &fallback, fine, event(&fallback, "192.0.2.1")).await, 200, &fallback);
    assert_guarded(&answer(&app, &fallback, fine, world.event(&fallback, "192.0.2.1")).await, 200, &fallback);
    for (_, route) in every_route().filter(|(_, route)| route.facts.is_limited) {
        let rejected = answer(&app, &route, fine, world.event(&route, "192.0.2.1")).await;
        assert_guarded(&rejected, 429, &route);
        for name in ["retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy"] {
            assert!(header(&rejected, name).is_some(), "{}: {name}", route.function);
        }
    }
}

#[tokio::test]
async fn without_the_table_all_routes_pass_but_those_in_a_class_of_their_own() {
    // The port of the discard service: nobody listens.
    let world = World::new().await;
    let app = app(Store::new(&sdk("http://127.0.0.1:9"), TABLE.to_owned())).await;
    let answers = every_route().map(async |(_, route)| {
        let ask = world.event(&route, "192.0.2.1");
        (route, answer(&app, &route, fine, ask).await)
    });
    for (route, answer) in join_all(answers).await {
        let expected = if route.facts.classes.into_iter().next().is_some() { 503 } else { 200 };
        assert_eq!(status(&answer), expected, "{}", route.function);
        assert_eq!(header(&answer, "ratelimit-limit"), None, "nobody knows");
        if expected == 503 {
            assert_eq!(body(&answer)["code"], "UNAVAILABLE");
        }
    }
    let counting = Counting::of_address(&keyring(), "192.0.2.1");
    let decision = limiter::decide(&app.store, &app.http.limits, counting, clock::now()).await;
    assert!(decision.limiter_unavailable(), "it raises the metric");
}
