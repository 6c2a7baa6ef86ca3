//! `POST /api/reminders`

use shared::clock::Timestamp;
use shared::domain::reminder::{NewReminder, Reminder};
use shared::http::{ApiError, App, Created, ErrorCode, Operation, Request, WithHead, retry_conflicts};

use crate::{ReminderData, due_date};

pub const OPERATION: Operation<NewReminder, Created<ReminderData>> =
    Operation::post("/api/reminders", "Create a reminder of a task")
        .describe(
            "An email (types `email` and `both`) and an in-app notification are sent `leadMinutes` before `scheduledAt`, \
             or at once if less is left. With `offsetMinutes` in place of `scheduledAt`, the time follows the task's due date.",
        )
        .idempotent()
        .etag()
        .errors(&[ErrorCode::NotFound, ErrorCode::LimitReached]);

pub async fn handle(app: &App, request: &Request<'_, NewReminder>) -> Result<Created<ReminderData>, ApiError> {
    let new = request.body(app)?;
    if !new.is_relative() {
        return create(app, request, new, None).await;
    }
    // The due date may move between its reading and the write, which then is refused.
    let created = retry_conflicts(async || {
        let due = due_date(app, request, new.task_id).await?;
        create(app, request, new.clone(), due).await
    })
    .await;
    // Sent again, it finds the task as it is by now.
    request.or_first_answer(app, created).await
}

async fn create(
    app: &App,
    request: &Request<'_, NewReminder>,
    new: NewReminder,
    due: Option<Timestamp>,
) -> Result<Created<ReminderData>, ApiError> {
    let reminder = Reminder::new(request.caller()?.id, new, due, request.now()).map_err(|error| vec![error])?;
    let answer =
        Created::new("Reminder created successfully", ReminderData::from(reminder.clone())).etag(reminder.version);
    request.answer_once(app, answer, async |permit| app.store.create_reminder(permit, &reminder).await).await
}
