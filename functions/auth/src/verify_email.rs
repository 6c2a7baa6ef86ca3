//! `POST /api/auth/verify-email`

use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request};
use shared::limits::RateLimitClass;

use crate::mailed_token::PresentedToken;

shared::body! {
    pub struct EmailVerification {
        token: PresentedToken = required "token",
    }
}

pub const OPERATION: Operation<EmailVerification, Done> =
    Operation::post("/api/auth/verify-email", "Verify the email address with the mailed token")
        .anyone()
        .limit(RateLimitClass::Verify)
        .errors(&[ErrorCode::InvalidToken, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, EmailVerification>) -> Result<Done, ApiError> {
    let EmailVerification { token } = request.body(app)?;
    let user = app.store.user_of_verification(token.as_str(), request.now()).await?;
    let user = user.ok_or_else(|| ApiError::new(ErrorCode::InvalidToken))?;
    let permit = request.permit().await?;
    app.store.verify_email(&permit, user, token.as_str(), request.now()).await?;
    Ok(Done::message("Email verified successfully"))
}
