//! `POST /api/auth/login`
//!
//! Unknown addresses and wrong passwords get the same response, in the same time, after the same calls.

use std::cell::Cell;

use serde::Serialize;
use shared::auth::password;
use shared::auth::session::SessionLifetime;
use shared::clock::Timestamp;
use shared::domain::email::Email;
use shared::domain::password::{Password, PasswordHash};
use shared::domain::user::{AuthProvider, User};
use shared::http::login_guard::Reservation;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success, retry_conflicts};
use shared::id::UserId;
use shared::limits::RateLimitClass;
use shared::store::users::AccountWithSessions;

use crate::challenge::{CodeSent, code_sent};
use crate::sign_in::{SignInContext, SignInRequest, SignedIn};

shared::body! {
    pub struct Credentials {
        email: Email = required "email",
        password: Password = required "password",
        /// Whether the session lasts 30 days without use instead of 7.
        remember_me: Option<bool> = optional "rememberMe",
    }
}

impl Credentials {
    fn lifetime(&self) -> SessionLifetime {
        if self.remember_me == Some(true) { SessionLifetime::Remembered } else { SessionLifetime::Ordinary }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub enum LoginData {
    SignedIn(SignedIn),
    CodeSent(CodeSent),
}

impl From<SignedIn> for LoginData {
    fn from(data: SignedIn) -> Self {
        Self::SignedIn(data)
    }
}

impl From<CodeSent> for LoginData {
    fn from(data: CodeSent) -> Self {
        Self::CodeSent(data)
    }
}

pub const OPERATION: Operation<Credentials, Success<LoginData>> =
    Operation::post("/api/auth/login", "Sign in with a password; with two-factor login, mail a code")
        .describe(
            "A session ends after 7 days without use, or 30 with `rememberMe`. With two-factor login the response \
             has `requiresOtp` and `challengeId` instead of a user: continue with `POST /api/auth/verify-otp`.",
        )
        .anyone()
        .limit(RateLimitClass::Auth)
        .counted_by_address()
        .delivers_tokens()
        .errors(&[ErrorCode::InvalidCredentials, ErrorCode::PasswordNotSet, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, Credentials>) -> Result<Success<LoginData>, ApiError> {
    let credentials = &request.body(app)?;
    let (permit, account) = futures::join!(request.permit(), find(app, &credentials.email, request.now()));
    let (permit, account) = (&permit?, account?);
    let login = Login { sign_in: SignInRequest { app, request, permit }, credentials };
    let (account, reservation) = login.authenticate(account).await?;
    let rehash = rehash(&account.user, &credentials.password)?;
    if account.user.is_two_factor_enabled {
        login.open_challenge(&account.user, rehash.as_ref(), reservation).await
    } else {
        login.open_session(account, rehash.as_ref(), reservation).await
    }
}

/// A login that the rate limiter has admitted.
struct Login<'a> {
    sign_in: SignInRequest<'a>,
    credentials: &'a Credentials,
}

impl Login<'_> {
    /// Checks the password. The guard counts the login as failed until it has succeeded.
    async fn authenticate(
        &self,
        account: Option<AccountWithSessions>,
    ) -> Result<(AccountWithSessions, Option<Reservation>), ApiError> {
        let hash = account.as_ref().and_then(|account| account.user.password_hash.as_ref());
        let verified = password::verify_beside(&self.credentials.password, hash);
        let user = account.as_ref().map(|account| &account.user);
        match futures::join!(self.sign_in.guard(&self.credentials.email, user), verified) {
            (Ok(reservation), matches) => Ok((check(account, matches.map_err(ApiError::internal)?)?, reservation)),
            (Err(rejection), _) => {
                if let (Some(account), ErrorCode::TooManyRequests) = (account, rejection.code()) {
                    self.sign_in.alert_owner(&account.user).await;
                }
                Err(rejection)
            }
        }
    }

    async fn open_challenge(
        &self,
        user: &User,
        rehash: Option<&PasswordHash>,
        reservation: Option<Reservation>,
    ) -> Result<Success<LoginData>, ApiError> {
        // The attempt stays counted until the code is right.
        let attempt = reservation.map(|reservation| reservation.attempt());
        let challenge = self.sign_in.open_challenge(user, self.context(rehash), attempt).await?;
        Ok(code_sent(self.sign_in.app, &challenge))
    }

    async fn open_session(
        &self,
        account: AccountWithSessions,
        rehash: Option<&PasswordHash>,
        reservation: Option<Reservation>,
    ) -> Result<Success<LoginData>, ApiError> {
        let SignInRequest { app, request, .. } = self.sign_in;
        let verified = account.user.password_hash.clone();
        let first = Cell::new(Some(account));
        let (account, tokens) = retry_conflicts(async || {
            let account = match first.take() {
                Some(account) => account,
                // Another request changed the account. The password was checked against a hash that must be the same.
                None => find(app, &self.credentials.email, request.now())
                    .await?
                    .filter(|account| account.user.password_hash == verified)
                    .ok_or_else(|| ApiError::new(ErrorCode::InvalidCredentials))?,
            };
            let tokens = self.sign_in.open_session(&account, self.context(rehash)).await?;
            Ok((account, tokens))
        })
        .await?;
        if let Some(reservation) = reservation {
            reservation.give_back(&app.store).await;
        }
        Ok(self.sign_in.signed_in(&account.user, tokens))
    }

    fn context<'a>(&self, rehash: Option<&'a PasswordHash>) -> SignInContext<'a> {
        SignInContext { lifetime: self.credentials.lifetime(), rehash, challenge: None }
    }
}

/// Makes the same calls whether the address is known or not.
async fn find(app: &App, email: &Email, now: Timestamp) -> Result<Option<AccountWithSessions>, ApiError> {
    let id = app.store.user_id_of(email).await?.unwrap_or_else(UserId::new);
    Ok(app.store.account_with_sessions(id, now).await?)
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

/// A new hash if the stored one is outdated. Only a login has the plain password.
fn rehash(user: &User, password: &Password) -> Result<Option<PasswordHash>, ApiError> {
    let outdated = user.password_hash.as_ref().is_some_and(password::is_outdated);
    outdated.then(|| password::hash(password)).transpose().map_err(ApiError::internal)
}
