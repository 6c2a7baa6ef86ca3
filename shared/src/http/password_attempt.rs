//! A password that a route of another class than `auth` takes: a wrong one counts in `auth` too, so that no route is a
//! further set of guesses.

use super::error::ApiError;
use super::limiter::{self, client_key};
use crate::auth::keyring::Keyring;
use crate::clock::Timestamp;
use crate::limits::{Limits, RateLimitClass};
use crate::store::Store;
use crate::store::rates::Slot;

/// A password that is counted as wrong until it is given back.
#[derive(Clone, Debug)]
pub struct PasswordAttempt {
    client: String,
    slot: Slot,
}

impl PasswordAttempt {
    /// Counts a password that the client at `address` presents. 1 call.
    ///
    /// # Errors
    /// 429 when it would be one too many, 503 when the counter cannot be reached.
    pub async fn make(
        store: &Store,
        keyring: &Keyring,
        limits: &Limits,
        address: &str,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let class = RateLimitClass::Auth;
        let (client, slot) = (client_key(keyring, address), limiter::slot(limits, class, now));
        limiter::reserve(store, (&client, &slot), limits.of(class), limiter::expiry(limits, now), now).await?;
        Ok(Self { client, slot })
    }

    /// Gives it back, because the password was right. 1 call.
    pub async fn give_back(&self, store: &Store) {
        limiter::give_back(store, &self.client, &[&self.slot]).await;
    }
}
