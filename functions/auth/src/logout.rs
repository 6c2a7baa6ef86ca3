//! `POST /api/auth/logout`: ends the session that the cookies or the Bearer token name.

use serde_json::json;
use shared::auth::token;
use shared::http::cookies::{CookieName, SetCookie};
use shared::http::{ApiError, App, Reply, Request};

/// Answers 200 and clears the cookies, also when nobody is signed in any more.
///
/// # Errors
/// The table failed: the session may still be alive, so the caller should try again.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let permit = request.permit().await?;
    let cookies = [CookieName::Refresh, CookieName::Access].map(|name| name.wire(&app.http));
    let cookies = cookies.iter().filter_map(|name| request.cookie(name));
    for token in request.bearer().into_iter().chain(cookies) {
        // A token that has expired, or was rotated away, still names the session that is to end.
        if let Ok((user, session)) = app.read_token(|keyring| token::read_session(keyring, token)).await? {
            app.store.end_session(&permit, user, session).await?;
        }
    }
    Ok(Reply::ok("Logged out successfully", json!({}))
        .cookie(SetCookie::clear(&app.http, CookieName::Access))
        .cookie(SetCookie::clear(&app.http, CookieName::Refresh)))
}
