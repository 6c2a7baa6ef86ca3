//! Authentication: a valid access token suffices; otherwise a valid refresh cookie of a live session, which gives a new
//! access cookie with the answer.

use super::App;
use super::cookies::{CookieName, SetCookie};
use super::error::ApiError;
use super::refresh_tokens::continued_session;
use super::request::{Caller, RequestParts};
use crate::auth::token::{self, AccessClaims};

/// A caller, and the cookie of a silent refresh.
pub(super) struct Authenticated {
    pub(super) caller: Caller,
    pub(super) cookie: Option<SetCookie>,
}

/// Authenticates a request by its valid access token. Without one 1 call for each session that its refresh cookies name.
///
/// # Errors
/// 401.
pub(super) async fn authenticate(
    app: &App,
    request: &RequestParts,
    access: Option<AccessClaims>,
) -> Result<Authenticated, ApiError> {
    match access {
        Some(AccessClaims { sub, email, sid, .. }) => {
            Ok(Authenticated { caller: Caller { id: sub, email, session: sid }, cookie: None })
        }
        None => silently_refreshed(app, request).await,
    }
}

async fn silently_refreshed(app: &App, request: &RequestParts) -> Result<Authenticated, ApiError> {
    let (session, _) = continued_session(app, request, &request.cookies(app, CookieName::Refresh)).await?;
    let keyring = app.keyring().await?;
    let token = token::sign_access(&keyring, session.user_id, &session.email, session.id, request.now())
        .map_err(ApiError::internal)?;
    let caller = Caller { id: session.user_id, email: session.email, session: session.id };
    Ok(Authenticated { caller, cookie: Some(SetCookie::access(&app.http, &token)) })
}
