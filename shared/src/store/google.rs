//! Accounts that sign in with Google.

use aws_sdk_dynamodb::types::AttributeValue;

use super::mailed_tokens::{RESET, VERIFICATION};
use super::sessions::next_sessions;
use super::update::Expression;
use super::users::{AccountWithSessions, Claim, account_row};
use super::{Permit, Refusal, Store, StoreError, Transaction, WriteError, keys, number, row, text};
use crate::domain::email::Email;
use crate::domain::mail::Mail;
use crate::domain::user::User;
use crate::id::UserId;

/// The accounts that a sign-in with Google may mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GoogleMatches {
    /// The account that is linked with the Google account.
    pub linked: Option<UserId>,
    /// The account of the same address.
    pub same_email: Option<UserId>,
}

impl Store {
    /// The accounts that a Google account's subject identifier and verified address lead to. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn google_matches(&self, subject: &str, email: Option<&Email>) -> Result<GoogleMatches, StoreError> {
        let google = keys::google_claim(subject);
        let mut matches = GoogleMatches::default();
        let claims = std::iter::once(google.clone()).chain(email.map(keys::email_claim)).collect();
        for item in self.batch_get(claims).await? {
            let is_google = item.get(keys::PK).and_then(|pk| pk.as_s().ok()).is_some_and(|pk| *pk == google.pk);
            let claim: Claim = serde_dynamo::from_item(item)?;
            let place = if is_google { &mut matches.linked } else { &mut matches.same_email };
            *place = Some(claim.user_id);
        }
        Ok(matches)
    }

    /// Creates an account that signs in with Google. 1 call.
    ///
    /// # Errors
    /// [`Refusal::EmailTaken`], [`Refusal::GoogleTaken`].
    pub async fn register_with_google(&self, permit: &Permit, user: &User) -> Result<(), WriteError> {
        let mut transaction = Transaction::new(permit, user.created_at)?;
        let mut absent = Expression::default();
        absent.require_absent(keys::PK);
        let claim = row(keys::email_claim(&user.email), &Claim { user_id: user.id })?;
        transaction.put(claim, &absent, Refusal::EmailTaken)?;
        transaction.claim_google(user.google_id.as_deref().unwrap_or_default(), user.id)?;
        transaction.put_new(account_row(user)?)?;
        self.transact(transaction).await
    }

    /// Links an account as it was read with the Google account of the same, verified address, and tells the user by
    /// mail. Where the account's own address was never verified, a stranger may have made it: its password and its
    /// sessions end. 1 call.
    ///
    /// # Errors
    /// [`Refusal::GoogleTaken`], [`Refusal::AccountChanged`].
    pub async fn link_google(
        &self,
        permit: &Permit,
        read: &AccountWithSessions,
        subject: &str,
        mail: &Mail,
    ) -> Result<(), WriteError> {
        let now = mail.created_at;
        let mut transaction = Transaction::new(permit, now)?;
        let mut change = next_sessions(read);
        change
            .set("googleId", text(subject))
            .set("authProvider", text("google"))
            .set("emailVerified", AttributeValue::Bool(true))
            .set("unverifiedReminderMails", number(0))
            .set("updatedAt", text(now.to_string()))
            .remove(VERIFICATION);
        if !read.user.email_verified {
            change.remove("passwordHash").remove(RESET).remove("knownAddresses").add("passwordVersion", 1);
            transaction.end_sessions(read.sessions.iter())?;
        }
        transaction.update(keys::account(read.user.id), &change, Refusal::AccountChanged)?;
        transaction.claim_google(subject, read.user.id)?;
        transaction.put_mail(mail)?;
        self.transact(transaction).await
    }
}

impl Transaction {
    fn claim_google(&mut self, subject: &str, user: UserId) -> Result<(), StoreError> {
        let mut absent = Expression::default();
        absent.require_absent(keys::PK);
        let claim = row(keys::google_claim(subject), &Claim { user_id: user })?;
        self.put(claim, &absent, Refusal::GoogleTaken)
    }
}
