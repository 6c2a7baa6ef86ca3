//! Authentication: a valid access token suffices; otherwise a valid refresh cookie of a live session, which gives a new
//! access cookie with the answer.

use super::App;
use super::cookies::{CookieName, SetCookie};
use super::error::{ApiError, ErrorCode};
use super::request::{Caller, RequestParts};
use crate::auth::session::Presented;
use crate::auth::token;
use crate::clock::Timestamp;

/// A caller, and the cookie of a silent refresh.
pub(super) struct Authenticated {
    pub(super) caller: Caller,
    pub(super) cookie: Option<SetCookie>,
}

/// Authenticates a request. 1 call when there is only a refresh cookie.
///
/// # Errors
/// 401.
pub(super) async fn authenticate(app: &App, request: &RequestParts) -> Result<Authenticated, ApiError> {
    let now = request.now();
    let access_cookie = CookieName::Access.wire(&app.http);
    for token in request.bearer().into_iter().chain(request.cookie(&access_cookie)) {
        if let Ok(claims) = app.read_token(|keyring| token::read_access(keyring, token, now)).await? {
            let caller = Caller { id: claims.sub, email: claims.email, session: claims.sid };
            return Ok(Authenticated { caller, cookie: None });
        }
    }
    silently_refreshed(app, request, now).await
}

async fn silently_refreshed(app: &App, request: &RequestParts, now: Timestamp) -> Result<Authenticated, ApiError> {
    let unauthorized = || ApiError::new(ErrorCode::Unauthorized);
    let name = CookieName::Refresh.wire(&app.http);
    let refresh_token = request.cookie(&name).ok_or_else(unauthorized)?;
    let claims = app.read_token(|keyring| token::read_refresh(keyring, refresh_token, now)).await?;
    let claims = claims.map_err(|_| unauthorized())?;
    let session = app.store.session(claims.sub, claims.sid).await?.ok_or_else(unauthorized)?;
    if !session.is_alive(now) || session.recognise(refresh_token, claims.generation, now) == Presented::Stolen {
        return Err(unauthorized());
    }
    let keyring = app.keyring().await?;
    let token =
        token::sign_access(&keyring, session.user_id, &session.email, session.id, now).map_err(ApiError::internal)?;
    let caller = Caller { id: session.user_id, email: session.email, session: session.id };
    Ok(Authenticated { caller, cookie: Some(SetCookie::access(&app.http, &token)) })
}
