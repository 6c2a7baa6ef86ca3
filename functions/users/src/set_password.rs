//! `POST /api/user/set-password`

use shared::body;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::NewPassword;
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request, retry_conflicts};
use shared::limits::RateLimitClass;

use crate::proof::{Proof, prove};
use crate::{HashOnce, account_with_sessions};

body! {
    /// The first password of an account that signs in with Google.
    pub struct FirstPassword {
        password: NewPassword = required "password",
    }
}

pub const OPERATION: Operation<FirstPassword, Done> =
    Operation::post("/api/user/set-password", "Set the password of an account that has none")
        .describe("For accounts that sign in with Google, within ten minutes of a sign-in.")
        .limit(RateLimitClass::Auth)
        .errors(&[ErrorCode::PasswordAlreadySet, ErrorCode::ReauthRequired, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, FirstPassword>) -> Result<Done, ApiError> {
    let FirstPassword { password } = request.body(app)?;
    let hash = HashOnce::new(&password.0);
    retry_conflicts(async || {
        let account = account_with_sessions(app, request).await?;
        let permit = request.permit().await?;
        if account.user.password_hash.is_some() {
            return Err(ApiError::new(ErrorCode::PasswordAlreadySet));
        }
        prove(request, &account, None, Proof::Password).await?;
        password.check_owner("password", "Password", &account.user.name, &account.user.email)?;
        let mail = Mail::new(account.user.id, MailContent::PasswordChanged, request.now());
        let notice = app.notice(mail, &account.user).await?;
        Ok(app.store.set_password(&permit, &account, hash.get()?, request.caller()?.session, &notice).await?)
    })
    .await?;
    Ok(Done::message("Password set successfully"))
}
