//! `POST /api/reminders/{id}/snooze`

use shared::domain::reminder_change::ReminderChange;
use shared::domain::snooze::{NotSnoozed, Snooze};
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success, WithHead, retry_conflicts};

use crate::{ReminderData, reminder_of_path};

pub const OPERATION: Operation<Snooze, Success<ReminderData>> = Operation::post(
    "/api/reminders/{id}/snooze",
    "Snooze a reminder: put it off, to be sent at that very moment",
)
.describe(
    "The reminder is pending again and is sent at that very moment, without its lead. Moving the due date of its \
             task ends the snooze of a relative reminder.",
)
.if_match()
.etag()
.idempotent()
.errors(&[ErrorCode::NotOpen]);

pub async fn handle(app: &App, request: &Request<'_, Snooze>) -> Result<Success<ReminderData>, ApiError> {
    let snooze = request.body(app)?;
    let snoozed = retry_conflicts(async || {
        let change = read(app, request, snooze).await?;
        let snoozed = ReminderData::from(change.next.clone());
        let answer = Success::new("Reminder snoozed successfully", snoozed).etag(change.next.version);
        request.answer_once(app, answer, async |permit| app.store.snooze_reminder(permit, &change).await).await
    })
    .await;
    // Sent again, it finds the reminder as its first run and others have left it.
    request.or_first_answer(app, snoozed).await
}

async fn read(app: &App, request: &Request<'_, Snooze>, snooze: Snooze) -> Result<ReminderChange, ApiError> {
    let reminder = reminder_of_path(app, request).await?;
    request.check_match(reminder.version)?;
    reminder.snooze(snooze, request.now()).map_err(|refused| match refused {
        NotSnoozed::NotOpen => ApiError::new(ErrorCode::NotOpen),
        NotSnoozed::Moment(error) => vec![error].into(),
    })
}
