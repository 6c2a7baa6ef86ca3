//! `PUT /api/tasks/{id}`

use shared::domain::task::TaskPatch;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success, WithHead, retry_conflicts};
use shared::id::TaskId;

use crate::{TASK, TaskData, ZoneNeeded, find, zone};

pub const OPERATION: Operation<TaskPatch, Success<TaskData>> =
    Operation::put("/api/tasks/{id}", "Update a task: change the fields that are sent")
        .describe(
            "Fields that are not sent keep their value; null clears an optional field. Completing a task cancels \
             its pending reminders and creates a notification.",
        )
        .if_match()
        .etag()
        .errors(&[ErrorCode::DueDateNeeded]);

pub async fn handle(app: &App, request: &Request<'_, TaskPatch>) -> Result<Success<TaskData>, ApiError> {
    let id = request.path_id(TASK, TaskId::parse)?;
    let patch = request.body(app)?;
    let zone = zone(app, request, ZoneNeeded::if_plain_date(patch.needs_zone())).await?;
    let task = retry_conflicts(async || {
        let row = find(app, request, id).await?;
        request.check_match(row.task.version)?;
        let permit = request.permit().await?;
        let change = row.task.change(patch.clone(), &zone, request.now());
        row.task.require_no_followers(&change)?;
        let change = app.store.follow_due_date(change).await?;
        app.store.update_task(&permit, &row, &change).await?;
        Ok(change.task)
    })
    .await?;
    let version = task.version;
    Ok(Success::new("Task updated successfully", TaskData::new(app, task)).etag(version))
}
