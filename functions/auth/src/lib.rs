//! Signing up, in and out.
//!
//! | Function | Route |
//! |---|---|
//! | `auth-register` | `POST /api/auth/register` |
//! | `auth-verify-email` | `POST /api/auth/verify-email` |
//! | `auth-resend-verification` | `POST /api/auth/resend-verification` |
//! | `auth-login` | `POST /api/auth/login` |
//! | `auth-verify-otp` | `POST /api/auth/verify-otp` |
//! | `auth-resend-otp` | `POST /api/auth/resend-otp` |
//! | `auth-forgot-password` | `POST /api/auth/forgot-password` |
//! | `auth-issue-reset` | the reset queue, which `auth-forgot-password` fills |
//! | `auth-reset-password` | `POST /api/auth/reset-password` |
//! | `auth-google` | `GET /api/auth/google` |
//! | `auth-google-callback` | `GET /api/auth/google/callback` |
//! | `auth-refresh` | `POST /api/auth/refresh` |
//! | `auth-logout` | `POST /api/auth/logout` |

pub mod forgot_password;
pub mod google;
pub mod google_callback;
pub mod issue_reset;
pub mod login;
pub mod logout;
pub mod oidc;
pub mod oidc_flow;
pub mod refresh;
pub mod register;
pub mod resend_otp;
pub mod resend_verification;
pub mod reset_password;
mod sign_in;
pub mod verify_email;
pub mod verify_otp;

use std::time::Duration;

use serde_json::{Value, json};
use shared::auth::keyring::Keyring;
use shared::auth::mailed::MailedToken;
use shared::auth::token::ACCESS_TTL;
use shared::clock::Timestamp;
use shared::domain::field::{Field, Fields, string};
use shared::domain::mail::{Mail, MailContent};
use shared::http::cookies::SetCookie;
use shared::http::{ApiError, App, Reply, Request};
use shared::id::{ChallengeId, TokenSeed, UserId};

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
            return Reply::ok(message, data).confidential();
        }
        self.give_cookies(app, Reply::ok(message, data))
    }

    /// Gives the tokens to a browser.
    fn give_cookies(self, app: &App, reply: Reply) -> Reply {
        let refresh = SetCookie::refresh(&app.http, &self.refresh, self.lives);
        reply.cookie(SetCookie::access(&app.http, &self.access)).cookie(refresh)
    }
}

/// The mail that verifies a user's address, and the token that is going to be in it.
fn verification(keyring: &Keyring, user: UserId, now: Timestamp) -> Result<(Mail, MailedToken), ApiError> {
    let (seed, kid) = (TokenSeed::new(), keyring.current().to_owned());
    let token = MailedToken::derive(keyring, &kid, seed).ok_or_else(|| ApiError::internal("no current key"))?;
    Ok((Mail::new(user, MailContent::Verification { seed, kid }, now), token))
}

/// A mailed token as it comes back.
struct PresentedToken(String);

impl PresentedToken {
    fn as_str(&self) -> &str {
        &self.0
    }
}

impl Field for PresentedToken {
    fn read(label: &str, value: &serde_json::Value) -> Result<Self, String> {
        let text = string(label, value)?.trim();
        if text.is_empty() {
            return Err(format!("{label} is required"));
        }
        Ok(Self(text.to_owned()))
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({"type": "string", "minLength": 1})
    }
}

/// The login that waits for its code: the body's `challengeId`, or else the cookie's.
fn challenge_of(fields: &mut Fields, cookie: Option<ChallengeId>) -> Option<ChallengeId> {
    const NAME: &str = "challengeId";
    let named: Option<PresentedChallenge> = match cookie {
        Some(_) => fields.optional(NAME, "Challenge id"),
        None => fields.required(NAME, "Challenge id"),
    };
    named.map(|PresentedChallenge(id)| id).or(cookie)
}

struct PresentedChallenge(ChallengeId);

impl Field for PresentedChallenge {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let id = ChallengeId::parse(string(label, value)?.trim());
        id.map(Self).map_err(|_| format!("{label} must be a UUID"))
    }

    fn schema() -> Value {
        serde_json::json!({"type": "string", "format": "uuid"})
    }
}
