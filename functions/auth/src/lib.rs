//! Signing up, in and out.
//!
//! | Function | Route |
//! |---|---|
//! | `auth-register` | `POST /api/auth/register` |
//! | `auth-verify-email` | `POST /api/auth/verify-email` |
//! | `auth-resend-verification` | `POST /api/auth/resend-verification` |
//! | `auth-login` | `POST /api/auth/login` |
//! | `auth-refresh` | `POST /api/auth/refresh` |
//! | `auth-logout` | `POST /api/auth/logout` |

pub mod login;
pub mod logout;
pub mod refresh;
pub mod register;
pub mod resend_verification;
pub mod verify_email;

use std::time::Duration;

use serde_json::{Value, json};
use shared::auth::keyring::Keyring;
use shared::auth::mailed::MailedToken;
use shared::auth::token::ACCESS_TTL;
use shared::clock::Timestamp;
use shared::domain::mail::{Mail, MailContent};
use shared::http::cookies::SetCookie;
use shared::http::{ApiError, App, Reply, Request};
use shared::id::{TokenSeed, UserId};

/// A session's tokens, on their way to the client.
struct Tokens {
    access: String,
    refresh: String,
    /// How long the refresh cookie lives.
    lives: Duration,
}

impl Tokens {
    /// Answers with the tokens as cookies, or in the body for clients that ask for it so.
    fn deliver(self, app: &App, request: &Request<'_>, message: &str, mut data: Value) -> Reply {
        let in_body = request.header("x-token-delivery").is_some_and(|way| way.eq_ignore_ascii_case("body"));
        if in_body {
            if let Some(data) = data.as_object_mut() {
                let tokens = json!({
                    "accessToken": self.access,
                    "refreshToken": self.refresh,
                    "expiresIn": ACCESS_TTL.as_secs(),
                });
                data.insert("tokens".to_owned(), tokens);
            }
            return Reply::ok(message, data);
        }
        Reply::ok(message, data).cookie(SetCookie::access(&app.http, &self.access)).cookie(SetCookie::refresh(
            &app.http,
            &self.refresh,
            self.lives,
        ))
    }
}

/// The mail that verifies a user's address, and the token that is going to be in it.
fn verification(keyring: &Keyring, user: UserId, now: Timestamp) -> Result<(Mail, MailedToken), ApiError> {
    let (seed, kid) = (TokenSeed::new(), keyring.current().to_owned());
    let token = MailedToken::derive(keyring, &kid, seed).ok_or_else(|| ApiError::internal("no current key"))?;
    Ok((Mail::new(user, MailContent::Verification { seed, kid }, now), token))
}
