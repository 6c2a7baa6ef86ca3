//! Addresses that earlier versions stored and claimed as they were typed, for operators: brought into their canonical form,
//! and back.

use serde::Deserialize;

use super::keys;
use super::replay::Mode;
use super::row::Row;
use super::update::Expression;
use super::{Permit, Refusal, Store, WriteError, text};
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::id::UserId;

/// What an account's address is, or became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressOutcome {
    /// It has the form that is wanted, or there is no account.
    Unchanged,
    /// It was brought into that form, or would be.
    Changed {
        /// Rows written.
        rows: u64,
    },
    /// Another account has claimed the other form: both are of one mailbox. The account was left as it is.
    Taken,
    /// Mail cannot be delivered to it in any form. The account was left as it is.
    Undeliverable,
}

/// What is read of an account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddressRow {
    email: Email,
    #[serde(default)]
    email_before: Option<Email>,
}

/// The address that [`Store::canonicalize_address`] replaced.
const BEFORE: &str = "emailBefore";

impl Store {
    /// Brings the address of an account into its canonical form: in the account, in its claim and in its sessions. Doing it
    /// again changes nothing. 2 reads, and 1 transaction where it changes something.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when the account or a session changed in the meantime.
    pub async fn canonicalize_address(
        &self,
        permit: &Permit,
        user: UserId,
        mode: Mode,
        now: Timestamp,
    ) -> Result<AddressOutcome, WriteError> {
        let Some(row) = self.get::<AddressRow>(keys::account(user)).await? else {
            return Ok(AddressOutcome::Unchanged);
        };
        let Ok(canonical) = Email::parse(row.email.as_str()) else {
            return Ok(AddressOutcome::Undeliverable);
        };
        let mut change = Expression::default();
        change.set(BEFORE, text(row.email.as_str()));
        self.move_address(permit, user, (&row.email, &canonical), change, mode, now).await
    }

    /// Gives an account the address back that it had before [`Self::canonicalize_address`]. Calls as there.
    ///
    /// # Errors
    /// As there.
    pub async fn restore_address(
        &self,
        permit: &Permit,
        user: UserId,
        now: Timestamp,
    ) -> Result<AddressOutcome, WriteError> {
        let row = self.get::<AddressRow>(keys::account(user)).await?;
        let Some(AddressRow { email, email_before: Some(before) }) = row else {
            return Ok(AddressOutcome::Unchanged);
        };
        let mut change = Expression::default();
        change.remove(BEFORE);
        self.move_address(permit, user, (&email, &before), change, Mode::Repair, now).await
    }

    /// Moves the claim and changes the account, with `change`, and its sessions.
    async fn move_address(
        &self,
        permit: &Permit,
        user: UserId,
        (from, to): (&Email, &Email),
        mut change: Expression,
        mode: Mode,
        now: Timestamp,
    ) -> Result<AddressOutcome, WriteError> {
        if from == to {
            return Ok(AddressOutcome::Unchanged);
        }
        let (old, new) = (keys::email_claim(from), keys::email_claim(to));
        let wanted = vec![old.clone(), new.clone()];
        let (claims, account) = futures::join!(self.get_rows(wanted), self.account_with_sessions(user, now));
        let (mut claims, sessions) = (claims?, account?.map(|account| account.sessions).unwrap_or_default());
        if claims.take_item(&new).is_some() {
            return Ok(AddressOutcome::Taken);
        }
        let claim = claims.take_item(&old).ok_or(WriteError::Refused(Refusal::AccountChanged))?;
        let rows = 3 + sessions.len() as u64;
        if mode == Mode::Compare {
            return Ok(AddressOutcome::Changed { rows });
        }
        let mut transaction = permit.transaction(now);
        let mut absent = Expression::default();
        absent.require_absent(keys::PK);
        transaction.put(Row::of_attributes(new, claim), absent, Refusal::EmailTaken);
        let mut own = Expression::default();
        own.require_equal("userId", text(user.to_string()));
        transaction.delete(old, own, Refusal::AccountChanged);
        change.set(EMAIL, text(to.as_str())).require_equal(EMAIL, text(from.as_str()));
        transaction.update(keys::account(user), change, Refusal::AccountChanged);
        for session in &sessions {
            let mut change = Expression::default();
            change.set(EMAIL, text(to.as_str())).require_row();
            transaction.update(keys::session(user, session.id), change, Refusal::AccountChanged);
        }
        match self.transact(transaction).await {
            Err(WriteError::Refused(Refusal::EmailTaken)) => Ok(AddressOutcome::Taken),
            moved => moved.map(|()| AddressOutcome::Changed { rows }),
        }
    }
}

const EMAIL: &str = "email";
