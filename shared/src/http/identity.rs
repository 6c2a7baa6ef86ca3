//! Who a request's tokens name, by their signatures alone and without a read. Verified once: the rate limiter counts by
//! account, a Bearer token exempts from the rules for cookies, and authentication takes the access token from here.

use super::App;
use super::cookies::CookieName;
use super::request::RequestParts;
use crate::auth::token::{self, AccessClaims};
use crate::id::{SessionId, UserId};

/// The account and the session that a token names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) account: UserId,
    pub(super) session: SessionId,
}

/// What a request's tokens say. A token that is forged or has expired says nothing; one whose session has ended still
/// names its account.
#[derive(Debug, Default)]
pub(super) struct Identity {
    /// The access token: that of the header `Authorization`, or else of the first cookie whose token is valid.
    pub(super) access: Option<AccessClaims>,
    /// Whether that is the Bearer token.
    pub(super) is_bearer: bool,
    /// Without an access token: what the first refresh cookie names whose token is valid.
    refresh: Option<Holder>,
}

impl Identity {
    /// Reads the tokens of the headers. Without keys they name nobody.
    pub(super) async fn of(app: &App, request: &RequestParts) -> Self {
        for token in request.access_tokens(app) {
            if let Some(claims) = access_claims(app, request, token).await {
                return Self { access: Some(claims), is_bearer: request.bearer() == Some(token), refresh: None };
            }
        }
        for token in request.cookies(app, CookieName::Refresh) {
            if let Some(holder) = refresh_holder(app, request, Some(token)).await {
                return Self { refresh: Some(holder), ..Self::default() };
            }
        }
        Self::default()
    }

    pub(super) fn holder(&self) -> Option<Holder> {
        let of_access = self.access.as_ref().map(|claims| Holder { account: claims.sub, session: claims.sid });
        of_access.or(self.refresh)
    }
}

async fn access_claims(app: &App, request: &RequestParts, token: &str) -> Option<AccessClaims> {
    app.read_token(|keyring| token::read_access(keyring, token, request.now())).await.ok()?.ok()
}

/// What a refresh token names.
pub(super) async fn refresh_holder(app: &App, request: &RequestParts, token: Option<&str>) -> Option<Holder> {
    let (token, now) = (token?, request.now());
    let claims = app.read_token(|keyring| token::read_refresh(keyring, token, now)).await;
    claims.ok()?.ok().map(|claims| Holder { account: claims.sub, session: claims.sid })
}

/// Whether the request has a cookie that may authenticate it.
pub(super) fn has_cookie(app: &App, request: &RequestParts) -> bool {
    let names = [CookieName::Access, CookieName::Refresh, CookieName::Challenge];
    names.into_iter().any(|name| !request.cookies(app, name).is_empty())
}
