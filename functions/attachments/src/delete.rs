//! `DELETE /api/attachments/{id}`: deletes an attachment. The stream has the cleaner delete its objects.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request, retry_conflicts};

use crate::attachment_of_path;

/// Answers 200.
///
/// # Errors
/// 404 when it is not the user's.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let request = &*request;
    retry_conflicts(async || {
        let attachment = attachment_of_path(app, request).await?;
        let permit = request.permit().await?;
        Ok(app.store.delete_attachment(&permit, &attachment, request.now()).await?)
    })
    .await?;
    Ok(Reply::ok("Attachment deleted successfully", json!({})))
}
