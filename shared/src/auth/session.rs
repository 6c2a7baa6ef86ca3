//! Sessions: one signed-in device each, ended by logout, by time, or by making room for a newer one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::keyring::{Keyring, sha256_hex};
use super::token::{self, InvalidToken};
use crate::clock::Timestamp;
use crate::domain::user::Email;
use crate::id::{SessionId, UserId};

/// Most sessions of a user; a further login ends the oldest.
pub const MAX_SESSIONS: usize = 10;
/// A session ends after so long without a refresh.
pub const IDLE: Duration = Duration::from_secs(7 * 24 * 3600);
/// The same for a remembered one.
pub const IDLE_REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);
/// A session ends after so long whatever happens.
pub const ABSOLUTE: Duration = Duration::from_secs(90 * 24 * 3600);
/// Longest device text that is kept, characters.
const DEVICE_MAX: usize = 256;

/// Whether the user asked to be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Memory {
    /// Ends after [`IDLE`].
    Ordinary,
    /// Ends after [`IDLE_REMEMBERED`].
    Remembered,
}

impl Memory {
    /// How long the session lives without a refresh.
    pub fn idle(self) -> Duration {
        match self {
            Self::Ordinary => IDLE,
            Self::Remembered => IDLE_REMEMBERED,
        }
    }
}

/// A session as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Identity.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// The user's address, which access tokens name.
    pub email: Email,
    /// How often its refresh token was rotated.
    pub generation: u32,
    /// SHA-256 of the current refresh token, hexadecimal.
    pub refresh_hash: String,
    /// The key that signed it.
    pub kid: String,
    /// How long it lives.
    pub memory: Memory,
    /// What signed in, from `User-Agent`.
    pub device: String,
    /// The address that it signed in from.
    pub address: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its refresh token was last issued.
    pub refreshed_at: Timestamp,
    /// When it ends unless refreshed, epoch seconds; also the row's TTL.
    pub expires_at: i64,
}

/// A session and the refresh token that belongs to it, which is shown once.
#[derive(Debug)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// The refresh token.
    pub refresh_token: String,
}

impl Session {
    /// Opens a session.
    ///
    /// # Errors
    /// Never with a keyring that was parsed.
    pub fn open(
        keyring: &Keyring,
        (user, email): (UserId, &Email),
        memory: Memory,
        (device, address): (&str, &str),
        now: Timestamp,
    ) -> Result<NewSession, InvalidToken> {
        let id = SessionId::new();
        let expires_at = now.plus(memory.idle().min(ABSOLUTE));
        let refresh_token = token::sign_refresh(keyring, keyring.current(), (user, id, 0), now, expires_at)?;
        let session = Self {
            id,
            user_id: user,
            email: email.clone(),
            generation: 0,
            refresh_hash: sha256_hex(refresh_token.as_bytes()),
            kid: keyring.current().to_owned(),
            memory,
            device: device.chars().filter(|c| !c.is_control()).take(DEVICE_MAX).collect(),
            address: address.to_owned(),
            created_at: now,
            refreshed_at: now,
            expires_at: expires_at.as_second(),
        };
        Ok(NewSession { session, refresh_token })
    }

    /// Whether it still lives.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at > now.as_second()
    }

    /// Whether `refresh_token` is its current one.
    pub fn matches(&self, refresh_token: &str) -> bool {
        use subtle::ConstantTimeEq;
        self.refresh_hash.as_bytes().ct_eq(sha256_hex(refresh_token.as_bytes()).as_bytes()).into()
    }
}
