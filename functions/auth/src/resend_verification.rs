//! `POST /api/auth/resend-verification`: another mail that verifies the caller's address; earlier ones are void.

use serde_json::json;
use shared::http::{ApiError, App, ErrorCode, Reply, Request};

use crate::verification;

/// Answers 200, without a mail when the address is verified.
///
/// # Errors
/// 401 when the account was deleted since the token was given.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let user = app.store.user(request.caller()?.id).await?;
    let user = user.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?;
    if user.email_verified && user.mail_stopped.is_none() {
        return Ok(Reply::ok("Email is already verified", json!({})));
    }
    let keyring = app.keyring().await?;
    let (mail, token) = verification(&keyring, user.id, request.now())?;
    let permit = request.permit().await?;
    app.store.resend_verification(&permit, &user, &mail, &token).await?;
    Ok(Reply::ok("Verification email sent", json!({})))
}
