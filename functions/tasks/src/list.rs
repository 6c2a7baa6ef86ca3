//! `GET /api/tasks`: a page of the user's tasks, each with its attachments and reminders.

use serde_json::{Value, json};
use shared::domain::task::TaskOut;
use shared::domain::task_query::{REPEATABLE, TaskQuery};
use shared::http::{ApiError, App, Reply, Request};

/// Answers 200 with the page.
///
/// # Errors
/// 400 for bad parameters, and for a cursor that was given for another query.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let (query, limit) = request.list_query(&REPEATABLE, TaskQuery::read)?;
    let caller = request.caller()?.id;
    let list = format!("tasks?{}", query.fingerprint());
    let keyring = app.keyring().await?;
    let after = request.position(&keyring, &list)?;
    let page = app.store.tasks(caller, &query, after, limit).await?;
    let next = page.next.map(|position| position.to_cursor(&keyring, caller, &list));
    let tasks: Vec<Value> =
        page.tasks.into_iter().map(|task| shown(TaskOut::new(task, &app.http.public_url), &query)).collect();
    Ok(Reply::ok("Tasks retrieved successfully", json!({ "tasks": tasks, "nextCursor": next })))
}

fn shown(task: TaskOut, query: &TaskQuery) -> Value {
    let mut task = json!(task);
    if let (Some(fields), Some(object)) = (&query.fields, task.as_object_mut()) {
        object.retain(|name, _| fields.contains(&name.as_str()));
    }
    task
}
