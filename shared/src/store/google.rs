//! Accounts that sign in with Google.

use super::mailboxes::SecurityNotice;
use super::row::Row;
use super::sessions::move_sessions;
use super::transact::Transaction;
use super::update::Expression;
use super::users::{AccountWithSessions, Claim, account_row, account_update};
use super::{Permit, Refusal, Store, StoreError, WriteError, keys};
use crate::domain::email::Email;
use crate::domain::google::{GoogleLink, SessionsAfterLink};
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
        let (google, email) = (keys::google_claim(subject), email.map(keys::email_claim));
        let wanted = std::iter::once(google.clone()).chain(email.clone()).collect();
        let mut rows = self.get_rows(wanted).await?;
        let linked = rows.take::<Claim>(&google)?.map(|claim| claim.user_id);
        let same_email = match &email {
            Some(email) => rows.take::<Claim>(email)?.map(|claim| claim.user_id),
            None => None,
        };
        Ok(GoogleMatches { linked, same_email })
    }

    /// Creates an account that signs in with Google. 1 call.
    ///
    /// # Errors
    /// [`Refusal::EmailTaken`], [`Refusal::GoogleTaken`].
    pub async fn register_with_google(&self, permit: &Permit, user: &User) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(user.created_at);
        let mut absent = Expression::default();
        absent.require_absent(keys::PK);
        let claim = Row::new(keys::email_claim(&user.email), &Claim { user_id: user.id });
        transaction.put(claim, absent, Refusal::EmailTaken);
        transaction.claim_google(user.google_id.as_deref().unwrap_or_default(), user.id);
        transaction.put_new(account_row(user));
        self.transact(transaction).await
    }

    /// Links an account as it was read with a Google account, and notifies its owner in the app and by mail. 1 call.
    ///
    /// # Errors
    /// [`Refusal::GoogleTaken`], [`Refusal::AccountChanged`].
    pub async fn link_google(
        &self,
        permit: &Permit,
        read: &AccountWithSessions,
        link: &GoogleLink,
        notice: &SecurityNotice,
    ) -> Result<(), WriteError> {
        let GoogleLink { user, sessions, .. } = link;
        let mut transaction = permit.transaction(user.updated_at);
        let mut change = move_sessions(account_update(&read.user, user), read);
        transaction.notify_of_security(notice, &mut change);
        transaction.update(keys::account(user.id), change, Refusal::AccountChanged);
        match sessions {
            SessionsAfterLink::Kept => {}
            SessionsAfterLink::Ended => transaction.end_sessions(read.sessions.iter()),
        }
        transaction.claim_google(user.google_id.as_deref().unwrap_or_default(), user.id);
        self.transact(transaction).await
    }
}

impl Transaction {
    fn claim_google(&mut self, subject: &str, user: UserId) {
        let mut absent = Expression::default();
        absent.require_absent(keys::PK);
        let claim = Row::new(keys::google_claim(subject), &Claim { user_id: user });
        self.put(claim, absent, Refusal::GoogleTaken);
    }
}
