//! How a session's tokens reach the client.

use std::time::Duration;

use serde::Serialize;
use shared::auth::token::ACCESS_TTL;
use shared::http::cookies::SetCookie;
use shared::http::{App, RequestParts, Success, WithHead};

/// An access token and a refresh token.
pub(crate) struct SessionTokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    /// How long the session may be idle, which is how long the refresh cookie lives.
    pub(crate) idle: Duration,
}

impl SessionTokens {
    /// Answers with the tokens as cookies, or in the body where `X-Token-Delivery` asks for it. `data` builds the
    /// answer's data from the tokens that go into the body.
    pub(crate) fn deliver<T>(
        self,
        app: &App,
        request: &RequestParts,
        message: &'static str,
        data: impl FnOnce(Option<TokensOut>) -> T,
    ) -> Success<T> {
        let in_body = request.header("x-token-delivery").is_some_and(|way| way.eq_ignore_ascii_case("body"));
        if in_body {
            Success::new(message, data(Some(self.into()))).confidential()
        } else {
            self.set_cookies(app, Success::new(message, data(None)))
        }
    }

    /// Adds the cookies that carry the tokens.
    pub(crate) fn set_cookies<A: WithHead>(&self, app: &App, answer: A) -> A {
        let refresh = SetCookie::refresh(&app.http, &self.refresh, self.idle);
        answer.cookie(SetCookie::access(&app.http, &self.access)).cookie(refresh)
    }
}

/// The tokens of a session, with `X-Token-Delivery: body`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Tokens"))]
pub(crate) struct TokensOut {
    /// For the header `Authorization: Bearer`.
    access_token: String,
    /// For `POST /api/auth/refresh`, once.
    refresh_token: String,
    /// Lifetime of the access token, in seconds.
    expires_in: u64,
}

impl From<SessionTokens> for TokensOut {
    fn from(SessionTokens { access, refresh, .. }: SessionTokens) -> Self {
        Self { access_token: access, refresh_token: refresh, expires_in: ACCESS_TTL.as_secs() }
    }
}
