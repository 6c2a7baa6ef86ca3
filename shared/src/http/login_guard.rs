//! The guard of one account against guessing from many addresses: so many failed logins an hour from addresses that
//! never signed in to it. Whether there is such an account makes no difference.

use super::error::{ApiError, ErrorCode};
use super::limiter::{self, Class, Limits};
use crate::auth::keyring::{Keyring, Purpose, hex};
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::store::rates::Slot;
use crate::store::{Store, StoreError};

/// Bytes of an account's keyed hash.
const LENGTH: usize = 16;

/// A login that counts as failed until it is taken back.
#[derive(Clone, Debug)]
pub struct Reservation {
    client: String,
    slot: Slot,
}

impl Reservation {
    /// Counts a login to the account of `email` as failed. 1 call.
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
        let limit = limits.of(Class::Login);
        let window = now.as_second().div_euclid(limit.window);
        let reservation = Self::of_window(keyring, limits, email, window);
        let expires_at = now.as_second() + 2 * limit.window;
        let slots = std::slice::from_ref(&reservation.slot);
        let counted = store.count_request(&reservation.client, slots, expires_at).await.map_err(unreachable)?;
        let refusal = counted.first().map(|counted| limiter::standing(limit, *counted, now.as_second()));
        match refusal.and_then(|standing| standing.retry_after.map(|wait| (standing, wait))) {
            Some((standing, wait)) => Err(standing.refusal().with_header("retry-after", wait.to_string())),
            None => Ok(reservation),
        }
    }

    /// The reservation that was made in a window.
    pub fn of_window(keyring: &Keyring, limits: &Limits, email: &Email, window: i64) -> Self {
        let tag = keyring.lasting_tag(Purpose::AccountAddress, email.as_str().as_bytes());
        let client = hex(tag.get(..LENGTH).unwrap_or_default());
        let cap = limits.of(Class::Login).requests;
        Self { client, slot: Slot { class: Class::Login.name(), window, cap } }
    }

    /// The window that it was made in.
    pub fn window(&self) -> i64 {
        self.slot.window
    }

    /// Takes it back: the login did not fail. 1 call.
    pub async fn take_back(&self, store: &Store) {
        if let Err(error) = store.give_back(&self.client, &self.slot).await {
            tracing::warn!(%error, "login_guard.take_back_failed");
        }
    }
}

fn unreachable(error: StoreError) -> ApiError {
    match error {
        StoreError::Throttled { .. } => ApiError::new(ErrorCode::TooManyRequests)
            .with_header("retry-after", limiter::FLOOD_RETRY_SECONDS.to_string()),
        error => ApiError::new(ErrorCode::Unavailable).because(error),
    }
}
