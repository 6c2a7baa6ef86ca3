//! `POST /api/auth/resend-otp`
//!
//! A new code replaces the earlier one; the number of tries that are left stays.

use shared::auth::challenge::{Challenge, MAX_RESENDS};
use shared::domain::mail::AddressState;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, RequestParts, Success};
use shared::id::ChallengeId;
use shared::limits::RateLimitClass;
use shared::store::{Refusal, WriteError};

use crate::challenge::{ChallengeReference, CodeSent, code_sent};

pub const OPERATION: Operation<ChallengeReference, Success<CodeSent>> =
    Operation::post("/api/auth/resend-otp", "Mail another login code")
        .describe("The previous code becomes invalid. A login allows three more codes.")
        .anyone()
        .optional_body()
        .limit(RateLimitClass::Otp)
        .counted_by_address()
        .errors(&[ErrorCode::InvalidChallenge, ErrorCode::LimitReached, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, ChallengeReference>) -> Result<Success<CodeSent>, ApiError> {
    let ChallengeReference(challenges) = request.body(app)?;
    let challenge = first_alive(app, request, &challenges).await?;
    let over = || ApiError::new(ErrorCode::InvalidChallenge);
    let challenge = challenge.ok_or_else(over)?;
    let permit = request.permit().await?;
    if challenge.resends >= MAX_RESENDS {
        let message = format!("A code can be sent again at most {MAX_RESENDS} times");
        return Err(ApiError::new(ErrorCode::LimitReached).with_message(message));
    }
    let challenge = challenge.renewed(&*app.keyring().await?, request.now());
    let mail = app.addressed(challenge.mail(request.now()), &challenge.email, AddressState::Verified).await?;
    match app.store.renew_challenge(&permit, &challenge, &mail).await {
        // The password that the login began with is not the account's any more.
        Err(WriteError::Refused(Refusal::AccountChanged)) => Err(over()),
        Err(WriteError::Refused(Refusal::ChallengeOver)) => Err(ApiError::new(ErrorCode::Conflict)),
        renewed => Ok(renewed.map(|()| code_sent(app, &challenge))?),
    }
}

/// The first of the challenges that is alive. 1 call each, up to that one.
async fn first_alive(
    app: &App,
    request: &RequestParts,
    challenges: &[ChallengeId],
) -> Result<Option<Challenge>, ApiError> {
    for (position, challenge) in challenges.iter().enumerate() {
        if position > 0 {
            // A client over its rate limit causes one read.
            request.permit().await?;
        }
        let challenge = app.store.challenge(*challenge).await?;
        if let Some(alive) = challenge.filter(|challenge| challenge.is_alive(request.now())) {
            return Ok(Some(alive));
        }
    }
    Ok(None)
}
