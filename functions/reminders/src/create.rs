//! `POST /api/reminders`

use shared::clock::Timestamp;
use shared::domain::reminder::{NewReminder, Reminder};
use shared::http::{ApiError, App, Created, ErrorCode, Operation, Request, WithHead, retry_conflicts};

use crate::{ReminderData, due_date};

pub const OPERATION: Operation<NewReminder, Created<ReminderData>> =
    Operation::post("/api/reminders", "Create a reminder of a task")
        .describe(
            "An email (types `email` and `both`) and an in-app notification are sent one hour before \
             `scheduledAt`, or at once if less than an hour is left.",
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
    retry_conflicts(async || {
        let created = match due_date(app, request, new.task_id).await {
            Ok(due) => create(app, request, new.clone(), due).await,
            Err(error) => Err(error),
        };
        match created {
            // Sent again, it finds the task as it is by now.
            Err(error) if [ErrorCode::NotFound, ErrorCode::ValidationFailed].contains(&error.code()) => {
                request.first_answer(app).await?.ok_or(error)
            }
            created => created,
        }
    })
    .await
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
    request.once(app, answer, async |permit| app.store.create_reminder(permit, &reminder).await).await
}
