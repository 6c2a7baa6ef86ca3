//! `POST /api/auth/refresh`: rotates a session's refresh token, and gives a new access token.
//!
//! A refresh token is derived from its session and how often that was rotated, so the one that was rotated away
//! just now is answered with the current one again: two tabs may refresh at once. An older one was copied: the
//! session ends, and the user is told.

use serde_json::json;
use shared::auth::session::{Presented, Session};
use shared::auth::token;
use shared::domain::field::{Field, string};
use shared::domain::mail::{Mail, MailContent};
use shared::domain::notification::Notification;
use shared::http::cookies::CookieName;
use shared::http::{ApiError, App, ErrorCode, Permit, Reply, Request, retry_conflicts};
use shared::store::{Refusal, WriteError};

use crate::Tokens;

/// A token in a body.
struct RefreshToken(String);

impl Field for RefreshToken {
    fn read(label: &str, value: &serde_json::Value) -> Result<Self, String> {
        string(label, value).map(|text| Self(text.to_owned()))
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({"type": "string"})
    }
}

/// Answers 200 with the tokens, as login does.
///
/// # Errors
/// 401 for a token that is no refresh token of a live session.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let in_body = request.optional_body(|fields| fields.optional::<RefreshToken>("refreshToken", "Refresh token"))?;
    let cookie = request.cookie(&CookieName::Refresh.wire(&app.http));
    let presented = in_body.as_ref().map(|token| token.0.as_str()).or(cookie);
    let presented = presented.ok_or_else(unauthorized)?;
    let request = &*request;
    let (session, refresh) = retry_conflicts(async || refreshed(app, request, presented).await).await?;
    let keyring = app.keyring().await?;
    let access = token::sign_access(&keyring, session.user_id, &session.email, session.id, request.now())
        .map_err(ApiError::internal)?;
    let tokens = Tokens { access, refresh, lives: session.memory.idle() };
    Ok(tokens.deliver(app, request, "Token refreshed successfully", json!({})))
}

/// The session as it is from now on, and its refresh token.
async fn refreshed(app: &App, request: &Request<'_>, presented: &str) -> Result<(Session, String), ApiError> {
    let now = request.now();
    let keyring = app.keyring().await?;
    let claims = app.read_token(|keyring| token::read_refresh(keyring, presented, now)).await?;
    let claims = claims.map_err(|_| unauthorized())?;
    let session = app.store.session(claims.sub, claims.sid).await?;
    let mut session = session.filter(|session| session.is_alive(now)).ok_or_else(unauthorized)?;
    let permit = request.permit().await?;
    match session.recognise(presented, claims.generation, now) {
        Presented::Current => {
            let read_generation = session.generation;
            let refresh = session.rotate(&keyring, now).map_err(ApiError::internal)?;
            app.store.rotate_session(&permit, &session, read_generation).await?;
            Ok((session, refresh))
        }
        Presented::JustRotated => {
            let refresh = session.refresh_token(&keyring).map_err(ApiError::internal)?;
            Ok((session, refresh))
        }
        Presented::Stolen => {
            end_stolen(app, &permit, &session, request).await?;
            Err(unauthorized())
        }
    }
}

async fn end_stolen(app: &App, permit: &Permit, session: &Session, request: &Request<'_>) -> Result<(), ApiError> {
    let now = request.now();
    tracing::warn!(user_id = %session.user_id, session_id = %session.id, "session.token_reused");
    let message = "A sign-in token of yours was used twice. The session was ended; sign in again.";
    let told = Notification::security(session.user_id, message, now);
    let content = MailContent::TokenTheft { device: session.device.clone() };
    let mail = Mail::new(session.user_id, content, now);
    match app.store.end_stolen_session(permit, session, &told, &mail).await {
        // It has ended already.
        Err(WriteError::Refused(Refusal::SessionChanged)) => Ok(()),
        ended => Ok(ended?),
    }
}

fn unauthorized() -> ApiError {
    ApiError::new(ErrorCode::Unauthorized)
}
