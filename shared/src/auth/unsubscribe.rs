//! Links in mails that end a category of mail without a login (RFC 8058): signed, so that nobody makes one for others.
//! They last as long as the key that signed them is in the secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::keyring::{Keyring, Purpose};
use crate::domain::mail::MailCategory;
use crate::id::UserId;

/// Bytes of the tag: 128 bits.
const TAG_LENGTH: usize = 16;
/// Longer than any token.
const LONGEST: usize = 200;

/// What an unsubscribe link is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub user: UserId,
    pub category: MailCategory,
}

impl Subscription {
    /// The token of its link.
    pub fn to_token(self, keyring: &Keyring) -> String {
        let body = self.body();
        let tag = keyring.tag(Purpose::Unsubscribe, body.as_bytes());
        let mut bytes = tag.get(..TAG_LENGTH).unwrap_or(&tag).to_vec();
        bytes.extend_from_slice(body.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token; `None` for any that was not given out.
    pub fn from_token(token: &str, keyring: &Keyring) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (tag, body) = bytes.split_at_checked(TAG_LENGTH)?;
        if !keyring.verifies(Purpose::Unsubscribe, body, tag) {
            return None;
        }
        let (user, category) = str::from_utf8(body).ok()?.split_once(' ')?;
        Some(Self { user: UserId::parse(user).ok()?, category: MailCategory::from_word(category)? })
    }

    fn body(self) -> String {
        format!("{} {}", self.user, self.category.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::keyring;

    #[test]
    fn a_token_is_read_back_and_a_changed_one_is_none() {
        let subscription = Subscription { user: UserId::new(), category: MailCategory::Digest };
        let token = subscription.to_token(&keyring());
        assert_eq!(Subscription::from_token(&token, &keyring()), Some(subscription));
        let other = Subscription { category: MailCategory::Reminders, ..subscription }.to_token(&keyring());
        assert_ne!(token, other);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_ne!(Subscription::from_token(&changed, &keyring()), Some(subscription), "{changed}");
        }
        for bad in ["", "x", "AAAA", &"A".repeat(300)] {
            assert_eq!(Subscription::from_token(bad, &keyring()), None);
        }
    }

    #[test]
    fn a_tag_of_another_purpose_is_no_token() {
        let subscription = Subscription { user: UserId::new(), category: MailCategory::Digest };
        let body = subscription.body();
        let mut bytes = keyring().tag(Purpose::Cursor, body.as_bytes())[..TAG_LENGTH].to_vec();
        bytes.extend_from_slice(body.as_bytes());
        assert_eq!(Subscription::from_token(&URL_SAFE_NO_PAD.encode(bytes), &keyring()), None);
    }
}
