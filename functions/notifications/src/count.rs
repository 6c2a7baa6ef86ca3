//! `GET /api/notifications/count`: how many notifications the list shows as unread.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request};

/// Answers 200 with the count.
///
/// # Errors
/// None of its own.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let count = app.store.unread_notifications(request.caller()?.id, request.now()).await?;
    Ok(Reply::ok("Unread count retrieved successfully", json!({ "count": count })))
}
