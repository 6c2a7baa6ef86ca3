//! `POST /api/user/enabled-2fa`

use shared::body;
use shared::domain::user_change::TwoFactor;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success};

use crate::account;
use crate::me::UserData;

body! {
    /// Whether a login needs a mailed code besides the password.
    pub struct TwoFactorSetting {
        is_enabled: bool = required "is_Enabled" as "is_Enabled",
    }
}

pub const OPERATION: Operation<TwoFactorSetting, Success<UserData>> =
    Operation::post("/api/user/enabled-2fa", "Turn the mailed login code on or off").errors(&[ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, TwoFactorSetting>) -> Result<Success<UserData>, ApiError> {
    let TwoFactorSetting { is_enabled } = request.body(app)?;
    let mut user = account(app, request).await?;
    let permit = request.permit().await?;
    let (two_factor, word) = if is_enabled { (TwoFactor::On, "enabled") } else { (TwoFactor::Off, "disabled") };
    if user.is_two_factor_enabled != is_enabled {
        let change = user.set_two_factor(two_factor, request.now());
        app.store.update_user(&permit, &user, &change).await?;
        user = change.user;
    }
    Ok(Success::new(format!("Two-factor authentication {word} successfully"), user.into()))
}
