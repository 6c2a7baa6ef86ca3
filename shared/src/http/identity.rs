//! Who a request's tokens name, by their signatures alone and without a read: the rate limiter counts by account, and a
//! Bearer token exempts from the rules for cookies.

use super::App;
use super::cookies::CookieName;
use super::request::RequestParts;
use crate::auth::token;
use crate::id::UserId;

/// The accounts that a request's tokens name. A token that is forged or has expired names none; one whose session has
/// ended still names its account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity {
    /// By the Bearer token.
    pub(super) bearer: Option<UserId>,
    /// By the access cookie, or else the refresh cookie.
    pub(super) cookie: Option<UserId>,
}

impl Identity {
    /// Reads the tokens of the headers. Without keys they name nobody.
    pub(super) async fn of(app: &App, request: &RequestParts) -> Self {
        Self { bearer: access_holder(app, request, request.bearer()).await, cookie: cookie_holder(app, request).await }
    }

    /// The account.
    pub(super) fn account(self) -> Option<UserId> {
        self.bearer.or(self.cookie)
    }
}

/// The account that the first valid access cookie names, or else the first valid refresh cookie.
async fn cookie_holder(app: &App, request: &RequestParts) -> Option<UserId> {
    for token in request.cookies(app, CookieName::Access) {
        if let Some(holder) = access_holder(app, request, Some(token)).await {
            return Some(holder);
        }
    }
    for token in request.cookies(app, CookieName::Refresh) {
        if let Some(holder) = refresh_holder(app, request, Some(token)).await {
            return Some(holder);
        }
    }
    None
}

async fn access_holder(app: &App, request: &RequestParts, token: Option<&str>) -> Option<UserId> {
    let (token, now) = (token?, request.now());
    let claims = app.read_token(|keyring| token::read_access(keyring, token, now)).await;
    claims.ok()?.ok().map(|claims| claims.sub)
}

/// The account that a refresh token names.
pub(super) async fn refresh_holder(app: &App, request: &RequestParts, token: Option<&str>) -> Option<UserId> {
    let (token, now) = (token?, request.now());
    let claims = app.read_token(|keyring| token::read_refresh(keyring, token, now)).await;
    claims.ok()?.ok().map(|claims| claims.sub)
}

/// Whether the request has a cookie that may authenticate it.
pub(super) fn has_cookie(app: &App, request: &RequestParts) -> bool {
    let names = [CookieName::Access, CookieName::Refresh, CookieName::Challenge];
    names.into_iter().any(|name| !request.cookies(app, name).is_empty())
}
