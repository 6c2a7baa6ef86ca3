//! `POST /api/auth/logout`: ends the session that the cookies or the Bearer token name.

use serde_json::json;
use shared::auth::token;
use shared::http::cookies::{CookieName, SetCookie};
use shared::http::{ApiError, App, Reply, Request};
use shared::id::{SessionId, UserId};

/// Answers 200 and clears the cookies, also when nobody is signed in any more.
///
/// # Errors
/// The table failed: the session may still be alive, so the caller should try again.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let permit = request.permit().await?;
    if let Some((user, session)) = session_of(app, request).await {
        app.store.end_session(&permit, user, session).await?;
    }
    Ok(Reply::ok("Logged out successfully", json!({}))
        .cookie(SetCookie::clear(&app.http, CookieName::Access))
        .cookie(SetCookie::clear(&app.http, CookieName::Refresh)))
}

/// The session that a valid token names, the longer-lived one first.
async fn session_of(app: &App, request: &Request<'_>) -> Option<(UserId, SessionId)> {
    let keyring = app.keyring().await.ok()?;
    let now = request.now();
    let cookie = |name: CookieName| request.cookie(&name.wire(&app.http));
    let refresh = cookie(CookieName::Refresh).and_then(|token| token::read_refresh(&keyring, token, now).ok());
    if let Some(claims) = refresh {
        return Some((claims.sub, claims.sid));
    }
    let mut tokens = request.bearer().into_iter().chain(cookie(CookieName::Access));
    tokens.find_map(|token| token::read_access(&keyring, token, now).ok()).map(|claims| (claims.sub, claims.sid))
}
