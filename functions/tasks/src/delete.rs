//! `DELETE /api/tasks/{id}`

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Done, Operation, Request, retry_conflicts};

use crate::task_of_path;

pub const OPERATION: Operation<NoBody, Done> =
    Operation::delete("/api/tasks/{id}", "Delete a task with its attachments, reminders and notifications")
        .describe("This cannot be undone. The files are removed in the background.")
        .if_match();

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    retry_conflicts(async || {
        let row = task_of_path(app, request).await?;
        request.check_match(row.task.version)?;
        let permit = request.permit().await?;
        Ok(app.store.delete_task(&permit, &row, request.now()).await?)
    })
    .await?;
    Ok(Done::message("Task deleted successfully"))
}
