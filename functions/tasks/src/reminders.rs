//! `GET /api/tasks/{id}/reminders`

use serde::Serialize;
use shared::domain::body::NoBody;
use shared::domain::reminder::ReminderOut;
use shared::http::{ApiError, App, Operation, Request, Success};

use crate::task_of_path;

/// The reminders of a task, by time.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct TaskReminders {
    #[cfg_attr(feature = "schema", schemars(length(max = 30)))]
    reminders: Vec<ReminderOut>,
}

pub const OPERATION: Operation<NoBody, Success<TaskReminders>> =
    Operation::get("/api/tasks/{id}/reminders", "List the reminders of a task, by time")
        .describe("All of them, in one response.");

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<TaskReminders>, ApiError> {
    let task = task_of_path(app, request).await?.task;
    let reminders = app.store.reminders_of(&task).await?.into_iter().map(ReminderOut::from).collect();
    Ok(Success::new("Reminders retrieved successfully", TaskReminders { reminders }))
}
