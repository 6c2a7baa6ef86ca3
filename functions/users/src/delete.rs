//! `DELETE /api/user/me`: frees the e-mail address at once; `service-cleanup` deletes the rest.

use std::time::Duration;

use shared::auth::password;
use shared::body;
use shared::domain::field::FieldError;
use shared::domain::password::Password;
use shared::http::cookies::SetCookie;
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request, RequestParts, WithHead, retry_conflicts};
use shared::limits::RateLimitClass;
use shared::store::users::AccountWithSessions;

use crate::account_with_sessions;

/// Maximum age of the session that deletes an account without a password.
const FRESH: Duration = Duration::from_secs(10 * 60);

body! {
    /// The password, if the account has one.
    pub struct Deletion {
        password: Option<Password> = optional "password",
    }
}

pub const OPERATION: Operation<Deletion, Done> =
    Operation::delete_with("/api/user/me", "Delete the account with everything in it")
        .limit(RateLimitClass::Auth)
        .errors(&[ErrorCode::WrongPassword, ErrorCode::ReauthRequired, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, Deletion>) -> Result<Done, ApiError> {
    let Deletion { password } = request.body(app)?;
    retry_conflicts(async || {
        let account = account_with_sessions(app, request).await?;
        let permit = request.permit().await?;
        check_owner(request, &account, password.as_ref()).await?;
        Ok(app.store.delete_account(&permit, &account, request.now()).await?)
    })
    .await?;
    let answer = Done::message("Account deleted successfully");
    Ok(SetCookie::clear_session(&app.http).into_iter().fold(answer, WithHead::cookie))
}

/// Checks that the caller is the owner, not someone who only holds a token.
async fn check_owner(
    request: &RequestParts,
    account: &AccountWithSessions,
    password: Option<&Password>,
) -> Result<(), ApiError> {
    let own = request.caller()?.session;
    let Some(hash) = &account.user.password_hash else {
        let session = account.sessions.iter().find(|session| session.id == own);
        let session = session.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?;
        let is_fresh = request.now().since(session.created_at) <= FRESH;
        return if is_fresh { Ok(()) } else { Err(ApiError::new(ErrorCode::ReauthRequired)) };
    };
    let password = password.ok_or_else(|| vec![FieldError::new("password", "Password is required")])?;
    let matches = password::verify_beside(password, Some(hash)).await.map_err(ApiError::internal)?;
    let wrong = || ApiError::new(ErrorCode::WrongPassword).with_message("Password is incorrect");
    matches.then_some(()).ok_or_else(wrong)
}
