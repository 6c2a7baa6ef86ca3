//! `POST /api/auth/refresh`
//!
//! A refresh token is derived from its session and the number of rotations. Two tabs may refresh at once: the token
//! that was replaced a moment ago gets the current one. An older token was copied: the session ends, and the user is
//! notified. Tokens are delivered in the body only where the refresh token came in the body.

use serde::Serialize;
use serde_json::Value;
use shared::auth::session::{Session, TokenAge};
use shared::auth::token;
use shared::domain::field::{Field, string};
use shared::http::cookies::CookieName;
use shared::http::refresh_tokens::continued_session;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, RequestParts, Success, retry_conflicts};
use shared::inline_schema;
use shared::limits::RateLimitClass;

use crate::tokens::{SessionTokens, TokensOut};

shared::body! {
    pub struct Refresh {
        /// Not needed with the cookie `refreshToken`.
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
        .describe(
            "Send the refresh token as `refreshToken` or as a cookie. The new tokens are in the response if the \
             token was in the body and the request has `X-Token-Delivery: body`; otherwise they are cookies. A \
             token that was replaced more than 30 seconds ago ends the session, since it may have been stolen.",
        )
        .anyone()
        .optional_body()
        .limit(RateLimitClass::Auth)
        .refresh_token_in("refreshToken")
        .delivers_tokens()
        .errors(&[ErrorCode::Unauthorized, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, Refresh>) -> Result<Success<Refreshed>, ApiError> {
    let Refresh { refresh_token } = request.body(app)?;
    let presented = match &refresh_token {
        Some(RefreshToken(token)) => vec![token.as_str()],
        None => request.cookies(app, CookieName::Refresh),
    };
    if presented.is_empty() {
        return Err(ApiError::new(ErrorCode::Unauthorized).presented_nothing());
    }
    let (session, refresh) = retry_conflicts(async || rotate(app, request, &presented).await).await?;
    let keyring = app.keyring().await?;
    let access = token::sign_access(&keyring, session.user_id, &session.email, session.id, request.now())
        .map_err(ApiError::internal)?;
    let tokens = SessionTokens { access, refresh, idle: session.lifetime.idle() };
    let (message, data) = ("Token refreshed successfully", |tokens| Refreshed { tokens });
    Ok(match refresh_token {
        Some(_) => tokens.deliver(app, request, message, data),
        // A page's scripts cannot read the cookie, and must not be able to read what replaces it.
        None => tokens.set_cookies(app, Success::new(message, data(None))),
    })
}

/// The session as it is stored now, and its current refresh token.
async fn rotate(app: &App, request: &RequestParts, presented: &[&str]) -> Result<(Session, String), ApiError> {
    let now = request.now();
    let (mut session, age) = continued_session(app, request, presented).await?;
    let permit = request.permit().await?;
    let keyring = app.keyring().await?;
    match age {
        TokenAge::Current => {
            let read_generation = session.generation;
            let refresh = session.rotate(&keyring, now).map_err(ApiError::internal)?;
            app.store.rotate_session(&permit, &session, read_generation).await?;
            Ok((session, refresh))
        }
        TokenAge::JustRotated => {
            let refresh = session.refresh_token(&keyring).map_err(ApiError::internal)?;
            Ok((session, refresh))
        }
    }
}
