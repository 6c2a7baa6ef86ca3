//! Reminders.

pub mod create;
pub mod delete;
pub mod digest;
pub mod fire;
pub mod list;
pub mod review;
pub mod snooze;
pub mod update;

use serde::Serialize;
use shared::clock::Timestamp;
use shared::domain::reminder::{Reminder, ReminderOut};
use shared::http::{ApiError, App, RequestParts};
use shared::id::{ReminderId, TaskId};
use shared::store::counters::CounterSnapshot;

shared::functions! {
    serve "reminders" {
        "reminders-create": http(create),
        "reminders-list": http(list),
        "reminders-update": http(update),
        "reminders-delete": http(delete),
        "reminders-snooze": http(snooze),
        "reminders-review": http(review),
        "reminders-fire": queue("reminder", fire::ReminderSender),
        "reminders-digest": queue("digest", digest::DigestSender),
    }
}

const REMINDER: &str = "Reminder";

/// One reminder.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct ReminderData {
    reminder: ReminderOut,
}

impl From<Reminder> for ReminderData {
    fn from(reminder: Reminder) -> Self {
        Self { reminder: reminder.into() }
    }
}

/// The reminder that the path names.
async fn reminder_of_path(app: &App, request: &RequestParts) -> Result<Reminder, ApiError> {
    let id = request.path_id(REMINDER, ReminderId::parse)?;
    let reminder = app.store.reminder(request.caller()?.id, id).await?;
    reminder.ok_or_else(|| ApiError::not_found(REMINDER))
}

/// The same, with the user's counters that a change to it needs.
async fn reminder_to_recount(app: &App, request: &RequestParts) -> Result<(Reminder, CounterSnapshot), ApiError> {
    let id = request.path_id(REMINDER, ReminderId::parse)?;
    let found = app.store.reminder_to_recount(request.caller()?.id, id, request.now()).await?;
    found.ok_or_else(|| ApiError::not_found(REMINDER))
}

/// The due date of the caller's task.
async fn due_date(app: &App, request: &RequestParts, task: TaskId) -> Result<Option<Timestamp>, ApiError> {
    let row = app.store.task(request.caller()?.id, task).await?;
    Ok(row.ok_or_else(|| ApiError::not_found("Task"))?.task.due_date)
}
