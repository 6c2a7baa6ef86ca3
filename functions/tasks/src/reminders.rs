//! `GET /api/tasks/{id}/reminders`: the reminders of one task, by time.

use serde_json::json;
use shared::domain::reminder::ReminderOut;
use shared::http::{ApiError, App, Reply, Request};

use crate::task_of_path;

/// Answers 200 with all of them: a task has at most thirty.
///
/// # Errors
/// 404.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let task = task_of_path(app, request).await?.task;
    let reminders = app.store.reminders_of(&task).await?;
    let reminders: Vec<ReminderOut> = reminders.into_iter().map(ReminderOut::from).collect();
    Ok(Reply::ok("Reminders retrieved successfully", json!({ "reminders": reminders })))
}
