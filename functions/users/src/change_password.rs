//! `POST /api/user/change-password`

use shared::auth::password;
use shared::body;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::{NewPassword, Password};
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request};
use shared::limits::RateLimitClass;

use crate::account_with_sessions;

body! {
    /// The current password, as proof, and the next one.
    pub struct PasswordChange {
        current: Password = required "currentPassword",
        new: NewPassword = required "newPassword",
    }
}

pub const OPERATION: Operation<PasswordChange, Done> =
    Operation::post("/api/user/change-password", "Change the password, and end all other sessions")
        .limit(RateLimitClass::Auth)
        .errors(&[ErrorCode::WrongPassword, ErrorCode::PasswordNotSet, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, PasswordChange>) -> Result<Done, ApiError> {
    let PasswordChange { current, new: NewPassword(new) } = request.body(app)?;
    let account = account_with_sessions(app, request).await?;
    let permit = request.permit().await?;
    let hash = account.user.password_hash.as_ref().ok_or_else(|| ApiError::new(ErrorCode::PasswordNotSet))?;
    if !password::verify(&current, Some(hash)) {
        return Err(ApiError::new(ErrorCode::WrongPassword));
    }
    let hash = password::hash(&new).map_err(ApiError::internal)?;
    let mail = Mail::new(account.user.id, MailContent::PasswordChanged, request.now());
    app.store.set_password(&permit, &account, &hash, request.caller()?.session, &mail).await?;
    Ok(Done::message("Password changed successfully"))
}
