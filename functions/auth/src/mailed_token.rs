//! Tokens that travel in mails: made for a verification mail, and read when they come back.

use serde_json::Value;
use shared::auth::keyring::Keyring;
use shared::auth::mailed::MailedToken;
use shared::clock::Timestamp;
use shared::domain::field::{Field, string};
use shared::domain::mail::{Mail, MailContent};
use shared::http::ApiError;
use shared::id::{TokenSeed, UserId};
use shared::inline_schema;

/// The mail that verifies a user's address, and the token that it will contain.
pub(crate) fn verification(keyring: &Keyring, user: UserId, now: Timestamp) -> Result<(Mail, MailedToken), ApiError> {
    let (seed, kid) = (TokenSeed::new(), keyring.current().to_owned());
    let token = MailedToken::derive(keyring, &kid, seed).ok_or_else(|| ApiError::internal("no current key"))?;
    Ok((Mail::new(user, MailContent::Verification { seed, kid }, now), token))
}

/// A token as a request presents it. It may be none of ours.
pub(crate) struct PresentedToken(String);

impl PresentedToken {
    pub(crate) fn as_str(&self) -> &str {
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
