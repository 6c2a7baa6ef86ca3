//! `PUT /api/reminders/{id}`

use shared::domain::field::FieldError;
use shared::domain::reminder::ReminderPatch;
use shared::http::{ApiError, App, Operation, Request, Success, WithHead, retry_conflicts};
use shared::store::counters::CounterSnapshot;

use crate::{ReminderData, due_date, reminder_of_path, reminder_to_recount};

pub const OPERATION: Operation<ReminderPatch, Success<ReminderData>> =
    Operation::put("/api/reminders/{id}", "Update a reminder: change the fields that are sent")
        .describe(
            "Fields that are not sent keep their value. A reminder that is moved is sent at its new time only. \
             Of a review, only `scheduledAt` and `message` change: its plan decides the rest.",
        )
        .if_match()
        .etag()
        .reports_bad_fields();

pub async fn handle(app: &App, request: &Request<'_, ReminderPatch>) -> Result<Success<ReminderData>, ApiError> {
    let (patch, errors) = request.body_and_errors(app)?;
    let patch = patch.unwrap_or_default();
    if !errors.is_empty() {
        return Err(all_errors(app, request, patch, errors).await?.into());
    }
    let reminder = retry_conflicts(async || {
        let (reminder, snapshot) = if patch.may_recount() {
            reminder_to_recount(app, request).await?
        } else {
            (reminder_of_path(app, request).await?, CounterSnapshot::default())
        };
        request.check_match(reminder.version)?;
        let due = if patch.needs_due_date(&reminder) { due_date(app, request, reminder.task_id).await? } else { None };
        let change = reminder.change_given_due(patch.clone(), due, request.now())?;
        let permit = request.permit().await?;
        app.store.update_reminder(&permit, &change, &snapshot).await?;
        Ok(change.next)
    })
    .await?;
    let version = reminder.version;
    Ok(Success::new("Reminder updated successfully", ReminderData::from(reminder)).etag(version))
}

/// The errors of a body, and that of its time: whether it may have passed depends on the reminder, which is read only then.
async fn all_errors(
    app: &App,
    request: &Request<'_, ReminderPatch>,
    patch: ReminderPatch,
    mut errors: Vec<FieldError>,
) -> Result<Vec<FieldError>, ApiError> {
    if patch.is_in_the_past(request.now()) {
        let reminder = reminder_of_path(app, request).await?;
        errors.extend(reminder.change(patch, request.now()).err().into_iter().flatten());
    }
    Ok(errors)
}
