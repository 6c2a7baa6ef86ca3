//! Reminders.
//!
//! | Function | Called by |
//! |---|---|
//! | `reminders-create` | `POST /api/reminders` |
//! | `reminders-list` | `GET /api/reminders` |
//! | `reminders-update` | `PUT /api/reminders/{id}` |
//! | `reminders-delete` | `DELETE /api/reminders/{id}` |
//! | `reminders-fire` | the reminder queue, fed by one-time schedules |
//! | `reminders-digest` | the digest queue, fed by the sweep |

pub mod create;
pub mod delete;
pub mod digest;
pub mod fire;
pub mod list;
pub mod update;

use shared::domain::reminder::{Reminder, ReminderOut};
use shared::http::{ApiError, App, Request};
use shared::id::ReminderId;
use shared::store::counters::Known;

const REMINDER: &str = "Reminder";

/// The reminder that the path names.
async fn reminder_of_path(app: &App, request: &Request<'_>) -> Result<Reminder, ApiError> {
    let id = request.path_id(REMINDER, ReminderId::parse)?;
    let reminder = app.store.reminder(request.caller()?.id, id).await?;
    reminder.ok_or_else(|| ApiError::not_found(REMINDER))
}

/// The same, with what it takes to count it anew.
async fn reminder_to_recount(app: &App, request: &Request<'_>) -> Result<(Reminder, Known), ApiError> {
    let id = request.path_id(REMINDER, ReminderId::parse)?;
    let found = app.store.reminder_to_recount(request.caller()?.id, id, request.now()).await?;
    found.ok_or_else(|| ApiError::not_found(REMINDER))
}

fn out(reminder: Reminder) -> serde_json::Value {
    serde_json::json!({ "reminder": ReminderOut::from(reminder) })
}
