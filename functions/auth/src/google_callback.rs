//! `GET /api/auth/google/callback`: the browser comes back from Google.
//!
//! Who comes back is known by Google's own id of them; else by an address that Google has verified; else new. An
//! account of the same address is linked. Where its own address was never verified, a stranger may have made it in
//! wait for its owner: then its password and its sessions end.

use serde_json::json;
use shared::auth::keyring::Keyring;
use shared::auth::session::Memory;
use shared::auth::token::InvalidToken;
use shared::domain::email::Email;
use shared::domain::field::Field;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::user::{PersonName, User};
use shared::events::Failure;
use shared::http::cookies::{CookieName, SetCookie};
use shared::http::{ApiError, App, ErrorCode, Permit, Reply, Request, retry_conflicts};
use shared::id::UserId;
use shared::store::users::AccountWithSessions;
use shared::store::{Refusal, WriteError};

use crate::google::failed;
use crate::oidc::{Profile, Provider};
use crate::oidc_flow::Flow;
use crate::sign_in::{Grounds, open_challenge, open_session};

/// Google vouches for the user; nobody has asked to be remembered.
const GROUNDS: Grounds<'_> = Grounds { memory: Memory::Ordinary, stronger: None, challenge: None };
/// Called so where Google knows no name.
const NAMELESS: &str = "Google User";

/// Answers 302: to the app's dashboard with a session, to its page for the code with two-factor login, and to its
/// login page after any failure.
///
/// # Errors
/// None.
pub async fn handle(provider: &Provider, app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    match sign_in(provider, app, &*request).await {
        Ok(reply) => Ok(reply.cookie(SetCookie::clear(&app.http, CookieName::OidcFlow))),
        Err(error) => {
            tracing::warn!(%error, "google.refused");
            Ok(failed(app))
        }
    }
}

async fn sign_in(provider: &Provider, app: &App, request: &Request<'_>) -> Result<Reply, Failure> {
    let permit = &request.permit().await.map_err(|refusal| refusal.code().as_str())?;
    let profile = vouched(provider, app, request).await?;
    let google = GoogleAccount::read(profile)?;
    let outcome = retry_conflicts(async || {
        let account = find_or_make(app, request, permit, &google).await?;
        if account.user.is_two_factor_enabled {
            let challenge = open_challenge(app, request, permit, &account.user, GROUNDS, None).await?;
            return Ok(Reply::redirect(format!("{}/verify-otp", app.config.frontend_url))
                .cookie(SetCookie::challenge(&app.http, challenge.id)));
        }
        let tokens = open_session(app, request, permit, &account, GROUNDS).await?;
        let reply = Reply::redirect(format!("{}/dashboard", app.config.frontend_url));
        Ok(tokens.give_cookies(app, reply))
    });
    outcome.await.map_err(|error| error.cause().unwrap_or(error.code().as_str()).into())
}

/// What the provider says of who came back with this code, in the browser that left.
async fn vouched(provider: &Provider, app: &App, request: &Request<'_>) -> Result<Profile, Failure> {
    let sealed = request.cookie(&CookieName::OidcFlow.wire(&app.http)).ok_or("no flow was begun in this browser")?;
    let open = |keyring: &Keyring| Flow::open(sealed, keyring, request.now()).ok_or(InvalidToken::UnknownKey);
    let flow = app.read_token(open).await.map_err(|_| "no keys")?.map_err(|_| "the flow is not ours, or too old")?;
    if request.parameter("state") != Some(flow.state.as_str()) {
        return Err("the state is another flow's".into());
    }
    if let Some(error) = request.parameter("error") {
        let word: String = error.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect();
        return Err(format!("the provider refused: {word}").into());
    }
    let code = request.parameter("code").ok_or("no code")?;
    provider.redeem(code, flow).await
}

/// A Google account, as far as it is of use.
struct GoogleAccount {
    subject: String,
    /// An address that Google has verified.
    email: Option<Email>,
    name: PersonName,
}

impl GoogleAccount {
    fn read(profile: Profile) -> Result<Self, Failure> {
        let Profile { subject, email, is_email_verified, name } = profile;
        let email = email.filter(|_| is_email_verified).and_then(|email| Email::parse(&email));
        let read = |name: &str| PersonName::read("Name", &json!(name)).ok();
        let name = name.as_deref().and_then(read).or_else(|| read(NAMELESS)).ok_or("no name")?;
        Ok(Self { subject, email, name })
    }
}

async fn find_or_make(
    app: &App,
    request: &Request<'_>,
    permit: &Permit,
    google: &GoogleAccount,
) -> Result<AccountWithSessions, ApiError> {
    let matches = app.store.google_matches(&google.subject, google.email.as_ref()).await?;
    if let Some(user) = matches.linked {
        return account(app, request, user).await;
    }
    let unverified = || ApiError::new(ErrorCode::InvalidCredentials).because("the provider has verified no address");
    let email = google.email.as_ref().ok_or_else(unverified)?;
    match matches.same_email {
        Some(user) => link(app, request, permit, google, user).await,
        None => register(app, request, permit, google, email).await,
    }
}

async fn register(
    app: &App,
    request: &Request<'_>,
    permit: &Permit,
    google: &GoogleAccount,
    email: &Email,
) -> Result<AccountWithSessions, ApiError> {
    let (name, email, subject) = (google.name.clone(), email.clone(), google.subject.clone());
    let user = User::register_with_google(name, email, subject, app.http.default_zone.clone(), request.now());
    match app.store.register_with_google(permit, &user).await {
        // Made meanwhile: the next try finds it.
        Err(WriteError::Refused(Refusal::EmailTaken)) => Err(ApiError::new(ErrorCode::Conflict)),
        registered => Ok(registered.map(|()| AccountWithSessions { user, sessions: Vec::new() })?),
    }
}

async fn link(
    app: &App,
    request: &Request<'_>,
    permit: &Permit,
    google: &GoogleAccount,
    user: UserId,
) -> Result<AccountWithSessions, ApiError> {
    let read = account(app, request, user).await?;
    if read.user.google_id.is_some() {
        // The address passed to another Google account, and with it perhaps to another person.
        return Err(ApiError::new(ErrorCode::InvalidCredentials).because("linked with another Google account"));
    }
    let mail = Mail::new(user, MailContent::GoogleLinked, request.now());
    app.store.link_google(permit, &read, &google.subject, &mail).await?;
    account(app, request, user).await
}

async fn account(app: &App, request: &Request<'_>, user: UserId) -> Result<AccountWithSessions, ApiError> {
    let account = app.store.account_with_sessions(user, request.now()).await?;
    account.ok_or_else(|| ApiError::new(ErrorCode::InvalidCredentials).because("the account is gone"))
}
