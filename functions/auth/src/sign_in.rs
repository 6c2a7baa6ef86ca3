//! The end of every way to sign in: a session, or a challenge where the account has two-factor login.

use serde::Serialize;
use shared::auth::challenge::{Challenge, LoginAttempt};
use shared::auth::session::{NewSession, Session, SessionLifetime};
use shared::auth::token;
use shared::domain::email::Email;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::PasswordHash;
use shared::domain::user::{PersonName, User};
use shared::http::limiter::client_key;
use shared::http::login_guard::Reservation;
use shared::http::{ApiError, App, Permit, RequestParts, Success};
use shared::id::UserId;
use shared::store::WriteError;
use shared::store::accounts::AlreadyAlerted;
use shared::store::sessions::SignIn;
use shared::store::users::AccountWithSessions;

use crate::tokens::{SessionTokens, TokensOut};

/// What a session or a challenge is opened from, besides the account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignInContext<'a> {
    pub(crate) lifetime: SessionLifetime,
    /// A hash of the same password that replaces an outdated one.
    pub(crate) rehash: Option<&'a PasswordHash>,
    /// The challenge whose code was right.
    pub(crate) challenge: Option<&'a Challenge>,
}

/// A request to sign in that the rate limiter let pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignInRequest<'a> {
    pub(crate) app: &'a App,
    pub(crate) request: &'a RequestParts,
    pub(crate) permit: &'a Permit,
}

impl SignInRequest<'_> {
    /// Opens a session of an account as it was read. 1 call.
    ///
    /// # Errors
    /// 409 when the account changed since, 400 when another request used the challenge.
    pub(crate) async fn open_session(
        &self,
        read: &AccountWithSessions,
        context: SignInContext<'_>,
    ) -> Result<SessionTokens, ApiError> {
        let Self { app, request, permit } = *self;
        let SignInContext { lifetime, rehash, challenge } = context;
        let (user, now) = (&read.user, request.now());
        let keyring = app.keyring().await?;
        let device = (request.header("user-agent").unwrap_or("unknown"), request.address());
        let NewSession { session, refresh_token } =
            Session::open(&keyring, (user.id, &user.email), lifetime, device, now).map_err(ApiError::internal)?;
        let address = client_key(&keyring, request.address());
        let sign_in = SignIn { session: &session, read, address: &address, rehash, challenge };
        app.store.open_session(permit, sign_in).await?;
        let (user_id, session_id, second_factor) = (user.id, session.id, challenge.is_some());
        tracing::info!(%user_id, %session_id, second_factor, "sign_in.succeeded");
        let access = token::sign_access(&keyring, user.id, &user.email, session.id, now).map_err(ApiError::internal)?;
        Ok(SessionTokens { access, refresh: refresh_token, idle: lifetime.idle() })
    }

    /// Opens a challenge of an account, and mails its code. 1 call.
    pub(crate) async fn open_challenge(
        &self,
        user: &User,
        context: SignInContext<'_>,
        attempt: Option<LoginAttempt>,
    ) -> Result<Challenge, ApiError> {
        let Self { app, request, permit } = *self;
        let keyring = app.keyring().await?;
        let challenge = Challenge::new(&keyring, user, context.lifetime, attempt, request.now());
        let replaced = user.password_hash.as_ref().zip(context.rehash);
        let mail = app.addressed(challenge.mail(request.now()), &user.email, user.address_state()).await?;
        app.store.open_challenge(permit, &challenge, &mail, replaced).await?;
        Ok(challenge)
    }

    /// Counts a password that somebody presents for the account of `email` as wrong, unless it comes from an address where
    /// the user signed in before. 1 call.
    ///
    /// # Errors
    /// 429 when too many were wrong, 503 when the counter cannot be reached.
    pub(crate) async fn guard(&self, email: &Email, user: Option<&User>) -> Result<Option<Reservation>, ApiError> {
        let address = client_key(&*self.app.keyring().await?, self.request.address());
        if user.is_some_and(|user| user.addresses_with(&address).is_none()) {
            return Ok(None);
        }
        let Self { app, request, .. } = *self;
        let keyring = app.keyring().await?;
        Reservation::make(&app.store, &keyring, &app.http.limits, email, request.now()).await.map(Some)
    }

    /// Mails the account's owner that logins are blocked, at most once an hour.
    pub(crate) async fn alert_owner(&self, user: &User) {
        let Self { app, request, permit } = *self;
        if !user.is_to_be_alerted(request.now()) {
            return;
        }
        tracing::warn!(user_id = %user.id, "login.blocked");
        let mail = Mail::new(user.id, MailContent::LoginsBlocked, request.now());
        let alerted = match app.notice(mail, user).await {
            Ok(notice) => app.store.alert_of_blocked_logins(permit, &notice).await,
            Err(_) => return,
        };
        match alerted {
            Ok(()) | Err(WriteError::Refused(AlreadyAlerted)) => {}
            Err(error) => tracing::error!(user_id = %user.id, %error, "login.alert_failed"),
        }
    }

    /// The answer to a login that opened a session.
    pub(crate) fn signed_in<T: From<SignedIn>>(&self, user: &User, tokens: SessionTokens) -> Success<T> {
        let data = |tokens| SignedIn { user: SignedInUser::from(user), tokens }.into();
        tokens.deliver(self.app, self.request, "Login successful", data)
    }
}

/// A new session.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct SignedIn {
    user: SignedInUser,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "TokensOut"))]
    tokens: Option<TokensOut>,
}

/// The user in the answer to a login.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SignedInUser"))]
pub(crate) struct SignedInUser {
    id: UserId,
    name: PersonName,
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    email: Email,
    // In snake case, as the original API has it.
    is_two_factor_enabled: bool,
}

impl From<&User> for SignedInUser {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            name: user.name.clone(),
            email: user.email.clone(),
            is_two_factor_enabled: user.is_two_factor_enabled,
        }
    }
}
