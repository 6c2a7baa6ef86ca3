//! `POST /api/auth/resend-verification`

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request, WithHead};
use shared::limits::RateLimitClass;

use crate::mailed_token::verification;

pub const OPERATION: Operation<NoBody, Done> = Operation::post_nothing(
    "/api/auth/resend-verification",
    "Mail another token that verifies the email address; earlier ones become invalid",
)
.describe("For an account whose address is not verified yet.")
.limit(RateLimitClass::Verify)
.errors(&[ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    let user = app.store.user(request.caller()?.id).await?;
    let user = user.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?;
    if user.email_verified && user.mail_stopped.is_none() {
        return Ok(Done::message("Email is already verified"));
    }
    let keyring = app.keyring().await?;
    let (mail, token) = verification(&keyring, user.id, request.now())?;
    let mail = app.addressed(mail, &user.email, user.address_state()).await?;
    let permit = request.permit().await?;
    app.store.resend_verification(&permit, &user, &mail, &token).await?;
    Ok(Done::message("Verification email sent").counted_in(RateLimitClass::Verify))
}
