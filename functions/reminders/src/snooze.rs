//! `POST /api/reminders/{id}/snooze`

use shared::domain::reminder_change::ReminderChange;
use shared::domain::snooze::{NotSnoozed, Snooze};
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success, WithHead, retry_conflicts};

use crate::{ReminderData, reminder_of_path};

pub const OPERATION: Operation<Snooze, Success<ReminderData>> =
    Operation::post("/api/reminders/{id}/snooze", "Snooze a reminder: put it off, to be sent at that very moment")
        .if_match()
        .etag()
        .idempotent()
        .errors(&[ErrorCode::NotOpen]);

pub async fn handle(app: &App, request: &Request<'_, Snooze>) -> Result<Success<ReminderData>, ApiError> {
    let snooze = request.body(app)?;
    retry_conflicts(async || match read(app, request, snooze).await {
        Ok(change) => {
            let snoozed = ReminderData::from(change.next.clone());
            let answer = Success::new("Reminder snoozed successfully", snoozed).etag(change.next.version);
            request.once(app, answer, async |permit| app.store.snooze_reminder(permit, &change).await).await
        }
        // Sent again, it finds the reminder as its first run and others have left it.
        Err(refused) => request.first_answer(app).await?.ok_or(refused),
    })
    .await
}

async fn read(app: &App, request: &Request<'_, Snooze>, snooze: Snooze) -> Result<ReminderChange, ApiError> {
    let reminder = reminder_of_path(app, request).await?;
    request.check_match(reminder.version)?;
    reminder.snooze(snooze, request.now()).map_err(|refused| match refused {
        NotSnoozed::NotOpen => ApiError::new(ErrorCode::NotOpen),
        NotSnoozed::Moment(error) => vec![error].into(),
    })
}
