//! `DELETE /api/user/me`: the account ends at once, and its address is free; the cleaner deletes the rest.

use std::time::Duration;

use serde_json::json;
use shared::auth::password;
use shared::domain::field::FieldError;
use shared::domain::password::Password;
use shared::http::cookies::{CookieName, SetCookie};
use shared::http::{ApiError, App, ErrorCode, Reply, Request, retry_conflicts};
use shared::store::users::AccountWithSessions;
use shared::store::{Refusal, WriteError};

use crate::account_with_sessions;

/// Without a password the session must have been opened so lately.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// Answers 200 and clears the cookies.
///
/// # Errors
/// 400 for a missing or wrong password; 403 for an account without one whose session is not fresh.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let password: Option<Password> = request.optional_body(|fields| fields.optional("password", "Password"))?;
    let request = &*request;
    let own = request.caller()?.session;
    retry_conflicts(async || {
        let account = account_with_sessions(app, request).await?;
        request.permit().await?;
        prove(request, &account, password.as_ref()).await?;
        match app.store.delete_account(&account, own, request.now()).await {
            Err(WriteError::Refused(Refusal::SessionChanged)) => Err(ApiError::new(ErrorCode::Unauthorized)),
            deleted => Ok(deleted?),
        }
    })
    .await?;
    Ok(Reply::ok("Account deleted successfully", json!({}))
        .cookie(SetCookie::clear(&app.http, CookieName::Access))
        .cookie(SetCookie::clear(&app.http, CookieName::Refresh)))
}

/// Who asks must be the owner, and not only hold a token of theirs.
async fn prove(
    request: &Request<'_>,
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
    let wrong = || ApiError::new(ErrorCode::WrongPassword).saying("Password is incorrect");
    matches.then_some(()).ok_or_else(wrong)
}
