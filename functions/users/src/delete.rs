//! `DELETE /api/user/me`: frees the e-mail address at once; `service-cleanup` deletes the rest.

use shared::body;
use shared::domain::password::Password;
use shared::http::cookies::SetCookie;
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request, WithHead, retry_conflicts};
use shared::limits::RateLimitClass;

use crate::account_with_sessions;
use crate::proof::{Proof, prove};

body! {
    /// The password, if the account has one.
    pub struct Deletion {
        /// Needed if the account has a password.
        password: Option<Password> = optional "password",
    }
}

pub const OPERATION: Operation<Deletion, Done> =
    Operation::delete_with("/api/user/me", "Delete the account with everything in it")
        .describe(
            "Signs out every device, and deletes all tasks, reminders, files and notifications. Needs the \
             password; an account without one needs a sign-in within the last ten minutes. The email address can \
             be registered again at once.",
        )
        .limit(RateLimitClass::Auth)
        .errors(&[ErrorCode::WrongPassword, ErrorCode::ReauthRequired, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, Deletion>) -> Result<Done, ApiError> {
    let Deletion { password } = request.body(app)?;
    retry_conflicts(async || {
        let account = account_with_sessions(app, request).await?;
        let permit = request.permit().await?;
        prove(request, &account, password.as_ref(), Proof::Password).await?;
        Ok(app.store.delete_account(&permit, &account, request.now()).await?)
    })
    .await?;
    let answer = Done::message("Account deleted successfully");
    Ok(SetCookie::clear_session(&app.http).into_iter().fold(answer, WithHead::cookie))
}
