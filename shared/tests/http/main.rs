//! The pipeline around every handler, against a table in this process. The contract's tests run it for every route.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]

mod catalogue;
mod cookies;
mod edge;
mod limiter;
mod mailer;
mod requests;
mod timeouts;

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Done, Operation, Request, Route};
use shared::limits::RateLimitClass;
use test_support::api::route;

/// Where a request comes from.
const ADDRESS: &str = "192.0.2.1";

const ME: Operation<NoBody, Done> = Operation::get("/api/user/me", "");
const FALLBACK: Operation<NoBody, Done> = Operation::fallback();

/// A route in the class `auth`.
fn limited(path: &'static str) -> Route {
    route(Operation::<NoBody, Done>::post_nothing(path, "").anyone().limit(RateLimitClass::Auth))
}

/// A handler that writes nothing, but might.
async fn fine(_: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    request.permit().await?;
    Ok(Done::message("Fine"))
}
