//! `POST /api/auth/resend-otp`: another code for a login that waits for one; the earlier code is void.

use shared::auth::challenge::MAX_RESENDS;
use shared::http::cookies::CookieName;
use shared::http::{ApiError, App, ErrorCode, Reply, Request};
use shared::id::ChallengeId;
use shared::store::{Refusal, WriteError};

use crate::challenge_of;
use crate::sign_in::code_sent;

/// Answers 200 with the challenge.
///
/// # Errors
/// 400 for a challenge that is unknown, met, too old, or had all its tries; 409 when it had all its codes.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let cookie = request.cookie(&CookieName::Challenge.wire(&app.http)).and_then(|id| ChallengeId::parse(id).ok());
    let id = request.optional_body(|fields| challenge_of(fields, cookie))?;
    let over = || ApiError::new(ErrorCode::InvalidChallenge);
    let challenge = app.store.challenge(id.ok_or_else(over)?).await?;
    let challenge = challenge.filter(|challenge| challenge.is_alive(request.now())).ok_or_else(over)?;
    let permit = request.permit().await?;
    if challenge.resends >= MAX_RESENDS {
        let said = format!("A code can be sent again at most {MAX_RESENDS} times");
        return Err(ApiError::new(ErrorCode::LimitReached).saying(said));
    }
    let challenge = challenge.renewed(&*app.keyring().await?, request.now());
    match app.store.renew_challenge(&permit, &challenge, &challenge.mail(request.now())).await {
        Err(WriteError::Refused(Refusal::ChallengeOver)) => Err(ApiError::new(ErrorCode::Conflict)),
        renewed => Ok(renewed.map(|()| code_sent(app, &challenge))?),
    }
}
