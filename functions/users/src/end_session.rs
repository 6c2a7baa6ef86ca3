//! `DELETE /api/user/sessions/{id}`

use shared::domain::body::NoBody;
use shared::http::cookies::SetCookie;
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request, WithHead};
use shared::id::SessionId;
use shared::store::{Refusal, WriteError};

const SESSION: &str = "Session";

pub const OPERATION: Operation<NoBody, Done> = Operation::delete("/api/user/sessions/{id}", "End a session")
    .describe(
        "Signs the device out. Its writes are rejected at once, its reads when its access token expires, \
             after 15 minutes at most.",
    )
    .errors(&[ErrorCode::Conflict]);

/// Ending the caller's own session also clears its cookies.
pub async fn handle(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    let id = request.path_id(SESSION, SessionId::parse)?;
    let (user, own) = (request.caller()?.id, request.caller()?.session);
    let permit = request.permit().await?;
    let answer = Done::message("Session ended successfully");
    if id == own {
        app.store.end_session(&permit, user, id).await?;
        return Ok(SetCookie::clear_session(&app.http).into_iter().fold(answer, WithHead::cookie));
    }
    match app.store.end_other_session(&permit, user, id, request.now()).await {
        Err(WriteError::Refused(Refusal::SessionChanged)) => Err(ApiError::not_found(SESSION)),
        ended => Ok(ended.map(|()| answer)?),
    }
}
