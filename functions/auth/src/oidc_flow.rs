//! What a sign-in with Google must remember between leaving for the provider and coming back: in a cookie of the
//! browser that left, sealed so that only we can have made it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use shared::auth::keyring::{Keyring, Purpose};
use shared::clock::Timestamp;

/// How long the user may take at the provider.
pub const VALID: Duration = Duration::from_secs(10 * 60);

/// One sign-in with Google.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Comes back with the browser (RFC 6749 §10.12).
    pub state: String,
    /// Comes back in the ID token (OpenID Connect Core §3.1.2.1).
    pub nonce: String,
    /// Shows the provider that who redeems the code is who asked for it (RFC 7636).
    pub verifier: String,
    /// Until when, epoch seconds.
    pub expires_at: i64,
}

impl Flow {
    /// The cookie's value.
    pub fn seal(&self, keyring: &Keyring) -> String {
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default());
        let tag = URL_SAFE_NO_PAD.encode(keyring.tag(Purpose::OidcFlow, payload.as_bytes()));
        format!("{payload}.{tag}")
    }

    /// The flow of a cookie's value; `None` unless we sealed it and it is not too old.
    pub fn open(sealed: &str, keyring: &Keyring, now: Timestamp) -> Option<Self> {
        let (payload, tag) = sealed.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok().filter(|tag| tag.len() == Keyring::TAG_LENGTH)?;
        if !keyring.verifies(Purpose::OidcFlow, payload.as_bytes(), &tag) {
            return None;
        }
        let flow: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        (flow.expires_at > now.as_second()).then_some(flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> Keyring {
        Keyring::parse(r#"{"current":"1","1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).unwrap()
    }

    #[test]
    fn a_sealed_flow_opens_until_it_is_too_old_and_never_when_touched() {
        let now = test_support::clock::now();
        let text = |text: &str| text.to_owned();
        let expires_at = now.plus(VALID).as_second();
        let flow = Flow { state: text("s"), nonce: text("n"), verifier: text("v"), expires_at };
        let sealed = flow.seal(&keyring());
        assert_eq!(Flow::open(&sealed, &keyring(), now), Some(flow.clone()));
        assert_eq!(Flow::open(&sealed, &keyring(), now.plus(VALID)), None);
        let (payload, tag) = sealed.split_once('.').unwrap();
        let other = Flow { state: text("t"), ..flow }.seal(&keyring());
        let (other_payload, _) = other.split_once('.').unwrap();
        for forged in [format!("{other_payload}.{tag}"), format!("{payload}."), format!("{payload}.AAAA"), text("")] {
            assert_eq!(Flow::open(&forged, &keyring(), now), None, "{forged}");
        }
    }
}
