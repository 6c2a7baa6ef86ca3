//! The session that a request's refresh tokens continue, and what is done about one that was stolen.

use super::App;
use super::cookies::CookieName;
use super::error::{ApiError, ErrorCode};
use super::request::RequestParts;
use crate::auth::keyring::Keyring;
use crate::auth::session::{RotatedAway, Session, TokenAge};
use crate::auth::token;
use crate::id::SessionId;
use crate::store::{Refusal, WriteError};

/// The session that the first valid one of `tokens` continues, and that token's age. 1 call per session that they name.
///
/// A token that was rotated away is taken for stolen only when none is valid: a browser may send an outdated cookie before the
/// current one. Its session then ends, and its user is notified.
///
/// # Errors
/// 401 when no token is valid; the rate limiter's rejection before a second session is read and before one ends.
pub async fn continued_session(
    app: &App,
    request: &RequestParts,
    tokens: &[&str],
) -> Result<(Session, TokenAge), ApiError> {
    let now = request.now();
    let mut sessions: Vec<(SessionId, Option<Session>)> = Vec::new();
    let mut stolen: Vec<Session> = Vec::new();
    for token in tokens {
        let claims = app.read_token(|keyring| token::read_refresh(keyring, token, now)).await?;
        let Ok(claims) = claims else { continue };
        let known = sessions.iter().find(|(id, _)| *id == claims.sid).map(|(_, session)| session.clone());
        let session = match known {
            Some(session) => session,
            None => {
                if !sessions.is_empty() {
                    request.permit().await?;
                }
                let session = app.store.session(claims.sub, claims.sid).await?;
                let session = session.filter(|session| session.is_alive(now));
                sessions.push((claims.sid, session.clone()));
                session
            }
        };
        let Some(session) = session else {
            app.ended.note(claims.sid);
            continue;
        };
        match session.recognise(token, claims.generation, now) {
            Ok(age) => return Ok((session, age)),
            Err(RotatedAway) if stolen.iter().any(|known| known.id == session.id) => {}
            Err(RotatedAway) => stolen.push(session),
        }
    }
    for session in stolen {
        if !is_late(app, request, session.id).await? {
            end_stolen(app, request, &session).await?;
        }
    }
    Err(ApiError::new(ErrorCode::Unauthorized))
}

/// Whether an access token of the session comes along that expired a moment ago: the request was under way for long, and its
/// refresh token may have been rotated meanwhile.
async fn is_late(app: &App, request: &RequestParts, session: SessionId) -> Result<bool, ApiError> {
    for token in request.access_tokens(app) {
        let is_late = |keyring: &Keyring| token::is_late_access(keyring, token, session, request.now());
        if app.read_token(is_late).await?.unwrap_or_default() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn end_stolen(app: &App, request: &RequestParts, session: &Session) -> Result<(), ApiError> {
    let permit = request.permit().await?;
    tracing::warn!(user_id = %session.user_id, session_id = %session.id, "session.token_reused");
    match app.store.end_stolen_session(&permit, session).await {
        // The session has ended already.
        Ok(()) | Err(WriteError::Refused(Refusal::SessionChanged)) => {
            app.ended.note(session.id);
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

impl RequestParts {
    /// The access tokens that the request presents: the Bearer token, then those of cookies.
    pub fn access_tokens(&self, app: &App) -> Vec<&str> {
        self.bearer().into_iter().chain(self.cookies(app, CookieName::Access)).collect()
    }
}
