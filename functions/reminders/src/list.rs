//! `GET /api/reminders`: a page of the user's reminders by time, each with its task.

use serde::Serialize;
use serde_json::json;
use shared::domain::reminder::{Reminder, ReminderOut};
use shared::domain::task::{Category, Priority, Task, TaskDescription, TaskTitle};
use shared::http::{ApiError, App, Reply, Request};
use shared::id::TaskId;

/// What of its task a reminder shows, as the original.
#[derive(Serialize)]
struct TaskOfReminder {
    id: TaskId,
    title: TaskTitle,
    description: Option<TaskDescription>,
    category: Option<Category>,
    priority: Priority,
}

impl From<Task> for TaskOfReminder {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            title: task.title,
            description: task.description,
            category: task.category,
            priority: task.priority,
        }
    }
}

#[derive(Serialize)]
struct ListedReminder {
    #[serde(flatten)]
    reminder: ReminderOut,
    task: Option<TaskOfReminder>,
}

impl From<(Reminder, Option<Task>)> for ListedReminder {
    fn from((reminder, task): (Reminder, Option<Task>)) -> Self {
        Self { reminder: reminder.into(), task: task.map(TaskOfReminder::from) }
    }
}

/// Answers 200 with the page.
///
/// # Errors
/// 400 for bad parameters.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    const LIST: &str = "reminders";
    let limit = request.page_size()?;
    let caller = request.caller()?.id;
    let keyring = app.keyring().await?;
    let after = request.position(&keyring, LIST)?;
    let page = app.store.reminders(caller, after, limit).await?;
    let next = page.next.map(|position| position.to_cursor(&keyring, caller, LIST));
    let reminders: Vec<ListedReminder> = page.reminders.into_iter().map(ListedReminder::from).collect();
    Ok(Reply::ok("Reminders retrieved successfully", json!({ "reminders": reminders, "nextCursor": next })))
}
