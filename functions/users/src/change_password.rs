//! `POST /api/user/change-password`: a new password for who knows the present one. All other sessions end, and a
//! mail tells of it.

use serde_json::json;
use shared::auth::password;
use shared::domain::field::Fields;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::Password;
use shared::http::{ApiError, App, ErrorCode, Reply, Request};

use crate::account_with_sessions;

struct Change {
    current: Password,
    new: Password,
}

impl Change {
    fn read(fields: &mut Fields, app: &App) -> Option<Self> {
        let current = fields.required("currentPassword", "Current password");
        let new = Password::read_new(fields, "newPassword", "New password", app.http.password_min_length);
        Some(Self { current: current?, new: new? })
    }
}

/// Answers 200.
///
/// # Errors
/// 400 for a wrong current password, a weak new one, an account without a password; 409 when the account was
/// changed in the meantime.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let change = request.body(|fields| Change::read(fields, app))?;
    let account = account_with_sessions(app, request).await?;
    let permit = request.permit().await?;
    let present = account.user.password_hash.as_ref().ok_or_else(|| ApiError::new(ErrorCode::PasswordNotSet))?;
    if !password::verify(&change.current, Some(present)) {
        return Err(ApiError::new(ErrorCode::WrongPassword));
    }
    let hash = password::hash(&change.new).map_err(ApiError::internal)?;
    let mail = Mail::new(account.user.id, MailContent::PasswordChanged, request.now());
    app.store.set_password(&permit, &account, &hash, request.caller()?.session, &mail).await?;
    Ok(Reply::ok("Password changed successfully", json!({})))
}
