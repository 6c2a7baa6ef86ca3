//! Logins that wait for a mailed code.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::keyring::Keyring;
use super::mailed::LoginCode;
use super::session::SessionLifetime;
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::mail::{Mail, MailContent};
use crate::domain::user::User;
use crate::id::{ChallengeId, TokenSeed, UserId};

/// How long a code works.
pub const VALID: Duration = Duration::from_secs(5 * 60);
/// Codes that may be tried; the challenge is dead after as many wrong ones.
pub const MAX_TRIES: u32 = 5;
/// New codes that may be asked for.
pub const MAX_RESENDS: u32 = 3;

/// A login attempt that is counted in the account's guard until its code is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginAttempt {
    /// The number of the rate limit window.
    pub window: i64,
}

/// A login whose password was right, or that Google vouched for, and that waits for its code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// Identity, which the client holds.
    pub id: ChallengeId,
    /// Who signs in.
    pub user_id: UserId,
    /// The user's address.
    pub email: Email,
    /// What the code is derived from.
    pub seed: TokenSeed,
    /// The key that it is derived with.
    pub kid: String,
    /// Whether the user asked to be remembered.
    #[serde(rename = "memory")]
    pub lifetime: SessionLifetime,
    /// The password's version when the login began.
    pub password_version: u64,
    /// The login attempt, if the account's guard counts it.
    #[serde(rename = "counted", default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<LoginAttempt>,
    /// Codes tried so far.
    pub tries: u32,
    /// New codes sent so far.
    pub resends: u32,
    /// Until when the code works, epoch seconds; also the row's TTL.
    pub expires_at: i64,
}

impl Challenge {
    /// A challenge of a login to `user`'s account.
    pub fn new(
        keyring: &Keyring,
        user: &User,
        lifetime: SessionLifetime,
        attempt: Option<LoginAttempt>,
        now: Timestamp,
    ) -> Self {
        Self {
            id: ChallengeId::new(),
            user_id: user.id,
            email: user.email.clone(),
            seed: TokenSeed::new(),
            kid: keyring.current().to_owned(),
            lifetime,
            password_version: user.password_version,
            attempt,
            tries: 0,
            resends: 0,
            expires_at: now.plus(VALID).as_second(),
        }
    }

    /// The same challenge with another code.
    #[must_use]
    pub fn renewed(self, keyring: &Keyring, now: Timestamp) -> Self {
        Self {
            seed: TokenSeed::new(),
            kid: keyring.current().to_owned(),
            resends: self.resends + 1,
            expires_at: now.plus(VALID).as_second(),
            ..self
        }
    }

    /// Whether a code may still be tried.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.tries < MAX_TRIES && self.expires_at > now.as_second()
    }

    /// Whether `typed` is the code.
    pub fn accepts(&self, keyring: &Keyring, typed: &str) -> bool {
        LoginCode::derive(keyring, &self.kid, self.seed).is_some_and(|code| code.is(typed))
    }

    /// Until when the code works.
    pub fn expiry(&self) -> Timestamp {
        Timestamp::from_second(self.expires_at).unwrap_or(Timestamp::MAX)
    }

    /// The mail with the code.
    pub fn mail(&self, now: Timestamp) -> Mail {
        let content = MailContent::LoginCode { seed: self.seed, kid: self.kid.clone(), expires_at: self.expiry() };
        Mail::new(self.user_id, content, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field::Field;
    use crate::domain::password::PasswordHash;
    use crate::domain::user::PersonName;
    use crate::domain::zone::Zone;
    use serde_json::json;

    fn keyring() -> Keyring {
        Keyring::parse(r#"{"current":"1","1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).unwrap()
    }

    #[test]
    fn a_new_code_replaces_the_old_one_and_leaves_the_tries() {
        let name = PersonName::read("Name", &json!("Asha")).unwrap();
        let hash = PasswordHash::from_phc(String::new());
        let now = crate::clock::testing::now();
        let user = User::register(name, Email::parse("a@b.c").unwrap(), hash, Zone::UTC, now);
        let mut challenge = Challenge::new(&keyring(), &user, SessionLifetime::Ordinary, None, now);
        challenge.tries = MAX_TRIES - 1;
        let code = |challenge: &Challenge| LoginCode::derive(&keyring(), "1", challenge.seed).unwrap();
        let (old, later) = (code(&challenge), now.plus(VALID / 2));
        let renewed = challenge.renewed(&keyring(), later);
        let new = code(&renewed);
        assert!(renewed.accepts(&keyring(), new.expose()));
        assert!(old == new || !renewed.accepts(&keyring(), old.expose()));
        assert_eq!((renewed.tries, renewed.resends), (MAX_TRIES - 1, 1));
        assert!(renewed.is_alive(now.plus(VALID)) && !renewed.is_alive(later.plus(VALID)));
    }
}
