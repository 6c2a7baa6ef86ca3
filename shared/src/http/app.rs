//! The surroundings of every route's handler: configuration, table, keys.

use std::sync::Arc;
use std::time::Instant;

use super::ended_sessions::EndedSessions;
use super::error::ApiError;
use super::limiter::RejectedParties;
use super::operation::Facts;
use crate::auth::keyring::Keyring;
use crate::auth::mailbox::mailbox_tag;
use crate::auth::secrets::Secrets;
use crate::auth::token::InvalidToken;
use crate::aws::secrets::SecretText;
use crate::clock::Clock;
use crate::config::{Config, HttpConfig, Variable, required};
use crate::domain::email::Email;
use crate::domain::mail::{AddressState, Mail};
use crate::domain::user::User;
use crate::store::Store;
use crate::store::gate::Gate;
use crate::store::mailboxes::{AddressedMail, SecurityNotice};

/// What a route's handler works with.
#[derive(Clone, Debug)]
pub struct App {
    /// Configuration of every function.
    pub config: Config,
    /// Configuration of the functions that answer requests.
    pub http: HttpConfig,
    /// The table.
    pub store: Store,
    /// The source of each request's `now`.
    pub clock: Clock,
    /// When init ended.
    pub started: Instant,
    /// The keys; a route that is not rate limited has none.
    pub secrets: Option<Arc<Secrets>>,
    /// The parties that the rate limiter rejected a moment ago.
    pub rejected: RejectedParties,
    /// The sessions that turned out to have ended.
    pub ended: EndedSessions,
}

impl App {
    /// Reads the environment and the secret, and opens the connection to the table. All of it happens in init, which
    /// has full CPU and no request waiting.
    ///
    /// # Errors
    /// A variable or the secret is missing or bad. An unreachable table is left to the requests to report.
    pub async fn start(facts: &Facts, sdk: &aws_types::SdkConfig) -> Result<Self, lambda_runtime::Error> {
        let (config, http) = (Config::from_env()?, HttpConfig::from_env()?);
        let store = Store::new(sdk, config.table.clone());
        let secrets = async {
            if !facts.is_limited {
                return Ok(None);
            }
            let secrets = Secrets::load(SecretText::new(sdk, required(Variable::SecretId)?)).await?;
            Ok::<_, lambda_runtime::Error>(Some(Arc::new(secrets)))
        };
        let (secrets, probe) = futures::join!(secrets, store.probe());
        if let Err(error) = probe {
            tracing::warn!(%error, "init.table_unreachable");
        }
        #[expect(clippy::disallowed_methods, reason = "the edge of every HTTP function")]
        let clock = Clock::system();
        let (rejected, ended) = (RejectedParties::default(), EndedSessions::default());
        Ok(Self { config, http, store, clock, started: Instant::now(), secrets: secrets?, rejected, ended })
    }

    /// The same for one request, whose reads wait at `gate`.
    pub(super) fn behind(&self, gate: Arc<Gate>) -> Self {
        Self { store: self.store.behind(gate), ..self.clone() }
    }

    /// The keys.
    ///
    /// # Errors
    /// The route has none.
    pub async fn keyring(&self) -> Result<Arc<Keyring>, ApiError> {
        Ok(self.secrets()?.keyring().await)
    }

    /// The keys, the one named `kid` among them if the secret has it by now.
    ///
    /// # Errors
    /// The route has none.
    pub async fn keyring_with(&self, kid: &str) -> Result<Arc<Keyring>, ApiError> {
        Ok(self.secrets()?.keyring_with(kid).await)
    }

    /// A mail to `email`, which counts in its mailbox's budget.
    ///
    /// # Errors
    /// The route has no keys.
    pub async fn addressed(&self, mail: Mail, email: &Email, address: AddressState) -> Result<AddressedMail, ApiError> {
        let mailbox = mailbox_tag(&*self.keyring().await?, email);
        Ok(AddressedMail::new(mail, mailbox, address, &self.http.limits))
    }

    /// A security notice to the owner of `user`.
    ///
    /// # Errors
    /// The route has no keys.
    pub async fn notice(&self, mail: Mail, user: &User) -> Result<SecurityNotice, ApiError> {
        let mailbox = mailbox_tag(&*self.keyring().await?, &user.email);
        Ok(SecurityNotice::new(mail, mailbox, user, &self.http.limits))
    }

    /// Reads a token with `read`. For an unknown key the secret is read again, at most once a minute.
    ///
    /// # Errors
    /// The route has no keys. The inner error says that the token is invalid.
    pub async fn read_token<C>(
        &self,
        read: impl Fn(&Keyring) -> Result<C, InvalidToken>,
    ) -> Result<Result<C, InvalidToken>, ApiError> {
        match read(&*self.keyring().await?) {
            Err(InvalidToken::UnknownKey) => Ok(read(&*self.secrets()?.reread().await)),
            other => Ok(other),
        }
    }

    fn secrets(&self) -> Result<&Secrets, ApiError> {
        self.secrets.as_deref().ok_or_else(|| ApiError::internal("the route has no keys"))
    }
}
