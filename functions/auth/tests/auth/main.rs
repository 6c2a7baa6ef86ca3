//! Signing in against a table in this process: what cannot be seen, or not be brought about, over HTTP.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]

mod google;
mod issue_reset;
mod login;
mod rotation;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use serde_json::{Value, json};
use shared::http::routes::Route;
use shared::http::{ApiError, App, Reply, Request};
use test_support::api::{answer, event};

/// A request from `address` with a body, and its answer.
async fn call(
    app: &App,
    route: &Route,
    handler: &impl AsyncFn(&App, &mut Request<'_>) -> Result<Reply, ApiError>,
    address: &str,
    body: &Value,
) -> ApiGatewayV2httpResponse {
    let mut event = event(route, address);
    event["body"] = json!(body.to_string());
    answer(app, route, handler, event).await
}
