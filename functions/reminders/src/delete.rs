//! `DELETE /api/reminders/{id}`: deletes a reminder; its schedule follows.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request, retry_conflicts};

use crate::reminder_of_path;

/// Answers 200.
///
/// # Errors
/// 404, 412 when `If-Match` no longer holds.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let request = &*request;
    retry_conflicts(async || {
        let reminder = reminder_of_path(app, request).await?;
        request.check_match(reminder.version)?;
        let permit = request.permit().await?;
        Ok(app.store.delete_reminder(&permit, &reminder, request.now()).await?)
    })
    .await?;
    Ok(Reply::ok("Reminder deleted successfully", json!({})))
}
