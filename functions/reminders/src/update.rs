//! `PUT /api/reminders/{id}`: changes the fields sent; moving it plans it anew.

use shared::domain::reminder::ReminderPatch;
use shared::http::{ApiError, App, Reply, Request, retry_conflicts};
use shared::store::counters::Known;

use crate::{out, reminder_of_path, reminder_to_recount};

/// Answers 200 with the reminder.
///
/// # Errors
/// 400 for bad fields, 404, 412 when `If-Match` no longer holds.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let request = &*request;
    let patch = request.body(|fields| Some(ReminderPatch::read(fields, request.now())))?;
    let reminder = retry_conflicts(async || {
        let (mut reminder, known) = if patch.may_recount() {
            reminder_to_recount(app, request).await?
        } else {
            (reminder_of_path(app, request).await?, Known::default())
        };
        let read_version = reminder.version;
        request.check_match(read_version)?;
        reminder.apply(patch.clone(), request.now());
        let permit = request.permit().await?;
        app.store.update_reminder_knowing(&permit, &reminder, read_version, &known).await?;
        Ok(reminder)
    })
    .await?;
    let version = reminder.version;
    Ok(Reply::ok("Reminder updated successfully", out(reminder)).etag(version))
}
