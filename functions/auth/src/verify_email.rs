//! `POST /api/auth/verify-email`: the token of the mail proves that the address is the user's.

use serde_json::json;
use shared::http::{ApiError, App, ErrorCode, Reply, Request};

use crate::PresentedToken;

/// Answers 200.
///
/// # Errors
/// 400 for a token that is unknown, used, too old, or older than the newest one sent.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let PresentedToken(token) = request.body(|fields| fields.required("token", "Token"))?;
    let user = app.store.user_of_verification(&token, request.now()).await?;
    let user = user.ok_or_else(|| ApiError::new(ErrorCode::InvalidToken))?;
    let permit = request.permit().await?;
    app.store.verify_email(&permit, user, &token, request.now()).await?;
    Ok(Reply::ok("Email verified successfully", json!({})))
}
