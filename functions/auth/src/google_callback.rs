//! `GET /api/auth/google/callback`: the browser returns from Google.
//!
//! Google's own id identifies the user; else an address that Google has verified; else the user is new. An account with
//! the same address is linked. If that account's address was never verified, someone else may have created it in wait
//! for the owner of the address: linking ends its password and its sessions.

use serde_json::json;
use shared::auth::keyring::Keyring;
use shared::auth::session::SessionLifetime;
use shared::auth::token::InvalidToken;
use shared::domain::body::NoBody;
use shared::domain::email::Email;
use shared::domain::field::{Field, Parameter};
use shared::domain::google::{GoogleProfile, LinkedElsewhere};
use shared::domain::user::{PersonName, User};
use shared::events::Failure;
use shared::http::cookies::{CookieName, SetCookie};
use shared::http::{ApiError, App, ErrorCode, Operation, Redirect, Request, RequestParts, WithHead, retry_conflicts};
use shared::id::UserId;
use shared::limits::RateLimitClass;
use shared::store::users::AccountWithSessions;
use shared::store::{Refusal, WriteError};

use crate::google::failed;
use crate::oidc::{CALLBACK_PATH, Profile, Provider, RedeemError};
use crate::oidc_flow::Flow;
use crate::sign_in::{SignInContext, SignInRequest};

/// Google vouches for the user, and has no choice of staying signed in.
const CONTEXT: SignInContext<'_> = SignInContext { lifetime: SessionLifetime::Ordinary, rehash: None, challenge: None };
/// The name of a user whose name Google does not know.
const NAMELESS: &str = "Google User";

pub const OPERATION: Operation<NoBody, Redirect> =
    Operation::get(CALLBACK_PATH, "Complete a sign-in with Google, and redirect to the app")
        .describe(
            "Google redirects the browser here; clients do not call it. It leads to `/dashboard` of the app, to \
             `/verify-otp` if a mailed code is needed, or to `/login?error=google_auth_failed`.",
        )
        .anyone()
        .limit(RateLimitClass::Auth)
        .counted_by_address()
        .query(&[
            Parameter::once::<String>("code", "Authorization code of Google"),
            Parameter::once::<String>("state", "Must be that of the cookie"),
            Parameter::once::<String>("error", "Why Google did not sign the user in"),
            Parameter::once::<String>("iss", "Sent by Google and ignored: the issuer of the ID token is checked"),
            Parameter::once::<String>("scope", "Sent by Google and ignored"),
        ]);

/// Redirects to the app's dashboard with a session, to its page for the code with two-factor login, and to its login
/// page after any failure.
pub async fn handle(app: &App, request: &Request<'_>, provider: &Provider) -> Result<Redirect, ApiError> {
    if request.is_head() {
        // The code and the cookie remain for the request that completes the sign-in.
        return Ok(Redirect::to(format!("{}/login", app.config.frontend_url)));
    }
    match sign_in(app, request, provider).await {
        Ok(redirect) => Ok(redirect.cookie(SetCookie::clear(&app.http, CookieName::OidcFlow))),
        Err(SignInFailure::Refused(error)) => {
            tracing::warn!(%error, "google.refused");
            Ok(failed(app).counted_in(RateLimitClass::Auth))
        }
        Err(SignInFailure::Other(error)) => {
            tracing::warn!(%error, "google.failed");
            Ok(failed(app))
        }
    }
}

/// Why nobody was signed in.
enum SignInFailure {
    /// The flow, its state or the code that was presented is not genuine.
    Refused(Failure),
    /// Nothing was presented, the user refused, the account cannot be used, or something failed.
    Other(Failure),
}

impl SignInFailure {
    fn refused(cause: &'static str) -> Self {
        Self::Refused(cause.into())
    }
}

impl<F: Into<Failure>> From<F> for SignInFailure {
    fn from(failure: F) -> Self {
        Self::Other(failure.into())
    }
}

impl From<RedeemError> for SignInFailure {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::Refused(cause) => Self::Refused(cause),
            RedeemError::Failed(cause) => Self::Other(cause),
        }
    }
}

async fn sign_in(app: &App, request: &RequestParts, provider: &Provider) -> Result<Redirect, SignInFailure> {
    let permit = &request.permit().await.map_err(|rejection| rejection.code().as_str())?;
    let google = GoogleAccount::read(redeem(app, request, provider).await?);
    let sign_in = GoogleSignIn { sign_in: SignInRequest { app, request, permit }, google };
    let outcome = retry_conflicts(async || sign_in.attempt().await).await;
    outcome.map_err(|error| SignInFailure::from(error.cause().unwrap_or(error.code().as_str())))
}

