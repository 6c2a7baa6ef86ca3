//! `POST /api/auth/logout`
//!
//! Succeeds also when nobody is signed in. When the table fails, the session may still be alive: the caller should try
//! again.

use shared::auth::token;
use shared::domain::body::NoBody;
use shared::http::cookies::{CookieName, SetCookie};
use shared::http::{ApiError, App, Done, Operation, Request, WithHead};

pub const OPERATION: Operation<NoBody, Done> = Operation::post_nothing("/api/auth/logout", "Sign out").anyone();

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    let permit = request.permit().await?;
    let cookies = [CookieName::Refresh, CookieName::Access].map(|name| name.wire(&app.http));
    let cookies = cookies.iter().filter_map(|name| request.cookie(name));
    for token in request.bearer().into_iter().chain(cookies) {
        // A token that has expired, or that was rotated away, still names its session.
        if let Ok((user, session)) = app.read_token(|keyring| token::read_session(keyring, token)).await? {
            app.store.end_session(&permit, user, session).await?;
        }
    }
    let done = Done::message("Logged out successfully");
    Ok(SetCookie::clear_session(&app.http).into_iter().fold(done, WithHead::cookie))
}
