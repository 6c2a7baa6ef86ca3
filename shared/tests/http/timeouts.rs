use std::time::{Duration, Instant};

use lambda_http::Body as Payload;
use lambda_http::http::Response;
use shared::http::{ApiError, App, Done, Request};
use shared::store::Store;
use test_support::api::{answer_within, app, body, event, header, route, status};
use test_support::{TABLE, World, sdk};
use tokio::net::TcpListener;

use crate::{ADDRESS, FALLBACK, ME, fine, limited};

const BUDGET: Duration = Duration::from_millis(200);

async fn never(_: &App, _: &Request<'_>) -> Result<Done, ApiError> {
    std::future::pending().await
}

#[track_caller]
fn assert_unavailable(answer: &Response<Payload>, began: Instant) {
    assert!((BUDGET..BUDGET * 10).contains(&began.elapsed()), "{:?}", began.elapsed());
    let out = body(answer);
    assert_eq!((status(answer), out["success"].as_bool()), (503, Some(false)));
    assert_eq!((out["code"].as_str(), out["requestId"].as_str()), (Some("UNAVAILABLE"), Some("r-1")));
    assert_eq!(out["message"], "Service temporarily unavailable. Try again later");
    assert_eq!(header(answer, "x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn a_handler_that_outlasts_its_budget_is_answered_503_in_shape() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    for route in [&route(ME), &limited("/api/auth/login"), &route(FALLBACK)] {
        let began = Instant::now();
        let answer = answer_within(&app, route, never, world.event(route, ADDRESS), BUDGET).await;
        assert_unavailable(&answer, began);
    }
}

#[tokio::test]
async fn a_table_that_hangs_does_not_hold_up_the_answer() {
    // Connections are taken by the system, and nobody reads them.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let table = sdk(&format!("http://{}", listener.local_addr().unwrap()));
    let app = app(Store::new(&table, TABLE.to_owned())).await;
    for route in [&limited("/api/auth/login"), &route(FALLBACK)] {
        let began = Instant::now();
        let answer = answer_within(&app, route, fine, event(route, ADDRESS), BUDGET).await;
        assert_unavailable(&answer, began);
    }
}
