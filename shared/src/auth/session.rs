//! Sessions: one signed-in device each, ended by logout, by time, or by making room for a newer one.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::keyring::{Keyring, sha256_hex};
use super::token::{self, InvalidToken};
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::mail::{Mail, MailContent};
use crate::id::{SessionId, UserId};
use crate::word_type;

/// Most sessions of a user; a further login ends the oldest.
pub const MAX_SESSIONS: usize = 10;
/// A session ends after so long without a refresh.
pub const IDLE: Duration = Duration::from_secs(7 * 24 * 3600);
/// The same for a remembered one.
pub const IDLE_REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);
/// A session ends after so long whatever happens.
pub const ABSOLUTE: Duration = Duration::from_secs(90 * 24 * 3600);
/// The refresh token before the current one is still answered for so long: two tabs may refresh at once.
pub const GRACE: Duration = Duration::from_secs(30);
/// A sign-in proves for this long who holds the session. A refresh does not prolong it.
pub const RECENT_SIGN_IN: Duration = Duration::from_secs(10 * 60);
/// Longest device text that is kept, characters.
const DEVICE_MAX: usize = 256;

/// Whether the user asked to be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionLifetime {
    /// Ends after [`IDLE`].
    Ordinary,
    /// Ends after [`IDLE_REMEMBERED`].
    Remembered,
}

impl SessionLifetime {
    /// How long the session lives without a refresh.
    pub fn idle(self) -> Duration {
        match self {
            Self::Ordinary => IDLE,
            Self::Remembered => IDLE_REMEMBERED,
        }
    }
}

word_type! {
    /// The state of a session that did not end in the ordinary way.
    SessionState {
        /// One of its refresh tokens was used after it had been rotated away. It is over; its user is not yet notified.
        Stolen = "stolen",
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
    #[serde(rename = "memory")]
    pub lifetime: SessionLifetime,
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
    /// Missing while it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<SessionState>,
}

/// A refresh token that continues its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAge {
    Current,
    /// The one before, used so soon after the rotation that two tabs explain it.
    JustRotated,
}

/// A refresh token that was rotated away more than [`GRACE`] ago: whoever holds it is not, or not only, the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotatedAway;

