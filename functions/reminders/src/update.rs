//! `PUT /api/reminders/{id}`

use shared::domain::reminder::ReminderPatch;
use shared::http::{ApiError, App, Operation, Request, Success, WithHead, retry_conflicts};
use shared::store::counters::CounterSnapshot;

use crate::{ReminderData, reminder_of_path, reminder_to_recount};

pub const OPERATION: Operation<ReminderPatch, Success<ReminderData>> =
    Operation::put("/api/reminders/{id}", "Update a reminder: change the fields that are sent").if_match().etag();

pub async fn handle(app: &App, request: &Request<'_, ReminderPatch>) -> Result<Success<ReminderData>, ApiError> {
    let patch = request.body(app)?;
    let reminder = retry_conflicts(async || {
        let (reminder, snapshot) = if patch.may_recount() {
            reminder_to_recount(app, request).await?
        } else {
            (reminder_of_path(app, request).await?, CounterSnapshot::default())
        };
        request.check_match(reminder.version)?;
        let change = reminder.change(patch.clone(), request.now());
        let permit = request.permit().await?;
        app.store.update_reminder(&permit, &change, &snapshot).await?;
        Ok(change.next)
    })
    .await?;
    let version = reminder.version;
    Ok(Success::new("Reminder updated successfully", ReminderData::from(reminder)).etag(version))
}
