//! `POST /api/tasks`

use shared::domain::task::{NewTask, Task};
use shared::http::{ApiError, App, Created, ErrorCode, Operation, Request, WithHead};

use crate::{TaskData, ZoneNeeded, zone};

pub const OPERATION: Operation<NewTask, Created<TaskData>> = Operation::post("/api/tasks", "Create a task")
    .describe("Only the title is required. `Location` is the URL of the new task.")
    .idempotent()
    .etag()
    .location()
    .errors(&[ErrorCode::LimitReached]);

pub async fn handle(app: &App, request: &Request<'_, NewTask>) -> Result<Created<TaskData>, ApiError> {
    let new = request.body(app)?;
    let zone = zone(app, request, ZoneNeeded::when(new.needs_zone())).await?;
    let task = Task::new(request.caller()?.id, new, &zone, request.now())?;
    let answer = Created::new("Task created successfully", TaskData::new(app, task.clone()))
        .etag(task.version)
        .header("location", format!("/api/tasks/{}", task.id));
    request.answer_once(app, answer, async |permit| app.store.create_task(permit, &task).await).await
}