/// A session and the refresh token that belongs to it, which is shown once.
#[derive(Debug)]
pub struct NewSession {
    pub session: Session,
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
        lifetime: SessionLifetime,
        (device, address): (&str, &str),
        now: Timestamp,
    ) -> Result<NewSession, InvalidToken> {
        let id = SessionId::new();
        let expires_at = now.plus(lifetime.idle().min(ABSOLUTE));
        let refresh_token = token::sign_refresh(keyring, keyring.current(), (user, id, 0), now, expires_at)?;
        let session = Self {
            id,
            user_id: user,
            email: email.clone(),
            generation: 0,
            refresh_hash: sha256_hex(refresh_token.as_bytes()),
            kid: keyring.current().to_owned(),
            lifetime,
            device: device.chars().filter(|c| !c.is_control()).take(DEVICE_MAX).collect(),
            address: address.to_owned(),
            created_at: now,
            refreshed_at: now,
            expires_at: expires_at.as_second(),
            state: None,
        };
        Ok(NewSession { session, refresh_token })
    }

    /// Whether it still lives.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at > now.as_second() && self.state.is_none()
    }

    /// Whether the user signed in so recently that the session itself proves who holds it.
    pub fn is_recent_sign_in(&self, now: Timestamp) -> bool {
        now.since(self.created_at) <= RECENT_SIGN_IN
    }

    /// The age of a refresh token of ours, of this session and generation.
    ///
    /// # Errors
    /// It was rotated away too long ago.
    pub fn recognise(&self, refresh_token: &str, generation: u32, now: Timestamp) -> Result<TokenAge, RotatedAway> {
        if generation == self.generation && self.is_current(refresh_token) {
            Ok(TokenAge::Current)
        } else if generation.checked_add(1) == Some(self.generation) && now.since(self.refreshed_at) <= GRACE {
            Ok(TokenAge::JustRotated)
        } else {
            Err(RotatedAway)
        }
    }

    /// The mail that tells its user of a theft.
    pub fn theft_notice(&self, now: Timestamp) -> Mail {
        Mail::new(self.user_id, MailContent::TokenTheft { device: self.device.clone() }, now)
    }

    fn is_current(&self, refresh_token: &str) -> bool {
        let hash = sha256_hex(refresh_token.as_bytes());
        self.refresh_hash.as_bytes().ct_eq(hash.as_bytes()).into()
    }

    /// Gives it a new refresh token, which is answered; the present one is then the one before.
    ///
    /// # Errors
    /// Never with a keyring that was parsed.
    pub fn rotate(&mut self, keyring: &Keyring, now: Timestamp) -> Result<String, InvalidToken> {
        let end = now.plus(self.lifetime.idle()).min(self.created_at.plus(ABSOLUTE));
        self.generation += 1;
        self.refreshed_at = now;
        self.expires_at = end.as_second();
        keyring.current().clone_into(&mut self.kid);
        let refresh_token = self.refresh_token(keyring)?;
        self.refresh_hash = sha256_hex(refresh_token.as_bytes());
        Ok(refresh_token)
    }

    /// Its current refresh token: derived, so that it need not be stored to be given again.
    ///
    /// # Errors
    /// The key that signed it was taken out of the secret.
    pub fn refresh_token(&self, keyring: &Keyring) -> Result<String, InvalidToken> {
        let expires_at = Timestamp::from_second(self.expires_at).map_err(|_| InvalidToken::Invalid)?;
        let which = (self.user_id, self.id, self.generation);
        token::sign_refresh(keyring, &self.kid, which, self.refreshed_at, expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> Keyring {
        Keyring::parse(r#"{"current":"1","1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).unwrap()
    }

    fn opened(lifetime: SessionLifetime, now: Timestamp) -> NewSession {
        let email = Email::parse("a@example.com").unwrap();
        Session::open(&keyring(), (UserId::new(), &email), lifetime, ("a browser", "192.0.2.1"), now).unwrap()
    }

    #[test]
    fn the_token_before_is_answered_for_half_a_minute_and_older_ones_are_theft() {
        let now = crate::clock::testing::now();
        let NewSession { mut session, refresh_token: first } = opened(SessionLifetime::Ordinary, now);
        assert_eq!(session.recognise(&first, 0, now), Ok(TokenAge::Current));
        let second = session.rotate(&keyring(), now).unwrap();
        assert_ne!(first, second);
        assert_eq!(session.recognise(&second, 1, now), Ok(TokenAge::Current));
        assert_eq!(session.recognise(&first, 0, now.plus(GRACE)), Ok(TokenAge::JustRotated));
        assert_eq!(session.recognise(&first, 0, now.plus(GRACE * 2)), Err(RotatedAway));
        session.rotate(&keyring(), now).unwrap();
        assert_eq!(session.recognise(&first, 0, now), Err(RotatedAway));
    }

    #[test]
    fn a_stolen_session_is_over_at_once() {
        let now = crate::clock::testing::now();
        let NewSession { mut session, .. } = opened(SessionLifetime::Ordinary, now);
        assert!(session.is_alive(now));
        session.state = Some(SessionState::Stolen);
        assert!(!session.is_alive(now));
    }

    #[test]
    fn a_sign_in_is_recent_for_ten_minutes_and_a_refresh_does_not_prolong_that() {
        let now = crate::clock::testing::now();
        let NewSession { mut session, .. } = opened(SessionLifetime::Ordinary, now);
        assert!(session.is_recent_sign_in(now.plus(RECENT_SIGN_IN)));
        let later = now.plus(RECENT_SIGN_IN + Duration::from_secs(1));
        session.rotate(&keyring(), later).unwrap();
        assert!(!session.is_recent_sign_in(later));
    }

    #[test]
    fn the_current_token_can_be_given_again() {
        let NewSession { mut session, refresh_token } = opened(SessionLifetime::Ordinary, crate::clock::testing::now());
        assert_eq!(session.refresh_token(&keyring()).unwrap(), refresh_token);
        let rotated = session.rotate(&keyring(), crate::clock::testing::now()).unwrap();
        assert_eq!(session.refresh_token(&keyring()).unwrap(), rotated);
    }

    #[test]
    fn refreshing_prolongs_a_session_up_to_its_absolute_end() {
        let now = crate::clock::testing::now();
        let NewSession { mut session, .. } = opened(SessionLifetime::Remembered, now);
        session.rotate(&keyring(), now.plus(IDLE)).unwrap();
        assert_eq!(session.expires_at, now.plus(IDLE + IDLE_REMEMBERED).as_second());
        session.rotate(&keyring(), now.plus(ABSOLUTE - IDLE)).unwrap();
        assert_eq!(session.expires_at, now.plus(ABSOLUTE).as_second());
    }
}
