//! What every way of signing in ends in: a session, or a challenge where the account wants a mailed code besides.

use serde::Serialize;
use serde_json::{Value, json};
use shared::auth::challenge::{Challenge, Counted};
use shared::auth::session::{Memory, NewSession, Session};
use shared::auth::token;
use shared::domain::email::Email;
use shared::domain::password::PasswordHash;
use shared::domain::user::{PersonName, User};
use shared::http::cookies::SetCookie;
use shared::http::limiter::client_key;
use shared::http::{ApiError, App, Permit, Reply, Request};
use shared::id::UserId;
use shared::store::sessions::SignIn;
use shared::store::users::AccountWithSessions;

use crate::Tokens;

/// An account as the answer to a login shows it. The name in snake case is the original's.
#[derive(Serialize)]
pub(crate) struct UserOut<'a> {
    id: UserId,
    name: &'a PersonName,
    email: &'a Email,
    is_two_factor_enabled: bool,
}

impl<'a> From<&'a User> for UserOut<'a> {
    fn from(user: &'a User) -> Self {
        Self { id: user.id, name: &user.name, email: &user.email, is_two_factor_enabled: user.is_two_factor_enabled }
    }
}

/// What a session rests on besides the account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grounds<'a> {
    /// Whether the user asked to be remembered.
    pub(crate) memory: Memory,
    /// A stronger hash of the same password, to replace an outdated one.
    pub(crate) stronger: Option<&'a PasswordHash>,
    /// The challenge that was met.
    pub(crate) challenge: Option<&'a Challenge>,
}

/// Opens a session of an account as it was read. 1 call.
///
/// # Errors
/// 409 when the account changed meanwhile, 400 when the challenge was met by another request.
pub(crate) async fn open_session(
    app: &App,
    request: &Request<'_>,
    permit: &Permit,
    read: &AccountWithSessions,
    grounds: Grounds<'_>,
) -> Result<Tokens, ApiError> {
    let (user, now) = (&read.user, request.now());
    let keyring = app.keyring().await?;
    let device = (request.header("user-agent").unwrap_or("unknown"), request.address());
    let NewSession { session, refresh_token } =
        Session::open(&keyring, (user.id, &user.email), grounds.memory, device, now).map_err(ApiError::internal)?;
    let address = client_key(&keyring, request.address());
    let Grounds { stronger, challenge, .. } = grounds;
    let sign_in = SignIn { session: &session, read, address: &address, stronger, challenge };
    app.store.open_session(permit, sign_in).await?;
    let access = token::sign_access(&keyring, user.id, &user.email, session.id, now).map_err(ApiError::internal)?;
    Ok(Tokens { access, refresh: refresh_token, lives: grounds.memory.idle() })
}

/// Opens a challenge of an account, and sends its code. 1 call.
///
/// # Errors
/// The table failed.
pub(crate) async fn open_challenge(
    app: &App,
    request: &Request<'_>,
    permit: &Permit,
    user: &User,
    grounds: Grounds<'_>,
    counted: Option<Counted>,
) -> Result<Challenge, ApiError> {
    let keyring = app.keyring().await?;
    let challenge = Challenge::new(&keyring, user, grounds.memory, counted, request.now());
    let replaced = user.password_hash.as_ref().zip(grounds.stronger);
    app.store.open_challenge(permit, &challenge, &challenge.mail(request.now()), replaced).await?;
    Ok(challenge)
}

/// Tells the client to ask for the code.
pub(crate) fn code_sent(app: &App, challenge: &Challenge) -> Reply {
    let data = json!({ "requiresOtp": true, "challengeId": challenge.id, "expiresAt": challenge.expiry() });
    Reply::ok("OTP sent to your email", data).cookie(SetCookie::challenge(&app.http, challenge.id))
}

/// The answer to a login that opened a session.
pub(crate) fn signed_in(app: &App, request: &Request<'_>, tokens: Tokens, user: &User) -> Reply {
    let data: Value = json!({ "user": UserOut::from(user) });
    tokens.deliver(app, request, "Login successful", data)
}
