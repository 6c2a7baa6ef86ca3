//! Passwords: as typed, and as they are kept.

use std::fmt;
use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::domain::breached::is_breached;
use crate::domain::email::Email;
use crate::domain::field::{BodyContext, Field, FieldError, FieldIn, string};
use crate::domain::user::PersonName;
use crate::inline_schema;

/// A password, on its way to being hashed or compared. Never stored, never shown.
#[derive(Clone)]
pub struct Password {
    composed: String,
    typed: String,
}

impl Password {
    /// Most characters, so that hashing stays bounded.
    pub const MAX: usize = 128;

    /// The characters, composed: what our hashes are made from.
    pub fn expose(&self) -> &str {
        &self.composed
    }

    /// The characters as they were sent: what hashes of the original are made from.
    pub fn expose_typed(&self) -> &str {
        &self.typed
    }

    /// Checks a new password against the policy.
    ///
    /// # Errors
    /// Every rule that it breaks, as one sentence.
    pub fn check_new(&self, label: &str, min_length: NonZeroU8) -> Result<(), String> {
        let count = self.composed.chars().count();
        let min = usize::from(min_length.get());
        if count < min {
            return Err(format!("{label} must be at least {min} characters"));
        }
        let has = |test: fn(char) -> bool| self.composed.chars().any(test);
        if !has(char::is_lowercase) || !has(char::is_uppercase) || !has(|c| c.is_ascii_digit()) {
            return Err(format!("{label} must contain a lower-case letter, an upper-case letter and a digit"));
        }
        if self.is_made_of(PRODUCT) {
            return Err(format!("{label} must not be the product's name"));
        }
        if is_breached(&self.composed) {
            return Err(format!("{label} is too common: it appears in lists of leaked passwords"));
        }
        Ok(())
    }
}

impl Password {
    /// Whether its letters are those of `word` and nothing else, in any case: digits and signs around a name do not hide it.
    fn is_made_of(&self, word: &str) -> bool {
        let letters =
            |text: &str| text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect::<String>();
        let (own, word) = (letters(&self.composed), letters(word));
        !word.is_empty() && own == word
    }
}

/// Nobody's password: a guess that every attacker makes.
const PRODUCT: &str = "Spacedly";

impl Field for Password {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?;
        if text.is_empty() {
            return Err(format!("{label} is required"));
        }
        if text.chars().count() > Self::MAX {
            return Err(format!("{label} cannot exceed {} characters", Self::MAX));
        }
        // Composed, so that the same password typed on another keyboard compares equal (RFC 8265 §4.2).
        Ok(Self { composed: text.nfc().collect(), typed: text.to_owned() })
    }
}

inline_schema!(Password, {"type": "string", "format": "password", "minLength": 1, "maxLength": Self::MAX});

/// A new password, which meets the policy.
#[derive(Clone, Debug)]
pub struct NewPassword(pub Password);

impl FieldIn for NewPassword {
    fn read_in(label: &str, value: &Value, context: &BodyContext) -> Result<Self, String> {
        let password = Password::read(label, value)?;
        password.check_new(label, context.password_min_length)?;
        Ok(Self(password))
    }
}

impl NewPassword {
    /// Checks that it is not its user's name or address, which only whoever knows the user can. `field` names it in the body.
    ///
    /// # Errors
    /// It is.
    pub fn check_owner(
        &self,
        field: &'static str,
        label: &str,
        name: &PersonName,
        email: &Email,
    ) -> Result<(), Vec<FieldError>> {
        let local = email.as_str().split_once('@').map_or("", |(local, _)| local);
        let is_owner = [name.as_str(), email.as_str(), local].into_iter().any(|word| self.0.is_made_of(word));
        let message = format!("{label} must not be your name or email address");
        if is_owner { Err(vec![FieldError::new(field, message)]) } else { Ok(()) }
    }
}

inline_schema!(NewPassword, { "type": "string", "format": "password", "minLength": 1, "maxLength": Password::MAX });

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password's hash in PHC string format, or the `$2a$`/`$2b$` form of bcrypt for accounts of the original.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a hash's text.
    pub fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// The hash's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_password_needs_its_length_and_its_kinds_of_characters() {
        let min = NonZeroU8::new(6).unwrap();
        let check = |text: &str| Password::read("Password", &json!(text)).and_then(|p| p.check_new("Password", min));
        assert!(check("Meadow-42-lark").is_ok());
        assert!(check("Pässwörd-42").is_ok());
        for bad in ["", "Pa1", "password-42", "PASSWORD-42", "Password", "Password1", "pAssw0rd", &"Aa1".repeat(50)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nobody_s_password_is_the_product_their_name_or_their_address() {
        let min = NonZeroU8::new(6).unwrap();
        let read = |text: &str| NewPassword(Password::read("Password", &json!(text)).unwrap());
        assert!(read("Spacedly-2026").0.check_new("Password", min).is_err());
        assert!(read("Spacedly-meadow-1").0.check_new("Password", min).is_ok());
        let name = PersonName::read("Name", &json!("Zoë O'Connor")).unwrap();
        let email = Email::parse("zoe.lark@example.com").unwrap();
        let check = |text: &str| read(text).check_owner("password", "Password", &name, &email);
        for bad in ["Zoë-OConnor-1", "zoëoconnoR7", "Zoe.Lark1", "Zoe.lark@example.com1", "ZoeLark99"] {
            assert_eq!(check(bad).unwrap_err()[0].field, "password", "{bad}");
        }
        for good in ["Zoë-OConnor-lark-1", "Meadow-42-lark", "Lark-77"] {
            assert!(check(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_password_does_not_show_in_debug_output() {
        let password = Password::read("Password", &json!("Secret123")).unwrap();
        assert!(!format!("{password:?}").contains("Secret123"));
    }
}
