//! Tokens that were sent by mail, known by their hashes.

use serde::{Deserialize, Serialize};

use super::update::Expression;
use super::{Permit, Refusal, Store, StoreError, Transaction, WriteError, keys, number, row, text};
use crate::auth::keyring::sha256_hex;
use crate::auth::mailed::MailedToken;
use crate::clock::Timestamp;
use crate::domain::mail::{Mail, VERIFICATION_VALID};
use crate::domain::user::User;
use crate::id::UserId;

/// What a mailed token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TokenUse {
    /// Prove that an address is the user's.
    VerifyEmail,
}

/// The row of a mailed token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenRow {
    user_id: UserId,
    #[serde(rename = "use")]
    token_use: TokenUse,
    expires_at: i64,
}

impl Store {
    /// The user whose address a token verifies, if it is one and within its time. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn user_of_verification(&self, token: &str, now: Timestamp) -> Result<Option<UserId>, StoreError> {
        let found: Option<TokenRow> = self.get(keys::mailed_token(&sha256_hex(token.as_bytes()))).await?;
        let valid = found.filter(|row| row.token_use == TokenUse::VerifyEmail && row.expires_at > now.as_second());
        Ok(valid.map(|row| row.user_id))
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
        let mut transaction = Transaction::new(permit, now)?;
        let mut change = Expression::default();
        change
            .set("emailVerified", aws_sdk_dynamodb::types::AttributeValue::Bool(true))
            .set("unverifiedReminderMails", number(0))
            .set("updatedAt", text(now.to_string()))
            .remove(VERIFICATION)
            .remove("mailStopped")
            .require_equal(VERIFICATION, text(hash.as_str()));
        transaction.update(keys::account(user), &change, Refusal::TokenVoid)?;
        transaction.delete(keys::mailed_token(&hash), &Expression::default(), Refusal::TokenVoid)?;
        self.transact(transaction).await
    }

    /// Sends the mail that verifies an address anew; tokens sent before are void. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when the account is gone.
    pub async fn resend_verification(
        &self,
        permit: &Permit,
        user: &User,
        mail: &Mail,
        token: &MailedToken,
    ) -> Result<(), WriteError> {
        let now = mail.created_at;
        let mut transaction = Transaction::new(permit, now)?;
        let mut change = Expression::default();
        change.set(VERIFICATION, text(token.hash())).require_row();
        transaction.update(keys::account(user.id), &change, Refusal::AccountChanged)?;
        transaction.put_verification(user.id, token, mail, now)?;
        self.transact(transaction).await
    }
}

/// The attribute of the account that names the token which verifies its address.
const VERIFICATION: &str = "verificationHash";

impl Transaction {
    /// Puts a verification mail on its way, and its token in place.
    pub(crate) fn put_verification(
        &mut self,
        user: UserId,
        token: &MailedToken,
        mail: &Mail,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let expires_at = now.plus(VERIFICATION_VALID).as_second();
        let token_row = TokenRow { user_id: user, token_use: TokenUse::VerifyEmail, expires_at };
        self.put_new(row(keys::mailed_token(&token.hash()), &token_row)?)?;
        self.put_mail(mail)
    }
}
