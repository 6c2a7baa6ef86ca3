//! `POST /api/reminders`: a new reminder of one of the user's tasks.

use shared::domain::reminder::{NewReminder, Reminder};
use shared::http::{ApiError, App, Reply, Request};

use crate::out;

/// Answers 201 with the reminder.
///
/// # Errors
/// 400 for bad fields, 404 when the task is not the user's, 409 when it has as many reminders as allowed, and
/// those of [`Request::create_once`].
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let new = request.body(|fields| NewReminder::read(fields, request.now()))?;
    let reminder = Reminder::new(request.caller()?.id, new, request.now());
    let reply = Reply::created("Reminder created successfully", out(reminder.clone())).etag(reminder.version);
    request.create_once(app, reply, async |permit| app.store.create_reminder(permit, &reminder).await).await
}
