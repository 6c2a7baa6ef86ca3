//! Master keys and what is derived from them.
//!
//! The secret is a JSON object: `current` names the key that signs, every other entry is a key id with its
//! master key. All keys in it verify, so that a new one can be put in front of the old and the old one be taken
//! out when what it signed has expired. Each purpose has a key of its own, derived with HMAC-SHA-256, so that
//! a token of one kind is never valid as another.

use std::collections::BTreeMap;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a derived key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Signing access tokens.
    AccessToken,
    /// Signing refresh tokens.
    RefreshToken,
    /// Deriving the tokens in mails.
    MailedToken,
    /// Tagging list cursors.
    Cursor,
    /// Hashing clients' addresses.
    ClientAddress,
    /// Hashing the ids of accounts whose requests are counted.
    RateLimitedAccount,
    /// Signing unsubscribe links.
    Unsubscribe,
    /// Signing the links of reminder mails that act.
    ActionLink,
    /// Hashing the addresses that such links are mailed to.
    ActionLinkAddress,
    /// Hashing the addresses of accounts that somebody signs in to.
    AccountAddress,
    /// Hashing the addresses that mail goes to.
    Mailbox,
    /// Deriving the codes of logins.
    LoginCode,
    /// Sealing what a sign-in with Google must remember.
    OidcFlow,
    /// Hashing the keys and bodies of requests that create once.
    Idempotency,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::AccessToken => b"access-token",
            Self::RefreshToken => b"refresh-token",
            Self::MailedToken => b"mailed-token",
            Self::Cursor => b"cursor",
            Self::ClientAddress => b"client-address",
            Self::RateLimitedAccount => b"rate-limited-account",
            Self::Unsubscribe => b"unsubscribe",
            Self::ActionLink => b"action-link",
            Self::ActionLinkAddress => b"action-link-address",
            Self::AccountAddress => b"account-address",
            Self::Mailbox => b"mailbox",
            Self::LoginCode => b"login-code",
            Self::OidcFlow => b"oidc-flow",
            Self::Idempotency => b"idempotency",
        }
    }
}

/// Bytes of a derived key, and of a tag.
const KEY_LENGTH: usize = 32;
/// Fewest bytes of a master key.
const MASTER_MIN: usize = 32;

/// The secret is not what it must be. Never shows any of it.
#[derive(Debug, thiserror::Error)]
pub enum BadSecret {
    /// Not a JSON object of texts.
    #[error("the secret is not a JSON object of texts")]
    NotAnObject,
    /// `current` is missing, or names no key.
    #[error("the secret's `current` names none of its keys")]
    NoCurrent,
    /// A key is shorter than [`MASTER_MIN`] bytes.
    #[error("the secret's key `{0}` is shorter than 32 bytes")]
    TooShort(String),
}

/// The keys of one version of the secret.
#[derive(Clone)]
pub struct Keyring {
    current: String,
    masters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Secret {
    current: String,
    #[serde(flatten)]
    masters: BTreeMap<String, String>,
}

impl Keyring {
    /// Bytes of a tag.
    pub const TAG_LENGTH: usize = KEY_LENGTH;

    /// Reads the secret's text.
    ///
    /// # Errors
    /// [`BadSecret`]: a function does not start with such a secret.
    pub fn parse(secret: &str) -> Result<Self, BadSecret> {
        let Secret { current, masters } = serde_json::from_str(secret).map_err(|_| BadSecret::NotAnObject)?;
        if let Some((kid, _)) = masters.iter().find(|(_, master)| master.len() < MASTER_MIN) {
            return Err(BadSecret::TooShort(kid.clone()));
        }
        if !masters.contains_key(&current) {
            return Err(BadSecret::NoCurrent);
        }
        Ok(Self { current, masters })
    }

    /// Whether the secret has this key id.
    pub fn has(&self, kid: &str) -> bool {
        self.masters.contains_key(kid)
    }

    /// The id of the key that signs.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// The key of a purpose under a key id; `None` when the secret does not have that id.
    pub fn derive(&self, kid: &str, purpose: Purpose) -> Option<[u8; KEY_LENGTH]> {
        let master = self.masters.get(kid)?;
        Some(hmac_sha256(master.as_bytes(), purpose.label()))
    }

    /// HMAC-SHA-256 of `message` under the current key of `purpose`.
    pub fn tag(&self, purpose: Purpose, message: &[u8]) -> [u8; KEY_LENGTH] {
        let master = self.masters.get(&self.current).map(String::as_str).unwrap_or_default();
        hmac_sha256(&hmac_sha256(master.as_bytes(), purpose.label()), message)
    }

    /// The same under the first key of the secret, so that it lasts while a new key is put in front.
    pub fn lasting_tag(&self, purpose: Purpose, message: &[u8]) -> [u8; KEY_LENGTH] {
        let master = self.masters.values().next().map(String::as_str).unwrap_or_default();
        hmac_sha256(&hmac_sha256(master.as_bytes(), purpose.label()), message)
    }

    /// Whether `tag` begins the tag of `message` under any of the keys, compared in constant time.
    pub fn verifies(&self, purpose: Purpose, message: &[u8], tag: &[u8]) -> bool {
        self.masters.values().any(|master| {
            let expected = hmac_sha256(&hmac_sha256(master.as_bytes(), purpose.label()), message);
            expected.get(..tag.len()).is_some_and(|expected| !tag.is_empty() && bool::from(expected.ct_eq(tag)))
        })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("current", &self.current).finish_non_exhaustive()
    }
}

/// HMAC-SHA-256 (RFC 2104).
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; KEY_LENGTH] {
    // HMAC takes keys of any length, so this cannot fail; an empty answer would still be no valid tag.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; KEY_LENGTH];
    };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(data: &[u8]) -> String {
    hex(&Sha256::digest(data))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn keyring(current: &str) -> Keyring {
        Keyring::parse(&format!(r#"{{"current":"{current}","1":"{A}","2":"{B}"}}"#)).unwrap()
    }

    #[test]
    fn a_secret_with_a_short_key_or_no_current_one_is_refused() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"current":"1"}"#,
            r#"{"current":"1","1":"short"}"#,
            &format!(r#"{{"current":"2","1":"{A}"}}"#),
        ] {
            assert!(Keyring::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_differ_by_purpose_and_by_id() {
        let keys = keyring("1");
        let access = keys.derive("1", Purpose::AccessToken).unwrap();
        assert_ne!(access, keys.derive("1", Purpose::RefreshToken).unwrap());
        assert_ne!(access, keys.derive("2", Purpose::AccessToken).unwrap());
        assert_eq!(keys.derive("3", Purpose::AccessToken), None);
    }

    #[test]
    fn what_the_old_key_tagged_still_verifies_after_rotation() {
        let tag = keyring("1").tag(Purpose::Cursor, b"x");
        assert!(keyring("2").verifies(Purpose::Cursor, b"x", &tag));
        assert!(keyring("2").verifies(Purpose::Cursor, b"x", &tag[..16]));
        assert!(!keyring("2").verifies(Purpose::Cursor, b"y", &tag));
        assert!(!keyring("2").verifies(Purpose::MailedToken, b"x", &tag));
        assert!(!keyring("2").verifies(Purpose::Cursor, b"x", b""));
    }

    #[test]
    fn a_keyring_does_not_show_its_keys() {
        assert!(!format!("{:?}", keyring("1")).contains("aaaa"));
    }
}
