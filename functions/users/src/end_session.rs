//! `DELETE /api/user/sessions/{id}`: signs one device out.

use serde_json::json;
use shared::http::cookies::{CookieName, SetCookie};
use shared::http::{ApiError, App, Reply, Request};
use shared::id::SessionId;
use shared::store::{Refusal, WriteError};

/// Answers 200; ending one's own session clears the cookies too.
///
/// # Errors
/// 404 for a session that is not the user's, or has ended.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    const SESSION: &str = "Session";
    let id = request.path_id(SESSION, SessionId::parse)?;
    let (user, own) = (request.caller()?.id, request.caller()?.session);
    let permit = request.permit().await?;
    let reply = Reply::ok("Session ended successfully", json!({}));
    if id == own {
        app.store.end_session(&permit, user, id).await?;
        return Ok(reply
            .cookie(SetCookie::clear(&app.http, CookieName::Access))
            .cookie(SetCookie::clear(&app.http, CookieName::Refresh)));
    }
    match app.store.end_other_session(&permit, user, id, request.now()).await {
        Err(WriteError::Refused(Refusal::SessionChanged)) => Err(ApiError::not_found(SESSION)),
        ended => Ok(ended.map(|()| reply)?),
    }
}
