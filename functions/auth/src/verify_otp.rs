//! `POST /api/auth/verify-otp`: the mailed code completes a login.

use shared::auth::mailed::LoginCode;
use shared::domain::email::Email;
use shared::domain::field::{Field, Fields, string};
use shared::http::cookies::{CookieName, SetCookie};
use shared::http::login_guard::Reservation;
use shared::http::{ApiError, App, ErrorCode, Reply, Request, retry_conflicts};
use shared::id::ChallengeId;

use crate::challenge_of;
use crate::sign_in::{Grounds, open_session, signed_in};

/// A code as typed.
struct TypedCode(String);

impl Field for TypedCode {
    fn read(label: &str, value: &serde_json::Value) -> Result<Self, String> {
        let text = string(label, value)?.trim();
        if text.len() != LoginCode::DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("{label} must be {} digits", LoginCode::DIGITS));
        }
        Ok(Self(text.to_owned()))
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({"type": "string", "pattern": "^[0-9]{6}$"})
    }
}

struct Answer {
    /// Missing only where the cookie names the challenge.
    email: Option<Email>,
    code: TypedCode,
    challenge: ChallengeId,
}

impl Answer {
    fn read(fields: &mut Fields, cookie: Option<ChallengeId>) -> Option<Self> {
        let challenge = challenge_of(fields, cookie);
        // After a sign-in with Google the app does not know the address.
        let email = if cookie.is_some() && challenge == cookie {
            Some(fields.optional("email", "Email"))
        } else {
            fields.required("email", "Email").map(Some)
        };
        let code = fields.required("otp", "OTP");
        Some(Self { email: email?, code: code?, challenge: challenge? })
    }
}

/// Answers as login does.
///
/// # Errors
/// 400 for a code that is wrong, used, replaced, too old or of another login.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let cookie = request.cookie(&CookieName::Challenge.wire(&app.http)).and_then(|id| ChallengeId::parse(id).ok());
    let answer = request.body(|fields| Answer::read(fields, cookie))?;
    let wrong = || ApiError::new(ErrorCode::InvalidOtp);
    let (permit, now) = (request.permit().await?, request.now());
    let challenge = app.store.try_challenge(&permit, answer.challenge, now).await?.ok_or_else(wrong)?;
    let keyring = app.keyring_with(&challenge.kid).await?;
    let is_theirs = answer.email.is_none_or(|email| email == challenge.email);
    if !challenge.accepts(&keyring, &answer.code.0) || !is_theirs {
        return Err(wrong());
    }
    let request = &*request;
    let grounds = Grounds { memory: challenge.memory, stronger: None, challenge: Some(&challenge) };
    let (account, tokens) = retry_conflicts(async || {
        let account = app.store.account_with_sessions(challenge.user_id, now).await?.ok_or_else(wrong)?;
        if account.user.password_version != challenge.password_version {
            return Err(wrong());
        }
        let tokens = open_session(app, request, &permit, &account, grounds).await?;
        Ok((account, tokens))
    })
    .await?;
    if let Some(counted) = challenge.counted {
        Reservation::of(&keyring, &app.http.limits, &challenge.email, counted).take_back(&app.store).await;
    }
    let reply = signed_in(app, request, tokens, &account.user);
    Ok(reply.cookie(SetCookie::clear(&app.http, CookieName::Challenge)))
}
