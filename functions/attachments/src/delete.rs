//! `DELETE /api/attachments/{id}`: deletes the row; `service-cleanup` deletes the objects.

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request, retry_conflicts};

use crate::attachment_of_path;

pub const OPERATION: Operation<NoBody, Done> = Operation::delete("/api/attachments/{id}", "Delete an attachment")
    .describe("The file is removed in the background; its bytes stop counting at once.")
    .errors(&[ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    retry_conflicts(async || {
        let attachment = attachment_of_path(app, request).await?;
        let permit = request.permit().await?;
        Ok(app.store.delete_attachment(&permit, &attachment, request.now()).await?)
    })
    .await?;
    Ok(Done::message("Attachment deleted successfully"))
}
