//! The mail that verifies an address.

use shared::auth::keyring::Keyring;
use shared::auth::mailed::MailedToken;
use shared::clock::Timestamp;
use shared::domain::mail::{Mail, MailContent};
use shared::http::ApiError;
use shared::id::{TokenSeed, UserId};

/// The mail that verifies a user's address, and the token that it will contain.
pub(crate) fn verification(keyring: &Keyring, user: UserId, now: Timestamp) -> Result<(Mail, MailedToken), ApiError> {
    let (seed, kid) = (TokenSeed::new(), keyring.current().to_owned());
    let token = MailedToken::derive(keyring, &kid, seed).ok_or_else(|| ApiError::internal("no current key"))?;
    Ok((Mail::new(user, MailContent::Verification { seed, kid }, now), token))
}
