//! Tokens and codes that travel in mails: derived from a random seed under a managed key, so that neither the table nor a
//! queue ever holds one. The table holds a SHA-256 to look one up by.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::keyring::{Keyring, Purpose, hmac_sha256, sha256_hex};
use crate::domain::field::{Field, string};
use crate::id::TokenSeed;
use crate::inline_schema;

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

/// A token as a request presents it. It may be none of ours.
pub struct PresentedToken(String);

impl PresentedToken {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Field for PresentedToken {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?.trim();
        if text.is_empty() {
            return Err(format!("{label} is required"));
        }
        Ok(Self(text.to_owned()))
    }
}

inline_schema!(PresentedToken, { "type": "string", "minLength": 1 });

/// The code of a login: six digits.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginCode(String);

impl LoginCode {
    /// How many digits.
    pub const DIGITS: usize = 6;

    /// The code of `seed` under the key `kid`; `None` when that key was taken out of the secret.
    pub fn derive(keyring: &Keyring, kid: &str, seed: TokenSeed) -> Option<Self> {
        let key = keyring.derive(kid, Purpose::LoginCode)?;
        let [a, b, c, d, e, f, g, h, ..] = hmac_sha256(&key, seed.to_string().as_bytes());
        // 64 bits make the remainder's bias less than one in ten million million.
        let number = u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 1_000_000;
        Some(Self(format!("{number:06}")))
    }

    /// The digits, for the mail.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `typed` is this code, compared in constant time.
    pub fn is(&self, typed: &str) -> bool {
        self.0.as_bytes().ct_eq(typed.as_bytes()).into()
    }
}

impl std::fmt::Debug for LoginCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginCode(…)")
    }
}

impl std::fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PresentedToken(…)")
    }
}

impl std::fmt::Debug for MailedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailedToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keyring() -> Keyring {
        Keyring::parse(r#"{"current":"1","1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).unwrap()
    }

    proptest! {
        #[test]
        fn a_code_is_six_digits_and_only_itself(_seed in 0u8..64) {
            let code = LoginCode::derive(&keyring(), "1", TokenSeed::new()).unwrap();
            prop_assert_eq!(code.expose().len(), LoginCode::DIGITS);
            prop_assert!(code.expose().bytes().all(|digit| digit.is_ascii_digit()));
            prop_assert!(code.is(code.expose()));
            let longer = format!("{}0", code.expose());
            prop_assert!(!code.is("") && !code.is(&longer));
        }
    }

    #[test]
    fn codes_spread_over_all_first_digits() {
        let first = |code: LoginCode| code.expose().chars().next();
        let derive = || LoginCode::derive(&keyring(), "1", TokenSeed::new()).unwrap();
        let seen: std::collections::HashSet<_> = (0..500).map(|_| first(derive())).collect();
        assert_eq!(seen.len(), 10);
    }

    #[test]
    fn without_its_key_nothing_is_derived() {
        assert!(LoginCode::derive(&keyring(), "2", TokenSeed::new()).is_none());
        assert!(MailedToken::derive(&keyring(), "2", TokenSeed::new()).is_none());
    }
}
