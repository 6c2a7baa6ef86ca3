//! `GET /api/reminders`

use serde::Serialize;
use shared::domain::body::NoBody;
use shared::domain::reminder::{Reminder, ReminderOut};
use shared::domain::task::{Category, Priority, Task, TaskDescription, TaskTitle};
use shared::http::{ApiError, App, Operation, PageRequest, Request, Success};
use shared::id::TaskId;

/// What a reminder shows of its task.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct TaskOfReminder {
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

/// A reminder with its task.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListedReminder {
    #[serde(flatten)]
    reminder: ReminderOut,
    task: Option<TaskOfReminder>,
}

impl From<(Reminder, Option<Task>)> for ListedReminder {
    fn from((reminder, task): (Reminder, Option<Task>)) -> Self {
        Self { reminder: reminder.into(), task: task.map(TaskOfReminder::from) }
    }
}

/// A page of reminders.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct RemindersPage {
    #[cfg_attr(feature = "schema", schemars(length(max = 100)))]
    reminders: Vec<ListedReminder>,
    /// The cursor of the next page; null at the end.
    next_cursor: Option<String>,
}

pub const OPERATION: Operation<NoBody, Success<RemindersPage>> =
    Operation::get("/api/reminders", "List reminders by time, each with its task").paged();

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<RemindersPage>, ApiError> {
    let mut page = PageRequest::read(app, request, "reminders").await?;
    let found = app.store.reminders(page.user, page.after.take(), page.limit).await?;
    let reminders = found.reminders.into_iter().map(ListedReminder::from).collect();
    let data = RemindersPage { reminders, next_cursor: page.cursor(found.next) };
    Ok(Success::new("Reminders retrieved successfully", data))
}
