//! `POST /api/auth/verify-otp`

use shared::auth::challenge::Challenge;
use shared::auth::mailed::LoginCode;
use shared::clock::Timestamp;
use shared::domain::body::Body;
use shared::domain::email::Email;
use shared::domain::field::{Field, Fields, string};
use shared::http::cookies::{CookieName, SetCookie};
use shared::http::login_guard::Reservation;
use shared::http::{ApiError, App, ErrorCode, Operation, Permit, Request, Success, WithHead, retry_conflicts};
use shared::id::ChallengeId;
use shared::inline_schema;
use shared::limits::RateLimitClass;
#[cfg(feature = "schema")]
use shared::schema::ObjectSchema;

use crate::challenge::ChallengeReference;
use crate::sign_in::{SignInContext, SignInRequest, SignedIn};

/// A code as the user typed it.
struct TypedCode(String);

impl Field for TypedCode {
    fn read(label: &str, value: &serde_json::Value) -> Result<Self, String> {
        let text = string(label, value)?.trim();
        if text.len() != LoginCode::DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("{label} must be {} digits", LoginCode::DIGITS));
        }
        Ok(Self(text.to_owned()))
    }
}

inline_schema!(TypedCode, { "type": "string", "pattern": "^[0-9]{6}$" });

pub struct CodeOfChallenge {
    challenges: Vec<ChallengeId>,
    /// Missing only where cookies name the challenge: after a sign-in with Google the app does not know the
    /// address.
    email: Option<Email>,
    code: TypedCode,
}

impl Body for CodeOfChallenge {
    fn read(fields: &mut Fields) -> Option<Self> {
        let challenges = ChallengeReference::read(fields).map(|ChallengeReference(challenges)| challenges);
        let of_cookies = &fields.context().challenges;
        let are_of_cookies = challenges.as_ref().is_some_and(|ids| ids.iter().all(|id| of_cookies.contains(id)));
        let email = if are_of_cookies {
            Some(fields.optional("email", "Email"))
        } else {
            fields.required("email", "Email").map(Some)
        };
        let code = fields.required("otp", "OTP");
        Some(Self { challenges: challenges?, email: email?, code: code? })
    }

    #[cfg(feature = "schema")]
    fn describe(object: &mut ObjectSchema<'_>) {
        ChallengeReference::describe(object);
        object.required::<Email>("email", "");
        object.required::<TypedCode>("otp", "The six digits of the mail.");
    }
}

pub const OPERATION: Operation<CodeOfChallenge, Success<SignedIn>> =
    Operation::post("/api/auth/verify-otp", "Complete a login with the mailed code")
        .describe("A code works once, for five minutes, and only for its login; five wrong codes end that login.")
        .anyone()
        .limit(RateLimitClass::Otp)
        .counted_by_address()
        .delivers_tokens()
        .errors(&[ErrorCode::InvalidOtp, ErrorCode::InvalidChallenge, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, CodeOfChallenge>) -> Result<Success<SignedIn>, ApiError> {
    let CodeOfChallenge { challenges, email, code: TypedCode(code) } = request.body(app)?;
    let wrong = || ApiError::new(ErrorCode::InvalidOtp);
    let (permit, now) = (&request.permit().await?, request.now());
    let challenge = first_open(app, permit, &challenges, now).await?.ok_or_else(wrong)?;
    let keyring = app.keyring_with(&challenge.kid).await?;
    let is_same_email = email.is_none_or(|email| email == challenge.email);
    if !challenge.accepts(&keyring, &code) || !is_same_email {
        return Err(wrong());
    }
    let sign_in = SignInRequest { app, request, permit };
    let context = SignInContext { lifetime: challenge.lifetime, rehash: None, challenge: Some(&challenge) };
    let (account, tokens) = retry_conflicts(async || {
        let account = app.store.account_with_sessions(challenge.user_id, now).await?.ok_or_else(wrong)?;
        if account.user.password_version != challenge.password_version {
            return Err(wrong());
        }
        let tokens = sign_in.open_session(&account, context).await?;
        Ok((account, tokens))
    })
    .await?;
    if let Some(attempt) = challenge.attempt {
        Reservation::of(&keyring, &app.http.limits, &challenge.email, attempt).give_back(&app.store).await;
    }
    let answer = sign_in.signed_in(&account.user, tokens);
    Ok(answer.cookie(SetCookie::clear(&app.http, CookieName::Challenge)))
}

/// The first of the challenges that is open, with a try counted. 1 call each, up to that one.
async fn first_open(
    app: &App,
    permit: &Permit,
    challenges: &[ChallengeId],
    now: Timestamp,
) -> Result<Option<Challenge>, ApiError> {
    for challenge in challenges {
        if let Some(open) = app.store.try_challenge(permit, *challenge, now).await? {
            return Ok(Some(open));
        }
    }
    Ok(None)
}
