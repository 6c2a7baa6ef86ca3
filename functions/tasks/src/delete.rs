//! `DELETE /api/tasks/{id}`: deletes a task with its reminders; its notifications follow at once.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request, retry_conflicts};

use crate::task_of_path;

/// Answers 200.
///
/// # Errors
/// 404, 412 when `If-Match` no longer holds.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let request = &*request;
    retry_conflicts(async || {
        let row = task_of_path(app, request).await?;
        request.check_match(row.task.version)?;
        let permit = request.permit().await?;
        Ok(app.store.delete_task(&permit, &row, request.now()).await?)
    })
    .await?;
    Ok(Reply::ok("Task deleted successfully", json!({})))
}
