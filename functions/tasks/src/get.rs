//! `GET /api/tasks/{id}`: one task with its attachments and reminders.

use shared::http::{ApiError, App, Reply, Request};

use crate::{out, task_of_path};

/// Answers 200 with the task and its `ETag`.
///
/// # Errors
/// 404 for a task that is not the user's, as for one that never was.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let task = task_of_path(app, request).await?.task;
    let version = task.version;
    Ok(Reply::ok("Task retrieved successfully", out(app, task)).etag(version))
}
