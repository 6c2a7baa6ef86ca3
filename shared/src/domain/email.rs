//! E-mail addresses.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::domain::field::{Field, string};
use crate::inline_schema;

/// An e-mail address as it is stored and compared: trimmed, NFC, lower case.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Most octets of an address that a mail server must take (RFC 5321 §4.5.3.1.3, less the brackets).
    pub const MAX: usize = 254;
    /// Most octets before the `@` (RFC 5321 §4.5.3.1.1).
    const LOCAL_MAX: usize = 64;

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads an address: one `@`, a dotted domain, nothing that could end a header line or start a display name.
    pub fn parse(text: &str) -> Option<Self> {
        let address: String = text.trim().nfc().collect::<String>().to_lowercase().nfc().collect();
        let (local, domain) = address.rsplit_once('@')?;
        let good = address.len() <= Self::MAX && is_local_part(local) && is_domain(domain);
        good.then_some(Self(address))
    }
}

/// RFC 5321's unquoted local part, with RFC 6531's letters beyond ASCII.
fn is_local_part(local: &str) -> bool {
    let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let atext = |c: char| c.is_alphanumeric() || c == '.' || "!#$%&'*+/=?^_`{|}~-".contains(c);
    !local.is_empty() && local.len() <= Email::LOCAL_MAX && dots && local.chars().all(atext)
}

fn is_domain(domain: &str) -> bool {
    const LABEL_MAX: usize = 63;
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_MAX
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

impl Field for Email {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?;
        if text.trim().is_empty() {
            return Err(format!("{label} is required"));
        }
        Self::parse(text).ok_or_else(|| format!("{label} must be a valid email"))
    }
}

inline_schema!(Email, {"type": "string", "format": "email", "maxLength": 254});

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_trimmed_and_lower_cased_beyond_ascii() {
        assert_eq!(Email::parse("  Ünal@Example.COM ").unwrap().as_str(), "ünal@example.com");
    }

    #[test]
    fn what_could_break_a_header_or_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(243));
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@b",
            "a b@example.com",
            "a@exa mple.com",
            "a@example..com",
            ".a@example.com",
            "a..b@example.com",
            "a@-example.com",
            "Name <a@example.com>",
            "a@example.com,b@example.com",
            "a\r\nBcc: x@example.com",
            "\"a\"@example.com",
            "a@example.com\u{0}",
            "a@b@example.com",
            &long,
        ] {
            assert!(Email::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_does_not_show_in_debug_output() {
        let email = Email::parse("someone@example.com").unwrap();
        assert!(!format!("{email:?}").contains("someone"));
    }

    proptest! {
        #[test]
        fn reading_an_address_twice_changes_nothing(text in "\\PC{1,20}@\\PC{1,10}\\.[a-zA-Z]{2,5}") {
            if let Some(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email);
            }
        }
    }
}
