//! `POST /api/user/enabled-2fa`

use shared::body;
use shared::domain::password::Password;
use shared::domain::user::User;
use shared::domain::user_change::{OtherSessions, TwoFactor};
use shared::http::{ApiError, App, ErrorCode, Operation, Request, RequestParts, Success, retry_conflicts};
use shared::limits::RateLimitClass;
use shared::store::users::AccountWithSessions;

use crate::account_with_sessions;
use crate::me::UserData;
use crate::proof::{Proof, prove};

body! {
    /// Whether a login needs a mailed code besides the password.
    pub struct TwoFactorSetting {
        /// Whether a login needs a mailed code.
        is_enabled: bool = required "is_Enabled" as "is_Enabled",
        /// Needed to turn the code off, unless the sign-in is at most ten minutes old or the account has no password.
        password: Option<Password> = optional "password",
        /// Whether all other sessions end. Default: they go on.
        end_other_sessions: Option<bool> = optional "endOtherSessions",
    }
}

pub const OPERATION: Operation<TwoFactorSetting, Success<UserData>> =
    Operation::post("/api/user/enabled-2fa", "Turn the mailed login code on or off")
        .describe(
            "Turning it off needs the password or a sign-in within the last ten minutes. A mail confirms the \
             change.",
        )
        .limit(RateLimitClass::Auth)
        .errors(&[ErrorCode::WrongPassword, ErrorCode::ReauthRequired, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, TwoFactorSetting>) -> Result<Success<UserData>, ApiError> {
    let TwoFactorSetting { is_enabled, password, end_other_sessions } = request.body(app)?;
    let two_factor = if is_enabled { TwoFactor::On } else { TwoFactor::Off };
    let others = if end_other_sessions == Some(true) { OtherSessions::End } else { OtherSessions::Keep };
    let user = retry_conflicts(async || {
        let account = account_with_sessions(app, request).await?;
        let permit = request.permit().await?;
        if two_factor == TwoFactor::Off {
            prove(request, &account, password.as_ref(), Proof::PasswordOrRecentSignIn).await?;
        }
        let Some(switch) = account.user.switch_two_factor(two_factor, request.now()) else {
            return end(app, request, account, others).await;
        };
        let notice = app.notice(switch.mail.clone(), &account.user).await?;
        app.store.switch_two_factor(&permit, &account, &switch, others, &notice).await?;
        Ok(switch.user)
    })
    .await?;
    Ok(Success::new(format!("Two-factor authentication {} successfully", two_factor.as_str()), user.into()))
}

/// Ends the other sessions of an account whose setting stays as it is.
async fn end(
    app: &App,
    request: &RequestParts,
    account: AccountWithSessions,
    others: OtherSessions,
) -> Result<User, ApiError> {
    let AccountWithSessions { user, mut sessions } = account;
    if others == OtherSessions::End {
        let own = request.caller()?.session;
        sessions.retain(|session| session.id != own);
        app.store.end_sessions(&request.permit().await?, &sessions, request.now()).await?;
    }
    Ok(user)
}
