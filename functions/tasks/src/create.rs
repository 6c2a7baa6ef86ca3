//! `POST /api/tasks`: a new task.

use shared::domain::due_date::DueDate;
use shared::domain::task::{NewTask, Task};
use shared::http::{ApiError, App, Reply, Request};

use crate::{Needed, out, zone};

/// Answers 201 with the task.
///
/// # Errors
/// 400 for bad fields, 409 when the user has as many tasks as allowed, and those of [`Request::create_once`].
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let new = request.body(NewTask::read)?;
    let plain_date = matches!(new.due_date, Some(DueDate::On(_)));
    let zone = zone(app, request, Needed::if_plain_date(plain_date)).await?;
    let task = Task::new(request.caller()?.id, new, &zone, request.now());
    let location = format!("/api/tasks/{}", task.id);
    let reply = Reply::created("Task created successfully", out(app, task.clone()));
    let reply = reply.etag(task.version).header("location", location);
    request.create_once(app, reply, async |permit| app.store.create_task(permit, &task).await).await
}
