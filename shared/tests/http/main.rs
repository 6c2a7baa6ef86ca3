//! What surrounds every route, against a table in this process: the limiter, the headers, the time that a handler
//! has, and how requests are read.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed, and says where"
)]

mod answers;
mod catalogue;
mod limiter;
mod requests;
mod timeouts;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use serde_json::json;
use shared::http::{ApiError, App, Reply, Request};

/// Where a request comes from.
const ADDRESS: &str = "192.0.2.1";

/// A handler that writes nothing, but might.
async fn fine(_: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    request.permit().await?;
    Ok(Reply::ok("Fine", json!({})))
}

fn header<'a>(response: &'a ApiGatewayV2httpResponse, name: &str) -> Option<&'a str> {
    response.headers.get(name).map(|value| value.to_str().unwrap())
}
