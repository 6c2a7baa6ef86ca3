//! `POST /api/auth/refresh`
//!
//! A refresh token is derived from its session and the number of rotations. Two tabs may refresh at once: the token
//! that was replaced a moment ago gets the current one. An older token was copied: the session ends, and the user is
//! notified.

use serde::Serialize;
use serde_json::Value;
use shared::auth::session::{Presented, Session};
use shared::auth::token;
use shared::domain::field::{Field, string};
use shared::domain::mail::{Mail, MailContent};
use shared::http::cookies::CookieName;
use shared::http::{ApiError, App, ErrorCode, Operation, Permit, Request, RequestParts, Success, retry_conflicts};
use shared::inline_schema;
use shared::limits::RateLimitClass;
use shared::store::{Refusal, WriteError};

use crate::tokens::{SessionTokens, TokensOut};

shared::body! {
    pub struct Refresh {
        refresh_token: Option<RefreshToken> = optional "refreshToken",
    }
}

struct RefreshToken(String);

impl Field for RefreshToken {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        string(label, value).map(|text| Self(text.to_owned()))
    }
}

inline_schema!(RefreshToken, { "type": "string" });

/// The new tokens.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct Refreshed {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "TokensOut"))]
    tokens: Option<TokensOut>,
}

pub const OPERATION: Operation<Refresh, Success<Refreshed>> =
    Operation::post("/api/auth/refresh", "Rotate the session's tokens")
        .anyone()
        .optional_body()
        .limit(RateLimitClass::Auth)
        .delivers_tokens()
        .errors(&[ErrorCode::Unauthorized, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, Refresh>) -> Result<Success<Refreshed>, ApiError> {
    let Refresh { refresh_token } = request.body(app)?;
    let cookie = request.cookie(&CookieName::Refresh.wire(&app.http));
    let presented = refresh_token.as_ref().map(|RefreshToken(text)| text.as_str()).or(cookie);
    let presented = presented.ok_or_else(unauthorized)?;
    let (session, refresh) = retry_conflicts(async || rotate(app, request, presented).await).await?;
    let keyring = app.keyring().await?;
    let access = token::sign_access(&keyring, session.user_id, &session.email, session.id, request.now())
        .map_err(ApiError::internal)?;
    let tokens = SessionTokens { access, refresh, idle: session.lifetime.idle() };
    Ok(tokens.deliver(app, request, "Token refreshed successfully", |tokens| Refreshed { tokens }))
}

/// The session as it is stored now, and its current refresh token.
async fn rotate(app: &App, request: &RequestParts, presented: &str) -> Result<(Session, String), ApiError> {
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

async fn end_stolen(app: &App, permit: &Permit, session: &Session, request: &RequestParts) -> Result<(), ApiError> {
    let now = request.now();
    tracing::warn!(user_id = %session.user_id, session_id = %session.id, "session.token_reused");
    let content = MailContent::TokenTheft { device: session.device.clone() };
    let mail = Mail::new(session.user_id, content, now);
    match app.store.end_stolen_session(permit, session, &mail).await {
        // The session has ended already.
        Err(WriteError::Refused(Refusal::SessionChanged)) => Ok(()),
        ended => Ok(ended?),
    }
}

fn unauthorized() -> ApiError {
    ApiError::new(ErrorCode::Unauthorized)
}