/// The flow that the returned `state` belongs to, among those of the request's cookies.
async fn flow_of_state(app: &App, request: &RequestParts) -> Result<Flow, SignInFailure> {
    let cookies = request.cookies(app, CookieName::OidcFlow);
    if cookies.is_empty() {
        return Err("this browser has begun no flow".into());
    }
    let state = request.parameter("state").ok_or("no state")?;
    let mut failure = "the flow is forged or expired";
    for sealed in cookies {
        let open = |keyring: &Keyring| Flow::open(sealed, keyring, request.now()).ok_or(InvalidToken::UnknownKey);
        match app.read_token(open).await.map_err(|_| "no keys")? {
            Ok(flow) if flow.state == state => return Ok(flow),
            Ok(_) => failure = "the state belongs to another flow",
            Err(_) => {}
        }
    }
    Err(SignInFailure::refused(failure))
}

/// The provider's profile of the user, if the browser that returned is the one that left.
async fn redeem(app: &App, request: &RequestParts, provider: &Provider) -> Result<Profile, SignInFailure> {
    let flow = flow_of_state(app, request).await?;
    if let Some(error) = request.parameter("error") {
        let word: String = error.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect();
        return Err(format!("the provider refused: {word}").into());
    }
    let code = request.parameter("code").ok_or("no code")?;
    Ok(provider.redeem(&app.http.public_url, code, flow).await?)
}

struct GoogleAccount {
    profile: GoogleProfile,
    /// An address that Google has verified.
    email: Option<Email>,
}

impl GoogleAccount {
    fn read(profile: Profile) -> Self {
        let Profile { subject, email, is_email_verified, name } = profile;
        let email = email.filter(|_| is_email_verified).and_then(|email| Email::parse(&email).ok());
        Self { profile: GoogleProfile { subject, name: name.as_deref().and_then(person_name) }, email }
    }
}

fn person_name(name: &str) -> Option<PersonName> {
    PersonName::read("Name", &json!(name)).ok()
}

/// A sign-in with a Google account that the provider has confirmed.
struct GoogleSignIn<'a> {
    sign_in: SignInRequest<'a>,
    google: GoogleAccount,
}

impl GoogleSignIn<'_> {
    async fn attempt(&self) -> Result<Redirect, ApiError> {
        let app = self.sign_in.app;
        let account = self.find_or_create().await?;
        if account.user.is_two_factor_enabled {
            let challenge = self.sign_in.open_challenge(&account.user, CONTEXT, None).await?;
            let redirect = Redirect::to(format!("{}/verify-otp", app.config.frontend_url));
            return Ok(redirect.cookie(SetCookie::challenge(&app.http, challenge.id)));
        }
        let tokens = self.sign_in.open_session(&account, CONTEXT).await?;
        Ok(tokens.set_cookies(app, Redirect::to(format!("{}/dashboard", app.config.frontend_url))))
    }

    async fn find_or_create(&self) -> Result<AccountWithSessions, ApiError> {
        let google = &self.google;
        let matches = self.sign_in.app.store.google_matches(&google.profile.subject, google.email.as_ref()).await?;
        if let Some(user) = matches.linked {
            return self.account(user).await;
        }
        let email = google.email.as_ref().ok_or_else(|| refused("the provider has verified no address"))?;
        match matches.same_email {
            Some(user) => self.link(user).await,
            None => self.register(email).await,
        }
    }

    async fn register(&self, email: &Email) -> Result<AccountWithSessions, ApiError> {
        let SignInRequest { app, request, permit } = self.sign_in;
        let GoogleProfile { subject, name } = self.google.profile.clone();
        let name = name.or_else(|| person_name(NAMELESS)).ok_or_else(|| ApiError::internal("no name"))?;
        let zone = app.http.default_zone.clone();
        let user = User::register_with_google(name, email.clone(), subject, zone, request.now());
        match app.store.register_with_google(permit, &user).await {
            // Another request has created the account: the next attempt finds it.
            Err(WriteError::Refused(Refusal::EmailTaken)) => Err(ApiError::new(ErrorCode::Conflict)),
            registered => Ok(registered.map(|()| AccountWithSessions { user, sessions: Vec::new() })?),
        }
    }

    async fn link(&self, user: UserId) -> Result<AccountWithSessions, ApiError> {
        let SignInRequest { app, request, permit } = self.sign_in;
        let read = self.account(user).await?;
        let link = read.user.link_google(self.google.profile.clone(), request.now());
        let link = link.map_err(|LinkedElsewhere| refused("linked with another Google account"))?;
        let notice = app.notice(link.mail.clone(), &link.user).await?;
        app.store.link_google(permit, &read, &link, &notice).await?;
        self.account(user).await
    }

    async fn account(&self, user: UserId) -> Result<AccountWithSessions, ApiError> {
        let SignInRequest { app, request, .. } = self.sign_in;
        let account = app.store.account_with_sessions(user, request.now()).await?;
        account.ok_or_else(|| refused("the account is gone"))
    }
}

fn refused(cause: &'static str) -> ApiError {
    ApiError::new(ErrorCode::InvalidCredentials).with_cause(cause)
}
