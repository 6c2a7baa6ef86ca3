//! `POST /api/auth/reset-password`

use shared::auth::keyring::sha256_hex;
use shared::auth::mailed::PresentedToken;
use shared::auth::password;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::NewPassword;
use shared::domain::user::User;
use shared::http::limiter::client_key;
use shared::http::login_guard;
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request, retry_conflicts};
use shared::limits::RateLimitClass;
use shared::store::mailed_tokens::{self as store, TokenUse};

shared::body! {
    pub struct PasswordReset {
        /// The value of `token` in the mailed link.
        token: PresentedToken = required "token",
        /// The new password.
        password: NewPassword = required "password",
    }
}

pub const OPERATION: Operation<PasswordReset, Done> =
    Operation::post("/api/auth/reset-password", "Reset the password with the mailed token, and end all sessions")
        .describe(
            "Signs out every device, and verifies the email address. It does not sign in: log in with the new \
             password afterwards.",
        )
        .anyone()
        .limit(RateLimitClass::Reset)
        .counted_by_address()
        .errors(&[ErrorCode::InvalidResetToken, ErrorCode::ResetTokenExpired, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, PasswordReset>) -> Result<Done, ApiError> {
    let PasswordReset { token, password } = request.body(app)?;
    let (token, now) = (token.as_str(), request.now());
    let unknown = || ApiError::new(ErrorCode::InvalidResetToken);
    let row = app.store.mailed_token(token, TokenUse::ResetPassword).await?.ok_or_else(unknown)?;
    if !row.is_in_time(now) {
        return Err(ApiError::new(ErrorCode::ResetTokenExpired));
    }
    let permit = request.permit().await?;
    let newest = sha256_hex(token.as_bytes());
    let hash = password::hash(&password.0).map_err(ApiError::internal)?;
    let keyring = app.keyring().await?;
    let address = client_key(&keyring, request.address());
    let email = retry_conflicts(async || {
        let account = app.store.account_with_sessions(row.user_id, now).await?;
        // A newer mail makes the token void.
        let account = account.filter(|account| account.user.reset_hash.as_ref() == Some(&newest));
        let account = account.ok_or_else(unknown)?;
        password.check_owner("password", "Password", &account.user.name, &account.user.email)?;
        let mail = Mail::new(account.user.id, MailContent::PasswordChanged, now);
        // Whoever has the token reads the address's mail.
        let verified = User { email_verified: true, ..account.user.clone() };
        let notice = app.notice(mail, &verified).await?;
        let reset = store::PasswordReset { token, hash: &hash, address: &address, notice: &notice, at: now };
        app.store.reset_password(&permit, &account, reset).await?;
        Ok(account.user.email)
    })
    .await?;
    login_guard::clear(&app.store, &keyring, &app.http.limits, &email, now).await;
    Ok(Done::message("Password reset successfully"))
}
