//! `PATCH /api/notifications/{id}/read`

use serde::Serialize;
use shared::domain::body::NoBody;
use shared::domain::notification::NotificationOut;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success, retry_conflicts};

use crate::notification_of_path;

/// One notification.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct NotificationData {
    notification: NotificationOut,
}

pub const OPERATION: Operation<NoBody, Success<NotificationData>> =
    Operation::patch_nothing("/api/notifications/{id}/read", "Mark a notification as read")
        .describe("Returns the notification. Marking it again changes nothing.")
        .errors(&[ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<NotificationData>, ApiError> {
    let caller = request.caller()?.id;
    let mut notification = retry_conflicts(async || {
        let read = notification_of_path(app, request).await?;
        let permit = request.permit().await?;
        app.store.mark_read(&permit, &read, request.now()).await?;
        Ok(read.notification)
    })
    .await?;
    notification.is_read = true;
    let task = match notification.related_task_id {
        Some(task) => app.store.task(caller, task).await?,
        None => None,
    };
    let notification = NotificationOut::from((notification, task.map(|row| row.task.title)));
    Ok(Success::new("Notification marked as read", NotificationData { notification }))
}
