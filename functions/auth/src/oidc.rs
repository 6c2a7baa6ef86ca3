//! The OpenID provider: Google unless configured otherwise. Everything that must be checked (OpenID Connect Core
//! §3.1.3.7) is checked by the `openidconnect` crate: signature, issuer, audience, expiry, nonce.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_types::SdkConfig;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdTokenClaims, CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, TokenResponse,
};
use serde::Deserialize;
use shared::aws::secrets::SecretText;
use shared::clock::Timestamp;
use shared::config::{Variable, required, url};
use shared::events::Failure;
use shared::http::Resources;
use shared::runtime::Error;

use crate::oidc_flow::{Flow, VALID};

/// The path that the provider redirects the browser to.
pub(crate) const CALLBACK_PATH: &str = "/api/auth/google/callback";

/// How long the provider's metadata, its keys and our credentials are used before they are read again.
const TTL: Duration = Duration::from_secs(3600);
/// A token under a key that is not known has the keys read again at most this often.
const REREAD: Duration = Duration::from_secs(60);
/// A provider that was out of reach is left alone for so long.
const AGAIN: Duration = Duration::from_secs(10);
/// How long the provider may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What the provider says of a user.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The user's id at the provider, which never changes.
    pub subject: String,
    /// The user's address.
    pub email: Option<String>,
    /// Whether the provider has verified the address.
    pub is_email_verified: bool,
    /// What the user is called.
    pub name: Option<String>,
}

/// A way to the provider.
#[derive(Debug)]
pub struct Provider {
    http: reqwest::Client,
    issuer: IssuerUrl,
    secret: SecretText,
    cached: Mutex<Option<Cached>>,
    failed_at: Mutex<Option<Instant>>,
}

#[derive(Clone, Debug)]
struct Cached {
    known: Arc<Known>,
    read_at: Instant,
}

/// What was learnt from the provider, and who we are to it.
#[derive(Debug)]
struct Known {
    metadata: CoreProviderMetadata,
    id: ClientId,
    secret: ClientSecret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    client_id: String,
    client_secret: String,
}

/// Why a code was not redeemed.
#[derive(Debug)]
pub enum RedeemError {
    /// The provider does not take the code, or its token does not hold.
    Refused(Failure),
    /// The provider cannot be reached, or does not answer as it should.
    Failed(Failure),
}

impl From<Failure> for RedeemError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Resources for Provider {
    const VARIABLES: &'static [Variable] = &[Variable::OidcIssuer, Variable::OidcSecretId];

    /// The first request calls the provider, not init.
    fn from_environment(sdk: &SdkConfig) -> Result<Self, Error> {
        let secret = SecretText::new(sdk, required(Variable::OidcSecretId)?);
        Self::new(url(Variable::OidcIssuer)?, secret)
    }
}

impl Provider {
    /// The provider with this issuer.
    ///
    /// # Errors
    /// It is no URL.
    pub fn new(issuer: String, secret: SecretText) -> Result<Self, Failure> {
        // It is the process's only one; a second call would find it in place.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A provider that redirects its own endpoints is none to follow.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build()?;
        Ok(Self {
            http,
            issuer: IssuerUrl::new(issuer)?,
            secret,
            cached: Mutex::new(None),
            failed_at: Mutex::new(None),
        })
    }

    /// Where the browser goes to sign in to an API at `public_url`, and what must be remembered until it comes back.
    ///
    /// # Errors
    /// The provider cannot be reached, or nobody has told us who we are to it.
    pub async fn begin(&self, public_url: &str, now: Timestamp) -> Result<(String, Flow), Failure> {
        let known = self.known(TTL).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (location, state, nonce) = self
            .client(&known)
            .set_redirect_uri(callback(public_url)?)
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let flow = Flow {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            expires_at: now.plus(VALID).as_second(),
        };
        Ok((location.into(), flow))
    }

    /// Redeems the code that the browser came back to `public_url` with.
    ///
    /// # Errors
    /// A [`RedeemError`].
    pub async fn redeem(&self, public_url: &str, code: &str, flow: Flow) -> Result<Profile, RedeemError> {
        let known = self.known(TTL).await?;
        let http = |request| self.call(request);
        let tokens = self
            .client(&known)
            .set_redirect_uri(callback(public_url)?)
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(Failure::from)?
            .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier))
            .request_async(&http)
            .await
            .map_err(|error| {
                let is_refused = matches!(&error, RequestTokenError::ServerResponse(answer)
                    if *answer.error() == CoreErrorResponseType::InvalidGrant);
                if is_refused { RedeemError::Refused(error.into()) } else { RedeemError::Failed(error.into()) }
            })?;
        let id_token = tokens.id_token().ok_or_else(|| Failure::from("the provider gave no ID token"))?;
        let nonce = Nonce::new(flow.nonce);
        let read = |known: &Known| id_token.claims(&self.client(known).id_token_verifier(), &nonce).map(profile);
        match read(&known) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                read(&*self.known(REREAD).await?)
            }
            read => read,
        }
        .map_err(|error| RedeemError::Refused(error.into()))
    }

    fn client(&self, known: &Known) -> Client {
        let Known { metadata, id, secret } = known;
        CoreClient::from_provider_metadata(metadata.clone(), id.clone(), Some(secret.clone()))
    }

    /// What is known, read again when it is older than `age`.
    async fn known(&self, age: Duration) -> Result<Arc<Known>, Failure> {
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(cached) = cached.filter(|cached| cached.read_at.elapsed() < age) {
            return Ok(cached.known);
        }
        let failed_at = *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if failed_at.is_some_and(|failed_at| failed_at.elapsed() < AGAIN) {
            return Err("the provider was out of reach a moment ago".into());
        }
        let known = self.discover().await;
        *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner) = known.is_err().then(Instant::now);
        let known = Arc::new(known?);
        let fresh = Cached { known: Arc::clone(&known), read_at: Instant::now() };
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        Ok(known)
    }

    async fn discover(&self) -> Result<Known, Failure> {
        let http = |request| self.call(request);
        let discovered = CoreProviderMetadata::discover_async(self.issuer.clone(), &http);
        let (metadata, credentials) = futures::join!(discovered, self.secret.read());
        let credentials: Credentials = serde_json::from_str(&credentials?)?;
        if credentials.client_id.is_empty() {
            return Err("the secret of the OpenID client is not filled in".into());
        }
        let id = ClientId::new(credentials.client_id);
        let secret = ClientSecret::new(credentials.client_secret);
        Ok(Known { metadata: metadata?, id, secret })
    }

    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
        let answer = self.http.execute(request.try_into()?).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = HttpResponse::new(answer.bytes().await?.to_vec());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// Where the provider sends the browser back to.
fn callback(public_url: &str) -> Result<RedirectUrl, Failure> {
    Ok(RedirectUrl::new(format!("{public_url}{CALLBACK_PATH}"))?)
}

/// A client whose endpoints were discovered, as far as its type can know.
type Client = CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;

fn profile(claims: &CoreIdTokenClaims) -> Profile {
    let name = claims.name().and_then(|name| name.get(None));
    Profile {
        subject: claims.subject().to_string(),
        email: claims.email().map(|email| email.to_string()),
        is_email_verified: claims.email_verified() == Some(true),
        name: name.map(|name| name.to_string()),
    }
}
