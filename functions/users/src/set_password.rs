//! `POST /api/user/set-password`: a first password, for an account that signs in with Google.

use serde_json::json;
use shared::auth::password;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::Password;
use shared::http::{ApiError, App, ErrorCode, Reply, Request};

use crate::account_with_sessions;

/// Answers 200.
///
/// # Errors
/// 400 for a weak password, and for an account that has one; 409 when the account was changed in the meantime.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let new =
        request.body(|fields| Password::read_new(fields, "password", "Password", app.http.password_min_length))?;
    let account = account_with_sessions(app, request).await?;
    let permit = request.permit().await?;
    if account.user.password_hash.is_some() {
        return Err(ApiError::new(ErrorCode::PasswordAlreadySet));
    }
    let hash = password::hash(&new).map_err(ApiError::internal)?;
    let mail = Mail::new(account.user.id, MailContent::PasswordChanged, request.now());
    app.store.set_password(&permit, &account, &hash, request.caller()?.session, &mail).await?;
    Ok(Reply::ok("Password set successfully", json!({})))
}
