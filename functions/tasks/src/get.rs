//! `GET /api/tasks/{id}`

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Operation, Request, Success, WithHead};

use crate::{TaskData, task_of_path};

pub const OPERATION: Operation<NoBody, Success<TaskData>> =
    Operation::get("/api/tasks/{id}", "Get a task with its attachments and reminders")
        .describe("Send its `ETag` back as `If-Match` to change the task only if nobody else has changed it.")
        .etag();

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<TaskData>, ApiError> {
    let task = task_of_path(app, request).await?.task;
    let version = task.version;
    Ok(Success::new("Task retrieved successfully", TaskData::new(app, task)).etag(version))
}
