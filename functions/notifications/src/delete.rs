//! `DELETE /api/notifications/{id}`.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request, retry_conflicts};

use crate::notification_of_path;

/// Answers 200.
///
/// # Errors
/// 404.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let request = &*request;
    retry_conflicts(async || {
        let read = notification_of_path(app, request).await?;
        let permit = request.permit().await?;
        Ok(app.store.delete_notification(&permit, &read, request.now()).await?)
    })
    .await?;
    Ok(Reply::ok("Notification deleted successfully", json!({})))
}
