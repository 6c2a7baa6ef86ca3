//! Tokens that were sent by mail, known by their hashes.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::mailboxes::{AddressedMail, SecurityNotice};
use super::row::Row;
use super::sessions::{KNOWN_ADDRESSES, next_password};
use super::transact::Write;
use super::update::Expression;
use super::users::{AccountWithSessions, RESET, VERIFICATION};
use super::{Permit, Refusal, Store, StoreError, WriteError, keys, text};
use crate::auth::keyring::sha256_hex;
use crate::auth::mailed::MailedToken;
use crate::clock::Timestamp;
use crate::domain::mail::{RESET_VALID, VERIFICATION_VALID};
use crate::domain::password::PasswordHash;
use crate::domain::user::User;
use crate::id::UserId;

/// What a mailed token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenUse {
    /// Prove that an address is the user's.
    VerifyEmail,
    /// Set a new password.
    ResetPassword,
    /// Fetch an export.
    FetchExport,
}

/// A reset: the token that allows it, and what it sets.
#[derive(Clone, Copy, Debug)]
pub struct PasswordReset<'a> {
    /// The token, as it came back.
    pub token: &'a str,
    /// Hash of the new password.
    pub hash: &'a PasswordHash,
    /// Keyed hash of the network address that resets the password: the only known one from now on.
    pub address: &'a str,
    /// The notice.
    pub notice: &'a SecurityNotice,
    /// When it is done.
    pub at: Timestamp,
}

/// Why a reset is not issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetRefusal {
    /// The same mail was sent before.
    AlreadyIssued,
    /// The account is gone.
    NoAccount,
}

impl TokenUse {
    /// How long the row outlives the token, so that a late one can be told from an unknown one.
    fn remembered(self) -> Duration {
        match self {
            Self::VerifyEmail | Self::FetchExport => Duration::ZERO,
            Self::ResetPassword => Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// The row of a mailed token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRow {
    /// Whose.
    pub user_id: UserId,
    /// What it may do.
    #[serde(rename = "use")]
    pub token_use: TokenUse,
    /// Until when, epoch seconds; where it is missing, until the row expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<i64>,
    /// The password's version that the token ends with, if it ends with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) password_version: Option<u64>,
    expires_at: i64,
}

impl TokenRow {
    /// The row of a token that works until `valid_until`.
    pub(super) fn new(user: UserId, token_use: TokenUse, valid_until: Timestamp) -> Self {
        Self {
            user_id: user,
            token_use,
            valid_until: Some(valid_until.as_second()),
            password_version: None,
            expires_at: valid_until.plus(token_use.remembered()).as_second(),
        }
    }

    /// The same, but the token ends with this version of the password.
    pub(super) fn until_password_changes(self, password_version: Option<u64>) -> Self {
        Self { password_version, ..self }
    }

    /// Whether the token still works, had it not been used or replaced.
    pub fn is_in_time(&self, now: Timestamp) -> bool {
        self.valid_until.unwrap_or(self.expires_at) > now.as_second()
    }
}

impl Store {
    /// What is known of a token that came back, if it was sent for this use; it may be too old. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn mailed_token(&self, token: &str, token_use: TokenUse) -> Result<Option<TokenRow>, StoreError> {
        let found: Option<TokenRow> = self.get(keys::mailed_token(&sha256_hex(token.as_bytes()))).await?;
        Ok(found.filter(|row| row.token_use == token_use))
    }

    /// The user whose address a token verifies, if it is one and within its time. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn user_of_verification(&self, token: &str, now: Timestamp) -> Result<Option<UserId>, StoreError> {
        let found = self.mailed_token(token, TokenUse::VerifyEmail).await?;
        Ok(found.filter(|row| row.is_in_time(now)).map(|row| row.user_id))
    }

