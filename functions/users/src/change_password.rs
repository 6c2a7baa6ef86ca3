//! `POST /api/user/change-password`

use std::cell::RefCell;

use shared::auth::password;
use shared::body;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::{NewPassword, Password, PasswordHash};
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request, retry_conflicts};
use shared::limits::RateLimitClass;

use crate::{HashOnce, account_with_sessions};

body! {
    /// The current password, as proof, and the next one.
    pub struct PasswordChange {
        current: Password = required "currentPassword",
        new: NewPassword = required "newPassword",
    }
}

pub const OPERATION: Operation<PasswordChange, Done> =
    Operation::post("/api/user/change-password", "Change the password, and end all other sessions")
        .describe("A mail confirms the change. An account without a password uses `POST /api/user/set-password`.")
        .limit(RateLimitClass::Auth)
        .errors(&[ErrorCode::WrongPassword, ErrorCode::PasswordNotSet, ErrorCode::Conflict]);

/// Logins open sessions, and each makes the account that was read out of date: then it is read again. The current password
/// is verified again only if the account has another one by then.
pub async fn handle(app: &App, request: &Request<'_, PasswordChange>) -> Result<Done, ApiError> {
    let PasswordChange { current, new } = request.body(app)?;
    let (verified, hash) = (RefCell::new(None::<PasswordHash>), HashOnce::new(&new.0));
    retry_conflicts(async || {
        let account = account_with_sessions(app, request).await?;
        let permit = request.permit().await?;
        let stored = account.user.password_hash.as_ref().ok_or_else(|| ApiError::new(ErrorCode::PasswordNotSet))?;
        if verified.borrow().as_ref() != Some(stored) {
            if !password::verify(&current, Some(stored)) {
                return Err(ApiError::new(ErrorCode::WrongPassword));
            }
            verified.replace(Some(stored.clone()));
        }
        new.check_owner("newPassword", "New password", &account.user.name, &account.user.email)?;
        let mail = Mail::new(account.user.id, MailContent::PasswordChanged, request.now());
        let notice = app.notice(mail, &account.user).await?;
        Ok(app.store.set_password(&permit, &account, hash.get()?, request.caller()?.session, &notice).await?)
    })
    .await?;
    Ok(Done::message("Password changed successfully"))
}
