//! `POST /api/auth/login`: the password opens a session.

use serde::Serialize;
use shared::auth::password;
use shared::auth::session::{Memory, NewSession, Session};
use shared::auth::token;
use shared::domain::field::Fields;
use shared::domain::user::{AuthProvider, Email, Password, PersonName, User};
use shared::http::cookies::SetCookie;
use shared::http::{ApiError, App, ErrorCode, Reply, Request};
use shared::id::UserId;
use shared::store::users::AccountWithSessions;

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
    let permit = request.permit().await?;
    let account = find(app, &credentials.email, request).await?;
    let account = check_password(account, &credentials.password)?;
    let user = &account.user;
    let keyring = app.keyring().await?;
    let device = (request.header("user-agent").unwrap_or("unknown"), request.address());
    let NewSession { session, refresh_token } =
        Session::open(&keyring, (user.id, &user.email), credentials.memory, device, request.now())
            .map_err(ApiError::internal)?;
    let access_token =
        token::sign_access(&keyring, user.id, &user.email, session.id, request.now()).map_err(ApiError::internal)?;
    app.store.open_session(&permit, &session, &account.sessions).await?;
    Ok(reply(app, request, user, &access_token, &refresh_token, credentials.memory))
}

async fn find(app: &App, email: &Email, request: &Request<'_>) -> Result<Option<AccountWithSessions>, ApiError> {
    let Some(id) = app.store.user_id_of(email).await? else {
        return Ok(None);
    };
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

fn reply(app: &App, request: &Request<'_>, user: &User, access: &str, refresh: &str, memory: Memory) -> Reply {
    const MESSAGE: &str = "Login successful";
    let out = UserOut {
        id: user.id,
        name: &user.name,
        email: &user.email,
        is_two_factor_enabled: user.is_two_factor_enabled,
    };
    let in_body = request.header("x-token-delivery").is_some_and(|way| way.eq_ignore_ascii_case("body"));
    if in_body {
        let tokens = serde_json::json!({
            "accessToken": access,
            "refreshToken": refresh,
            "expiresIn": token::ACCESS_TTL.as_secs(),
        });
        return Reply::ok(MESSAGE, serde_json::json!({ "user": out, "tokens": tokens }));
    }
    Reply::ok(MESSAGE, serde_json::json!({ "user": out }))
        .cookie(SetCookie::access(&app.http, access))
        .cookie(SetCookie::refresh(&app.http, refresh, memory.idle()))
}
