//! The guard of one account: so many failed logins an hour from addresses that never signed in to it, against guessing
//! from many addresses; and so many codes mailed for logins from where its user signed in before, against flooding a
//! mailbox. Whether there is such an account makes no difference.

use super::error::{ApiError, ErrorCode};
use super::limiter::{self, Class, Limits};
use crate::auth::challenge::{Counted, CountedAs};
use crate::auth::keyring::{Keyring, Purpose, hex};
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::store::rates::Slot;
use crate::store::{Store, StoreError};

/// Bytes of an account's keyed hash.
const LENGTH: usize = 16;

fn class_of(counted_as: CountedAs) -> Class {
    match counted_as {
        CountedAs::Login => Class::Login,
        CountedAs::Code => Class::Code,
    }
}

/// A login that counts until it is taken back.
#[derive(Clone, Debug)]
pub struct Reservation {
    client: String,
    slot: Slot,
    counted: Counted,
}

impl Reservation {
    /// Counts a login to the account of `email`. 1 call.
    ///
    /// # Errors
    /// 429 when it would be one too many, 503 when the counter cannot be reached.
    pub async fn make(
        store: &Store,
        keyring: &Keyring,
        limits: &Limits,
        (email, counted_as): (&Email, CountedAs),
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let limit = limits.of(class_of(counted_as));
        let window = now.as_second().div_euclid(limit.window);
        let reservation = Self::of(keyring, limits, email, Counted { counted_as, window });
        let expires_at = now.as_second() + 2 * limit.window;
        let slots = std::slice::from_ref(&reservation.slot);
        let counted = store.count_request(&reservation.client, slots, expires_at).await.map_err(unreachable)?;
        let standing = counted.first().map(|counted| limiter::standing(limit, *counted, now.as_second()));
        match standing.and_then(|standing| standing.retry_after.map(|wait| (standing, wait))) {
            Some((standing, wait)) => Err(standing.refusal().with_header("retry-after", wait.to_string())),
            None => Ok(reservation),
        }
    }

    /// The reservation that was made there.
    pub fn of(keyring: &Keyring, limits: &Limits, email: &Email, counted: Counted) -> Self {
        let tag = keyring.lasting_tag(Purpose::AccountAddress, email.as_str().as_bytes());
        let client = hex(tag.get(..LENGTH).unwrap_or_default());
        let class = class_of(counted.counted_as);
        let slot = Slot { class: class.name(), window: counted.window, cap: limits.of(class).requests };
        Self { client, slot, counted }
    }

    /// Where it was made.
    pub fn counted(&self) -> Counted {
        self.counted
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
