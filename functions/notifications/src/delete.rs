//! `DELETE /api/notifications/{id}`

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request, retry_conflicts};

use crate::notification_of_path;

pub const OPERATION: Operation<NoBody, Done> = Operation::delete("/api/notifications/{id}", "Delete a notification")
    .describe("A security notice can be deleted after seven days.")
    .errors(&[ErrorCode::SecurityNotice, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    retry_conflicts(async || {
        let read = notification_of_path(app, request).await?;
        let permit = request.permit().await?;
        if !read.notification.is_deletable(request.now()) {
            return Err(ApiError::new(ErrorCode::SecurityNotice));
        }
        Ok(app.store.delete_notification(&permit, &read, request.now()).await?)
    })
    .await?;
    Ok(Done::message("Notification deleted successfully"))
}
