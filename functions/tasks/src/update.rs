//! `PUT /api/tasks/{id}`: changes the fields sent; completing it calls off its reminders and tells the user.

use shared::domain::task::TaskPatch;
use shared::http::{ApiError, App, Reply, Request, retry_conflicts};
use shared::id::TaskId;

use crate::{Needed, TASK, find, out, zone};

/// Answers 200 with the task.
///
/// # Errors
/// 400 for bad fields, 404, 412 when `If-Match` no longer holds.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let id = request.path_id(TASK, TaskId::parse)?;
    let patch = request.body(|fields| Some(TaskPatch::read(fields)))?;
    let zone = zone(app, request, Needed::if_plain_date(patch.needs_zone())).await?;
    let request = &*request;
    let task = retry_conflicts(async || {
        let row = find(app, request, id).await?;
        request.check_match(row.task.version)?;
        let permit = request.permit().await?;
        Ok(app.store.update_task(&permit, row, patch.clone(), &zone, request.now()).await?)
    })
    .await?;
    let version = task.version;
    Ok(Reply::ok("Task updated successfully", out(app, task)).etag(version))
}
