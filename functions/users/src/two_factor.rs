//! `POST /api/user/enabled-2fa`: switches the mailed code at login on or off.

use shared::domain::notification::Notification;
use shared::http::{ApiError, App, Reply, Request};
use shared::store::accounts::TwoFactor;

use crate::{account, out};

/// Answers 200 with the account.
///
/// # Errors
/// 400 for a bad field.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let is_enabled: bool = request.body(|fields| fields.required("is_Enabled", "is_Enabled"))?;
    let mut user = account(app, request).await?;
    let permit = request.permit().await?;
    let (switch, word) = if is_enabled { (TwoFactor::On, "enabled") } else { (TwoFactor::Off, "disabled") };
    if user.is_two_factor_enabled != is_enabled {
        let message = format!("Two-factor authentication was {word}. If that was not you, change your password.");
        let told = Notification::security(user.id, &message, request.now());
        app.store.set_two_factor(&permit, user.id, switch, &told).await?;
        user.is_two_factor_enabled = is_enabled;
    }
    Ok(Reply::ok(&format!("Two-factor authentication {word} successfully"), out(user)))
}