    /// Uses a token up: the user's address is verified. 1 call.
    ///
    /// # Errors
    /// [`Refusal::TokenVoid`] when it was used, or a newer one was sent.
    pub async fn verify_email(
        &self,
        permit: &Permit,
        user: UserId,
        token: &str,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let hash = sha256_hex(token.as_bytes());
        let mut transaction = permit.transaction(now);
        let mut change = Expression::default();
        change
            .verify_address()
            .set("updatedAt", text(now.to_string()))
            .require_equal(VERIFICATION, text(hash.as_str()));
        transaction.update(keys::account(user), change, Refusal::TokenVoid);
        transaction.remove(keys::mailed_token(&hash));
        self.transact(transaction).await
    }

    /// Sends the mail that verifies an address again; tokens sent before are void. Where the mailbox has had its mails, nothing
    /// is sent and no token is void. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when the account is gone.
    pub async fn resend_verification(
        &self,
        permit: &Permit,
        user: &User,
        mail: &AddressedMail,
        token: &MailedToken,
    ) -> Result<(), WriteError> {
        let now = mail.mail.created_at;
        let mut transaction = permit.transaction(now);
        let mut change = Expression::default();
        change.set(VERIFICATION, text(token.hash())).require_row();
        let newest = Write::update(keys::account(user.id), change, Refusal::AccountChanged);
        transaction.post(mail, vec![newest, verification_token(user.id, token, now)]);
        self.transact(transaction).await
    }

    /// Sends the mail that sets a new password, once for each mail id; tokens sent before are void. Where the mailbox has had
    /// its mails, nothing is sent and no token is void. 1 call.
    ///
    /// # Errors
    /// A [`ResetRefusal`].
    pub async fn issue_reset(
        &self,
        permit: &Permit,
        mail: &AddressedMail,
        token: &MailedToken,
    ) -> Result<(), WriteError<ResetRefusal>> {
        let (user, now) = (mail.mail.user_id, mail.mail.created_at);
        let mut transaction = permit.transaction(now);
        let mut change = Expression::default();
        change.set(RESET, text(token.hash())).require_row();
        let newest = Write::update(keys::account(user), change, ResetRefusal::NoAccount);
        let row = TokenRow::new(user, TokenUse::ResetPassword, now.plus(RESET_VALID));
        transaction.post_once(mail, ResetRefusal::AlreadyIssued, vec![newest, token_write(token, &row)]);
        self.transact(transaction).await
    }

    /// Uses a token up: sets an account's password as it was read, ends all its sessions, forgets the network addresses that
    /// signed in before, and tells the user in the app and by mail. Who has the token reads the address's mail, so the address is verified.
    /// 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when a session was opened, the password changed or another token was sent
    /// meanwhile.
    pub async fn reset_password(
        &self,
        permit: &Permit,
        read: &AccountWithSessions,
        PasswordReset { token, hash, address, notice, at }: PasswordReset<'_>,
    ) -> Result<(), WriteError> {
        let token_hash = sha256_hex(token.as_bytes());
        let mut transaction = permit.transaction(at);
        let mut change = next_password(read, hash, at);
        change
            .verify_address()
            .set(KNOWN_ADDRESSES, AttributeValue::L(vec![text(address)]))
            .remove("loginsBlockedAt")
            .require_equal(RESET, text(token_hash.as_str()));
        transaction.notify_of_security(notice, &mut change);
        transaction.update(keys::account(read.user.id), change, Refusal::AccountChanged);
        transaction.remove(keys::mailed_token(&token_hash));
        transaction.end_sessions(read.sessions.iter());
        self.transact(transaction).await
    }
}

impl Expression {
    /// The address is verified: the user has read a mail to it. Mail to it goes out again, and tokens that were to verify it
    /// are void.
    pub(super) fn verify_address(&mut self) -> &mut Self {
        self.set("emailVerified", AttributeValue::Bool(true)).remove(VERIFICATION).remove("mailStopped")
    }
}

/// Puts a token in place that verifies an address.
pub(super) fn verification_token<R>(user: UserId, token: &MailedToken, now: Timestamp) -> Write<R> {
    token_write(token, &TokenRow::new(user, TokenUse::VerifyEmail, now.plus(VERIFICATION_VALID)))
}

/// Puts a mailed token in place.
pub(super) fn token_write<R>(token: &MailedToken, row: &TokenRow) -> Write<R> {
    Write::put_new(Row::new(keys::mailed_token(&token.hash()), row))
}
