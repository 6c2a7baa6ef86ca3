//! `POST /api/auth/verify-email`: the token of the mail proves that the address is the user's.

use serde_json::json;
use shared::domain::field::{Field, string};
use shared::http::{ApiError, App, ErrorCode, Reply, Request};

/// A mailed token as it comes back.
struct PresentedToken(String);

impl Field for PresentedToken {
    fn read(label: &str, value: &serde_json::Value) -> Result<Self, String> {
        let text = string(label, value)?.trim();
        if text.is_empty() {
            return Err(format!("{label} is required"));
        }
        Ok(Self(text.to_owned()))
    }
}

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
