//! `DELETE /api/user/sessions`

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request};

use crate::account_with_sessions;

pub const OPERATION: Operation<NoBody, Done> = Operation::delete("/api/user/sessions", "End all other sessions")
    .describe("Signs out every device but the one that sends the request.")
    .errors(&[ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    let own = request.caller()?.session;
    let mut others = account_with_sessions(app, request).await?.sessions;
    others.retain(|session| session.id != own);
    let permit = request.permit().await?;
    app.store.end_sessions(&permit, &others, request.now()).await?;
    Ok(Done::message("Other sessions ended successfully"))
}
