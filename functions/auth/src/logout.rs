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

/// What the browser forgets of the API's origin (Clear-Site-Data, W3C): what a page that is served from it has stored, as the
/// web app has where both share one origin. Not `cookies`, which empties the whole registrable domain and so signs out of
/// other services on it: the session's own cookies expire one by one. Not `cache`, which takes browsers seconds: no answer is
/// stored.
const CLEARED: &str = "\"storage\"";

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
    let done = Done::message("Logged out successfully").header("clear-site-data", CLEARED);
    Ok(SetCookie::clear_session(&app.http).into_iter().fold(done, WithHead::cookie))
}
