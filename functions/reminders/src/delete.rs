//! `DELETE /api/reminders/{id}`: deletes a reminder; its schedule follows.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request, retry_conflicts};

use crate::reminder_to_recount;

/// Answers 200.
///
/// # Errors
/// 404, 412 when `If-Match` no longer holds.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let request = &*request;
    retry_conflicts(async || {
        let (reminder, known) = reminder_to_recount(app, request).await?;
        request.check_match(reminder.version)?;
        let permit = request.permit().await?;
        Ok(app.store.delete_reminder_knowing(&permit, &reminder, &known, request.now()).await?)
    })
    .await?;
    Ok(Reply::ok("Reminder deleted successfully", json!({})))
}
