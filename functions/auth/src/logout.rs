//! `POST /api/auth/logout`
//!
//! Succeeds also when nobody is signed in. When the table fails, the session may still be alive: the caller should try
//! again.

use futures::future::try_join_all;
use shared::auth::token;
use shared::domain::body::NoBody;
use shared::http::cookies::{CookieName, SetCookie};
use shared::http::{ApiError, App, Done, Operation, Request, WithHead};

pub const OPERATION: Operation<NoBody, Done> = Operation::post_nothing("/api/auth/logout", "Sign out")
    .describe("Ends the session and deletes its cookies. Succeeds also if nobody is signed in.")
    .anyone();

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    let permit = &request.permit().await?;
    let mut sessions = Vec::new();
    for token in request.access_tokens(app).into_iter().chain(request.cookies(app, CookieName::Refresh)) {
        // A token that has expired, or that was rotated away, still names its session.
        if let Ok(session) = app.read_token(|keyring| token::read_session(keyring, token)).await?
            && !sessions.contains(&session)
        {
            sessions.push(session);
        }
    }
    let end = |(user, session)| app.store.end_session(permit, user, session);
    try_join_all(sessions.into_iter().map(end)).await?;
    let done = Done::message("Logged out successfully");
    Ok(SetCookie::clear_session(&app.http).into_iter().fold(done, WithHead::cookie))
}
