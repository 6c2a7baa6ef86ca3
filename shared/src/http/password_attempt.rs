//! A password that a route of another class than `auth` takes: a wrong one counts in `auth` too, so that no route is a
//! further set of guesses.

use super::error::ApiError;
use super::limiter::{RateLimitStatus, client_key};
use super::login_guard::unavailable;
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
        let limit = limits.of(RateLimitClass::Auth);
        let window = now.as_second().div_euclid(limit.window);
        let slot = Slot { class: RateLimitClass::Auth.name(), window, cap: limit.requests };
        let attempt = Self { client: client_key(keyring, address), slot };
        let expires_at = now.as_second() + 2 * limits.longest_window();
        let slots = std::slice::from_ref(&attempt.slot);
        let counts = store.count_request(&attempt.client, slots, expires_at).await.map_err(unavailable)?;
        let status = counts.first().map(|count| RateLimitStatus::of(limit, *count, now.as_second()));
        match status.and_then(|status| status.retry_after.map(|wait| (status, wait))) {
            Some((status, wait)) => Err(status.rejection().with_header("retry-after", wait.to_string())),
            None => Ok(attempt),
        }
    }

    /// Gives it back, because the password was right. 1 call.
    pub async fn give_back(&self, store: &Store) {
        if let Err(error) = store.give_back(&self.client, &[&self.slot]).await {
            tracing::warn!(%error, "password_attempt.give_back_failed");
        }
    }
}
