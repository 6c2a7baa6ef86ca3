//! `DELETE /api/tasks/{id}`: deletes a task with its reminders; its notifications follow at once.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request, retry_conflicts};
use shared::id::TaskId;

use crate::TASK;

/// Answers 200.
///
/// # Errors
/// 404, 412 when `If-Match` no longer holds.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let request = &*request;
    retry_conflicts(async || {
        let id = request.path_id(TASK, TaskId::parse)?;
        let found = app.store.task_to_delete(request.caller()?.id, id, request.now()).await?;
        let (row, known) = found.ok_or_else(|| ApiError::not_found(TASK))?;
        request.check_match(row.task.version)?;
        let permit = request.permit().await?;
        Ok(app.store.delete_task_knowing(&permit, &row, &known, request.now()).await?)
    })
    .await?;
    Ok(Reply::ok("Task deleted successfully", json!({})))
}
