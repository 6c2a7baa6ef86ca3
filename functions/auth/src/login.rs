//! `POST /api/auth/login`: the password opens a session, or a challenge where the account wants a mailed code besides.

use std::cell::Cell;

use shared::auth::challenge::CountedAs;
use shared::auth::password;
use shared::auth::session::Memory;
use shared::clock::Timestamp;
use shared::domain::email::Email;
use shared::domain::field::Fields;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::{Password, PasswordHash};
use shared::domain::user::{AuthProvider, User};
use shared::http::limiter::client_key;
use shared::http::login_guard::Reservation;
use shared::http::{ApiError, App, ErrorCode, Permit, Reply, Request, retry_conflicts};
use shared::id::UserId;
use shared::store::users::AccountWithSessions;
use shared::store::{Refusal, WriteError};

use crate::sign_in::{Grounds, code_sent, open_challenge, open_session, signed_in};

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

/// Answers 200 with the user, and the tokens as cookies, or in the body for clients that ask for it so; with
/// two-factor login 200 with the challenge.
///
/// # Errors
/// 401 `Invalid credentials` for an unknown address and a wrong password alike, in the same time; 400 for an
/// account without a password; 429 when the account had too many failed logins from strange addresses.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let credentials = request.body(Credentials::read)?;
    let (permit, account) = futures::join!(request.permit(), find(app, &credentials.email, request.now()));
    let (permit, account) = (permit?, account?);
    let guard = guarded(app, request, &credentials, account.as_ref());
    let hash = account.as_ref().and_then(|account| account.user.password_hash.as_ref());
    let verified = password::verify_beside(&credentials.password, hash);
    let (reservation, matches) = futures::join!(guard, verified);
    let reservation = match reservation {
        Ok(reservation) => reservation,
        Err(refusal) => return Err(refused(app, &permit, account.as_ref(), refusal, request.now()).await),
    };
    let account = check(account, matches.map_err(ApiError::internal)?)?;
    let stronger = stronger(&account.user, &credentials.password)?;
    if account.user.is_two_factor_enabled {
        // The login counts until its code is right.
        let reservation = match reservation {
            Some(reservation) => reservation,
            None => reserve(app, request, &credentials, CountedAs::Code).await?,
        };
        let grounds = Grounds { memory: credentials.memory, stronger: stronger.as_ref(), challenge: None };
        let counted = Some(reservation.counted());
        let challenge = open_challenge(app, request, &permit, &account.user, grounds, counted).await?;
        return Ok(code_sent(app, &challenge));
    }
    let reply = open(app, request, &permit, &credentials, (account, stronger)).await?;
    if let Some(reservation) = reservation {
        reservation.take_back(&app.store).await;
    }
    Ok(reply)
}

async fn open(
    app: &App,
    request: &Request<'_>,
    permit: &Permit,
    credentials: &Credentials,
    (account, stronger): (AccountWithSessions, Option<PasswordHash>),
) -> Result<Reply, ApiError> {
    let verified = account.user.password_hash.clone();
    let grounds = Grounds { memory: credentials.memory, stronger: stronger.as_ref(), challenge: None };
    let first = Cell::new(Some(account));
    let (account, tokens) = retry_conflicts(async || {
        let account = match first.take() {
            Some(account) => account,
            // Others sign in at the same time. The password was checked; it must still be the same.
            None => find(app, &credentials.email, request.now())
                .await?
                .filter(|account| account.user.password_hash == verified)
                .ok_or_else(|| ApiError::new(ErrorCode::InvalidCredentials))?,
        };
        let tokens = open_session(app, request, permit, &account, grounds).await?;
        Ok((account, tokens))
    })
    .await?;
    Ok(signed_in(app, request, tokens, &account.user))
}

/// The same calls whether the address is known or not.
async fn find(app: &App, email: &Email, now: Timestamp) -> Result<Option<AccountWithSessions>, ApiError> {
    let id = app.store.user_id_of(email).await?.unwrap_or_else(UserId::new);
    Ok(app.store.account_with_sessions(id, now).await?)
}

/// A new hash in place of an outdated one, while the password is at hand.
fn stronger(user: &User, password: &Password) -> Result<Option<PasswordHash>, ApiError> {
    let outdated = user.password_hash.as_ref().is_some_and(password::is_outdated);
    outdated.then(|| password::hash(password)).transpose().map_err(ApiError::internal)
}

/// Counts the login as failed for now, unless it comes from where the user signed in before.
async fn guarded(
    app: &App,
    request: &Request<'_>,
    credentials: &Credentials,
    account: Option<&AccountWithSessions>,
) -> Result<Option<Reservation>, ApiError> {
    let keyring = app.keyring().await?;
    let address = client_key(&keyring, request.address());
    if account.is_some_and(|account| account.user.addresses_with(&address).is_none()) {
        return Ok(None);
    }
    reserve(app, request, credentials, CountedAs::Login).await.map(Some)
}

async fn reserve(
    app: &App,
    request: &Request<'_>,
    credentials: &Credentials,
    counted_as: CountedAs,
) -> Result<Reservation, ApiError> {
    let (keyring, limits) = (app.keyring().await?, &app.http.limits);
    Reservation::make(&app.store, &keyring, limits, (&credentials.email, counted_as), request.now()).await
}

/// The guard's refusal; the account's owner is told of it.
async fn refused(
    app: &App,
    permit: &Permit,
    account: Option<&AccountWithSessions>,
    refusal: ApiError,
    now: Timestamp,
) -> ApiError {
    let due = |user: &&User| refusal.code() == ErrorCode::TooManyRequests && user.is_to_be_alerted(now);
    if let Some(user) = account.map(|account| &account.user).filter(due) {
        tracing::warn!(user_id = %user.id, "login.blocked");
        let mail = Mail::new(user.id, MailContent::LoginsBlocked, now);
        match app.store.alert_of_blocked_logins(permit, &mail).await {
            Ok(()) | Err(WriteError::Refused(Refusal::AlreadyDone)) => {}
            Err(error) => tracing::error!(user_id = %user.id, %error, "login.alert_failed"),
        }
    }
    refusal
}

fn check(account: Option<AccountWithSessions>, matches: bool) -> Result<AccountWithSessions, ApiError> {
    match account {
        Some(account) if account.user.password_hash.is_none() && account.user.auth_provider == AuthProvider::Google => {
            Err(ApiError::new(ErrorCode::PasswordNotSet))
        }
        Some(account) if matches => Ok(account),
        _ => Err(ApiError::new(ErrorCode::InvalidCredentials)),
    }
}
