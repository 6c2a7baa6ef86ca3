//! `PATCH /api/notifications/read-all`: marks all as read, by one write.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request};

/// Answers 200.
///
/// # Errors
/// None of its own.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let permit = request.permit().await?;
    app.store.mark_all_read(&permit, request.caller()?.id, request.now()).await?;
    Ok(Reply::ok("All notifications marked as read", json!({})))
}
