//! `PATCH /api/notifications/read-all`

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request};

pub const OPERATION: Operation<NoBody, Done> =
    Operation::patch_nothing("/api/notifications/read-all", "Mark all notifications as read")
        .describe("Notifications that are created later stay unread.")
        .errors(&[ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    let permit = request.permit().await?;
    app.store.mark_all_read(&permit, request.caller()?.id, request.now()).await?;
    Ok(Done::message("All notifications marked as read"))
}
