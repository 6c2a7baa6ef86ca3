//! `POST /api/reminders`

use shared::domain::reminder::{NewReminder, Reminder};
use shared::http::{ApiError, App, Created, ErrorCode, Operation, Request, WithHead};

use crate::ReminderData;

pub const OPERATION: Operation<NewReminder, Created<ReminderData>> =
    Operation::post("/api/reminders", "Create a reminder of a task")
        .idempotent()
        .etag()
        .errors(&[ErrorCode::NotFound, ErrorCode::LimitReached]);

pub async fn handle(app: &App, request: &Request<'_, NewReminder>) -> Result<Created<ReminderData>, ApiError> {
    let reminder = Reminder::new(request.caller()?.id, request.body(app)?, request.now());
    let answer =
        Created::new("Reminder created successfully", ReminderData::from(reminder.clone())).etag(reminder.version);
    request.answer_once(app, answer, async |permit| app.store.create_reminder(permit, &reminder).await).await
}
