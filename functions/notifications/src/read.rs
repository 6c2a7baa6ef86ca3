//! `PATCH /api/notifications/{id}/read`: marks one as read. Doing it again changes nothing.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request, retry_conflicts};

use crate::{ListedNotification, notification_of_path};

/// Answers 200 with the notification.
///
/// # Errors
/// 404.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let request = &*request;
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
    let listed = ListedNotification::from((notification, task.map(|row| row.task.title)));
    Ok(Reply::ok("Notification marked as read", json!({ "notification": listed })))
}
