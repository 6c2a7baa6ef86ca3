//! `DELETE /api/reminders/{id}`

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Done, Operation, Request, retry_conflicts};

use crate::reminder_to_recount;

pub const OPERATION: Operation<NoBody, Done> = Operation::delete("/api/reminders/{id}", "Delete a reminder")
    .describe("Nothing is sent for it any more.")
    .if_match();

/// The table's stream deletes its schedule.
pub async fn handle(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    retry_conflicts(async || {
        let (reminder, snapshot) = reminder_to_recount(app, request).await?;
        request.check_match(reminder.version)?;
        let permit = request.permit().await?;
        Ok(app.store.delete_reminder(&permit, &reminder, &snapshot, request.now()).await?)
    })
    .await?;
    Ok(Done::message("Reminder deleted successfully"))
}
