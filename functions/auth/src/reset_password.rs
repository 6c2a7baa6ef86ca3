//! `POST /api/auth/reset-password`: the token of the mail sets a new password. Nobody is signed in by it; all
//! sessions end.

use serde_json::json;
use shared::auth::keyring::sha256_hex;
use shared::auth::password;
use shared::domain::field::Fields;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::Password;
use shared::http::{ApiError, App, ErrorCode, Reply, Request, retry_conflicts};
use shared::store::mailed_tokens::TokenUse;

use crate::PresentedToken;

struct Reset {
    token: PresentedToken,
    password: Password,
}

impl Reset {
    fn read(fields: &mut Fields, app: &App) -> Option<Self> {
        let token = fields.required("token", "Token");
        let password = Password::read_new(fields, "password", "Password", app.http.password_min_length);
        Some(Self { token: token?, password: password? })
    }
}

/// Answers 200.
///
/// # Errors
/// 400 for a weak password, and for a token that is unknown, used, older than the newest one sent, or too old.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let reset = request.body(|fields| Reset::read(fields, app))?;
    let (token, now) = (reset.token.as_str(), request.now());
    let unknown = || ApiError::new(ErrorCode::InvalidResetToken);
    let row = app.store.mailed_token(token, TokenUse::ResetPassword).await?.ok_or_else(unknown)?;
    if !row.is_in_time(now) {
        return Err(ApiError::new(ErrorCode::ResetTokenExpired));
    }
    let permit = request.permit().await?;
    let newest = sha256_hex(token.as_bytes());
    let hash = password::hash(&reset.password).map_err(ApiError::internal)?;
    retry_conflicts(async || {
        let account = app.store.account_with_sessions(row.user_id, now).await?;
        let account = account.filter(|account| account.user.reset_hash.as_ref() == Some(&newest));
        let account = account.ok_or_else(unknown)?;
        let mail = Mail::new(account.user.id, MailContent::PasswordChanged, now);
        Ok(app.store.reset_password(&permit, &account, token, &hash, &mail).await?)
    })
    .await?;
    Ok(Reply::ok("Password reset successfully", json!({})))
}
