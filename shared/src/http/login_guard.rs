//! The guard of one account: it limits failed logins per hour from addresses that never signed in to the account,
//! against guessing from many addresses. It works the same whether the account exists or not.

use super::error::ApiError;
use super::limiter;
use crate::auth::challenge::LoginAttempt;
use crate::auth::keyring::{Keyring, Purpose, hex};
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::limits::{Limits, RateLimitClass};
use crate::store::Store;
use crate::store::rates::Slot;

/// Bytes of an account's keyed hash.
const LENGTH: usize = 16;

const CLASS: RateLimitClass = RateLimitClass::Login;

/// A login attempt that is counted until it is given back.
#[derive(Clone, Debug)]
pub struct Reservation {
    client: String,
    slot: Slot,
    attempt: LoginAttempt,
}

impl Reservation {
    /// Counts an attempt to sign in to the account of `email`. 1 call.
    ///
    /// # Errors
    /// 429 when it would be one too many, 503 when the counter cannot be reached.
    pub async fn make(
        store: &Store,
        keyring: &Keyring,
        limits: &Limits,
        email: &Email,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let limit = limits.of(CLASS);
        let window = now.as_second().div_euclid(limit.window);
        let reservation = Self::of(keyring, limits, email, LoginAttempt { window });
        let expires_at = now.as_second() + 2 * limit.window;
        limiter::reserve(store, (&reservation.client, &reservation.slot), limit, expires_at, now).await?;
        Ok(reservation)
    }

    /// The reservation of an attempt that was counted before.
    pub fn of(keyring: &Keyring, limits: &Limits, email: &Email, attempt: LoginAttempt) -> Self {
        let client = account_tag(keyring, email);
        let slot = Slot { class: CLASS.name(), window: attempt.window, cap: limits.of(CLASS).requests };
        Self { client, slot, attempt }
    }

    /// The attempt.
    pub fn attempt(&self) -> LoginAttempt {
        self.attempt
    }

    /// Gives it back, because the login did not fail. 1 call.
    pub async fn give_back(&self, store: &Store) {
        limiter::give_back(store, &self.client, &[&self.slot]).await;
    }
}

/// A keyed hash of an account's address, whether the account exists or not.
pub(super) fn account_tag(keyring: &Keyring, email: &Email) -> String {
    let tag = keyring.lasting_tag(Purpose::AccountAddress, email.as_str().as_bytes());
    hex(tag.get(..LENGTH).unwrap_or_default())
}

/// Forgets the failed logins of an account: its owner has set a new password by mail. 1 call.
pub async fn clear(store: &Store, keyring: &Keyring, limits: &Limits, email: &Email, now: Timestamp) {
    let window = now.as_second().div_euclid(limits.of(CLASS).window);
    let Reservation { client, slot, .. } = Reservation::of(keyring, limits, email, LoginAttempt { window });
    if let Err(error) = store.forget_count(&client, &slot).await {
        tracing::warn!(%error, "login_guard.clear_failed");
    }
}
