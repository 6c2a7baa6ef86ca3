//! The secret with the keys: read at init, kept in memory, read again as it ages.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;

use aws_types::SdkConfig;

use super::CallFailed;
use crate::auth::keyring::{BadSecret, Keyring};

/// How long a keyring is used before the secret is read again.
const TTL: Duration = Duration::from_secs(15 * 60);
/// An unknown key id, or a failed reading, has the secret read again at most this often.
const REREAD: Duration = Duration::from_secs(60);

/// The secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The service failed.
    #[error(transparent)]
    Call(#[from] CallFailed),
    /// It is not what it must be.
    #[error(transparent)]
    Bad(#[from] BadSecret),
}

/// The keys of a deployment.
#[derive(Debug)]
pub struct Secrets {
    client: Client,
    id: String,
    pause: Duration,
    cached: Mutex<Cached>,
}

#[derive(Debug, Clone)]
struct Cached {
    keyring: Arc<Keyring>,
    read_at: Instant,
    tried_at: Instant,
}

impl Secrets {
    /// Reads the secret.
    ///
    /// # Errors
    /// It cannot be read, or holds keys that are too short.
    pub async fn load(sdk: &SdkConfig, id: String) -> Result<Self, SecretError> {
        Self::load_with_pause(sdk, id, REREAD).await
    }

    /// The same with another pause than a minute between readings of an unknown key id.
    ///
    /// # Errors
    /// As [`Secrets::load`].
    pub async fn load_with_pause(sdk: &SdkConfig, id: String, pause: Duration) -> Result<Self, SecretError> {
        let client = Client::new(sdk);
        let keyring = Arc::new(read(&client, &id).await?);
        let now = Instant::now();
        Ok(Self { client, id, pause, cached: Mutex::new(Cached { keyring, read_at: now, tried_at: now }) })
    }

    /// The keys; read again when they have aged, and the aged ones while that fails.
    pub async fn keyring(&self) -> Arc<Keyring> {
        let cached = self.cached();
        if cached.read_at.elapsed() < TTL {
            return cached.keyring;
        }
        self.reread().await
    }

    /// The keys, read again if `kid` is none of them: the secret may have got it since.
    pub async fn keyring_with(&self, kid: &str) -> Arc<Keyring> {
        let keyring = self.keyring().await;
        if keyring.has(kid) { keyring } else { self.reread().await }
    }

    /// The keys, read again unless that was done this minute: for a token whose key id is unknown.
    pub async fn reread(&self) -> Arc<Keyring> {
        let cached = self.cached();
        if cached.tried_at.elapsed() < self.pause {
            return cached.keyring;
        }
        self.update(|cached| cached.tried_at = Instant::now());
        match read(&self.client, &self.id).await {
            Ok(keyring) => {
                let keyring = Arc::new(keyring);
                self.update(|cached| {
                    cached.keyring = Arc::clone(&keyring);
                    cached.read_at = Instant::now();
                });
                keyring
            }
            Err(error) => {
                tracing::error!(%error, "secret.reread_failed");
                cached.keyring
            }
        }
    }

    fn cached(&self) -> Cached {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, change: impl FnOnce(&mut Cached)) {
        change(&mut self.cached.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

async fn read(client: &Client, id: &str) -> Result<Keyring, SecretError> {
    Ok(Keyring::parse(&read_text(client, id).await?)?)
}

async fn read_text(client: &Client, id: &str) -> Result<String, CallFailed> {
    let sent = client.get_secret_value().secret_id(id).send().await;
    let output = sent.map_err(|error| CallFailed::new("GetSecretValue", &error))?;
    Ok(output.secret_string.unwrap_or_default())
}

/// A secret that is one text, read whenever it is asked for.
#[derive(Clone, Debug)]
pub struct SecretText {
    client: Client,
    id: String,
}

impl SecretText {
    /// The secret of this id.
    pub fn new(sdk: &SdkConfig, id: String) -> Self {
        Self { client: Client::new(sdk), id }
    }

    /// What it holds now.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn read(&self) -> Result<String, CallFailed> {
        read_text(&self.client, &self.id).await
    }
}
