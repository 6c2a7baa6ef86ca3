//! `GET /api/notifications/count`

use serde::Serialize;
use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Operation, Request, Success};

/// The number of unread notifications.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct UnreadCount {
    count: u64,
}

pub const OPERATION: Operation<NoBody, Success<UnreadCount>> =
    Operation::get("/api/notifications/count", "Count unread notifications")
        .describe("The number equals the unread ones of the list.");

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<UnreadCount>, ApiError> {
    let count = app.store.unread_notifications(request.caller()?.id, request.now()).await?;
    Ok(Success::new("Unread count retrieved successfully", UnreadCount { count }))
}
