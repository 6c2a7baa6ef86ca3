//! Tokens that travel in mails: derived from a random seed under a managed key, so that neither the table nor a
//! queue ever holds one. The table holds a SHA-256 to look one up by.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::keyring::{Keyring, Purpose, hmac_sha256, sha256_hex};
use crate::id::TokenSeed;

/// A mailed token: 256 bits, base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct MailedToken(String);

impl MailedToken {
    /// The token of `seed` under the key `kid`; `None` when that key was taken out of the secret.
    pub fn derive(keyring: &Keyring, kid: &str, seed: TokenSeed) -> Option<Self> {
        let key = keyring.derive(kid, Purpose::MailedToken)?;
        Some(Self(URL_SAFE_NO_PAD.encode(hmac_sha256(&key, seed.to_string().as_bytes()))))
    }

    /// The token, for the link in the mail.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the table knows it by.
    pub fn hash(&self) -> String {
        sha256_hex(self.0.as_bytes())
    }
}

impl std::fmt::Debug for MailedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailedToken(…)")
    }
}
