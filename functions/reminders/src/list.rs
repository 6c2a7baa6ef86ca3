//! `GET /api/reminders`

use serde::Serialize;
use shared::domain::body::NoBody;
use shared::domain::reminder::{Reminder, ReminderOut};
use shared::domain::task::TaskSummary;
use shared::http::{ApiError, App, Operation, PageRequest, Request, Serialized, Success};
use shared::store::page::LIMIT_MAX;

/// A reminder with its task.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListedReminder {
    #[serde(flatten)]
    reminder: ReminderOut,
    task: Option<TaskSummary>,
}

impl From<(Reminder, Option<TaskSummary>)> for ListedReminder {
    fn from((reminder, task): (Reminder, Option<TaskSummary>)) -> Self {
        Self { reminder: reminder.into(), task }
    }
}

/// A page of reminders.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct RemindersPage {
    #[cfg_attr(feature = "schema", schemars(length(max = LIMIT_MAX)))]
    reminders: Vec<Serialized<ListedReminder>>,
    /// The cursor of the next page; null at the end.
    next_cursor: Option<String>,
}

pub const OPERATION: Operation<NoBody, Success<RemindersPage>> =
    Operation::get("/api/reminders", "List reminders by time, each with its task")
        .describe("The tasks have no attachments and reminders here; `GET /api/tasks/{id}` returns them.")
        .paged(LIMIT_MAX);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<RemindersPage>, ApiError> {
    let mut page = PageRequest::read(app, request, "reminders").await?;
    let found = app.store.reminders(page.user, page.after.take(), page.limit).await?;
    let (reminders, next_cursor) = page.answer(found.map(ListedReminder::from))?;
    Ok(Success::new("Reminders retrieved successfully", RemindersPage { reminders, next_cursor }))
}
