//! The secret with the keys: read at init, kept in memory, read again as it ages.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::keyring::{BadSecret, Keyring};
use crate::aws::CallFailed;
use crate::aws::secrets::SecretText;

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
    secret: SecretText,
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
    pub async fn load(secret: SecretText) -> Result<Self, SecretError> {
        Self::load_with_pause(secret, REREAD).await
    }

    /// The same with another pause than a minute between readings of an unknown key id.
    ///
    /// # Errors
    /// As [`Secrets::load`].
    pub async fn load_with_pause(secret: SecretText, pause: Duration) -> Result<Self, SecretError> {
        let keyring = Arc::new(read(&secret).await?);
        let now = Instant::now();
        Ok(Self { secret, pause, cached: Mutex::new(Cached { keyring, read_at: now, tried_at: now }) })
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
        match read(&self.secret).await {
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

async fn read(secret: &SecretText) -> Result<Keyring, SecretError> {
    Ok(Keyring::parse(&secret.read().await?)?)
}
