//! `POST /api/auth/login`: the password opens a session.

use std::cell::Cell;

use serde::Serialize;
use shared::auth::password;
use shared::auth::session::{Memory, NewSession, Session};
use shared::auth::token;
use shared::domain::email::Email;
use shared::domain::field::Fields;
use shared::domain::password::Password;
use shared::domain::user::{AuthProvider, PersonName};
use shared::http::{ApiError, App, ErrorCode, Reply, Request, retry_conflicts};
use shared::id::UserId;
use shared::store::users::AccountWithSessions;

use crate::Tokens;

struct Credentials {
    email: Email,
    password: Password,
    memory: Memory,
}

impl Credentials {
    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", "Email");
        let password = fields.required("password", "Password");
        let remember: Option<bool> = fields.optional("rememberMe", "Remember me");
        let memory = if remember == Some(true) { Memory::Remembered } else { Memory::Ordinary };
        Some(Self { email: email?, password: password?, memory })
    }
}

#[derive(Serialize)]
struct UserOut<'a> {
    id: UserId,
    name: &'a PersonName,
    email: &'a Email,
    is_two_factor_enabled: bool,
}

/// Answers 200 with the user, and the tokens as cookies, or in the body for clients that ask for it so.
///
/// # Errors
/// 401 `Invalid credentials` for an unknown address and a wrong password alike, in the same time; 400 for an
/// account without a password.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let credentials = request.body(Credentials::read)?;
    let (permit, account) = futures::join!(request.permit(), find(app, &credentials.email, request));
    let permit = permit?;
    let account = check_password(account?, &credentials.password)?;
    let verified = account.user.password_hash.clone();
    let keyring = app.keyring().await?;
    let first = Cell::new(Some(account));
    let request = &*request;
    let (account, opened) = retry_conflicts(async || {
        let account = match first.take() {
            Some(account) => account,
            // Others sign in at the same time. The password was checked; it must still be the same.
            None => find(app, &credentials.email, request)
                .await?
                .filter(|account| account.user.password_hash == verified)
                .ok_or_else(|| ApiError::new(ErrorCode::InvalidCredentials))?,
        };
        let device = (request.header("user-agent").unwrap_or("unknown"), request.address());
        let user = (account.user.id, &account.user.email);
        let opened =
            Session::open(&keyring, user, credentials.memory, device, request.now()).map_err(ApiError::internal)?;
        app.store.open_session(&permit, &opened.session, &account).await?;
        Ok((account, opened))
    })
    .await?;
    let NewSession { session, refresh_token } = opened;
    let user = &account.user;
    let access =
        token::sign_access(&keyring, user.id, &user.email, session.id, request.now()).map_err(ApiError::internal)?;
    let out = UserOut {
        id: user.id,
        name: &user.name,
        email: &user.email,
        is_two_factor_enabled: user.is_two_factor_enabled,
    };
    let tokens = Tokens { access, refresh: refresh_token, lives: credentials.memory.idle() };
    Ok(tokens.deliver(app, request, "Login successful", serde_json::json!({ "user": out })))
}

/// The same calls whether the address is known or not.
async fn find(app: &App, email: &Email, request: &Request<'_>) -> Result<Option<AccountWithSessions>, ApiError> {
    let id = app.store.user_id_of(email).await?.unwrap_or_else(UserId::new);
    Ok(app.store.account_with_sessions(id, request.now()).await?)
}

/// The same work whether the account is known or not.
fn check_password(account: Option<AccountWithSessions>, password: &Password) -> Result<AccountWithSessions, ApiError> {
    let hash = account.as_ref().and_then(|account| account.user.password_hash.as_ref());
    let matches = password::verify(password, hash);
    match account {
        Some(account) if account.user.password_hash.is_none() && account.user.auth_provider == AuthProvider::Google => {
            Err(ApiError::new(ErrorCode::PasswordNotSet))
        }
        Some(account) if matches => Ok(account),
        _ => Err(ApiError::new(ErrorCode::InvalidCredentials)),
    }
}
