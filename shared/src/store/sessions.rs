//! Sessions.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::error::Refuse;
use super::error::failed;
use super::keys::Key;
use super::mailboxes::SecurityNotice;
use super::permit::alive;
use super::row::Row;
use super::row_set::RowSet;
use super::transact::{Transaction, past_transactions};
use super::update::Expression;
use super::users::{AccountWithSessions, RESET};
use super::{Permit, ReadError, Refusal, Store, StoreError, WriteError, key_item, keys, number, text};
use crate::auth::challenge::Challenge;
use crate::auth::session::{MAX_SESSIONS, Session, SessionState};
use crate::clock::Timestamp;
use crate::domain::password::PasswordHash;
use crate::domain::user::User;
use crate::id::{SessionId, UserId};

/// A login: the session that it opens, and what it rests on.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    /// The session.
    pub session: &'a Session,
    /// The account and its sessions as they were read.
    pub read: &'a AccountWithSessions,
    /// Keyed hash of the network address that signs in: a known one from now on.
    pub address: &'a str,
    /// A new hash of the same password, where the stored one is outdated.
    pub rehash: Option<&'a PasswordHash>,
    /// The challenge that was met, which is used up.
    pub challenge: Option<&'a Challenge>,
}

impl Store {
    /// Checks that the permit's session is alive, where a request turns out to write nothing. 1 call, none without a session.
    ///
    /// # Errors
    /// [`WriteError::SessionEnded`].
    pub async fn check_session(&self, permit: &Permit, now: Timestamp) -> Result<(), WriteError> {
        let Some((user, session)) = permit.session() else { return Ok(()) };
        let session = self.session(user, session).await?;
        if session.is_some_and(|session| session.is_alive(now)) { Ok(()) } else { Err(WriteError::SessionEnded) }
    }

    /// Ends a request that changes nothing: checks its session, and keeps its answer if it has an `Idempotency-Key`. 1 call.
    ///
    /// # Errors
    /// [`WriteError::SessionEnded`], [`WriteError::Repeated`], or the table failed.
    pub async fn write_nothing(&self, permit: &Permit, now: Timestamp) -> Result<(), WriteError> {
        match permit.once() {
            Some(_) => self.transact(permit.transaction(now)).await,
            None => self.check_session(permit, now).await,
        }
    }

    /// Opens a session, ending the oldest ones beyond the limit. A challenge that was met verifies the address. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when another session was opened or the password changed meanwhile,
    /// [`Refusal::ChallengeOver`] when the challenge was met by another request or has a new code.
    pub async fn open_session(&self, permit: &Permit, sign_in: SignIn<'_>) -> Result<(), WriteError> {
        let SignIn { session, read, address, rehash, challenge } = sign_in;
        let mut transaction = permit.transaction(session.created_at);
        let mut change = next_sessions(read);
        if let Some(addresses) = read.user.addresses_with(address) {
            let addresses = addresses.into_iter().map(text).collect();
            change.set(KNOWN_ADDRESSES, AttributeValue::L(addresses));
        }
        if let Some(hash) = rehash {
            change.set("passwordHash", text(hash.as_str()));
        }
        if challenge.is_some() {
            // The code came by mail.
            change.verify_address();
        }
        transaction.update(keys::account(session.user_id), change, Refusal::AccountChanged);
        transaction.put_new(Row::new(keys::session(session.user_id, session.id), session));
        let surplus = (read.sessions.len() + 1).saturating_sub(MAX_SESSIONS);
        transaction.end_sessions(read.sessions.iter().take(surplus));
        if let Some(challenge) = challenge {
            transaction.use_up(challenge);
        }
        self.transact(transaction).await
    }

    /// A session, alive or not. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn session(&self, user: UserId, session: SessionId) -> Result<Option<Session>, StoreError> {
        self.get(keys::session(user, session)).await
    }

    /// A session, alive or not, with its account; `None` when either is gone. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn session_with_account(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let (session, account) = (keys::session(user, session), keys::account(user));
        let mut rows = self.get_rows(vec![session.clone(), account.clone()]).await?;
        Ok(rows.take(&session)?.zip(rows.take(&account)?))
    }

    /// Reads rows for a session that must be alive, at the price of one row more. 1 call.
    ///
    /// # Errors
    /// [`ReadError::SessionEnded`], or the table failed.
    pub(super) async fn rows_in_session(
        &self,
        (user, session): (UserId, SessionId),
        mut wanted: Vec<Key>,
        now: Timestamp,
    ) -> Result<RowSet, ReadError> {
        let own = keys::session(user, session);
        wanted.push(own.clone());
        let mut rows = self.get_rows(wanted).await?;
        let session: Option<Session> = rows.take(&own)?;
        if session.is_some_and(|session| session.is_alive(now)) { Ok(rows) } else { Err(ReadError::SessionEnded) }
    }

    /// Stores a session whose refresh token was rotated from `read_generation`. 1 call.
    ///
    /// # Errors
    /// [`Refusal::SessionChanged`] when it was rotated or ended meanwhile.
    pub async fn rotate_session(
        &self,
        permit: &Permit,
        session: &Session,
        read_generation: u32,
    ) -> Result<(), WriteError> {
        let mut change = Expression::default();
        change
            .set("generation", number(session.generation))
            .set("refreshHash", text(session.refresh_hash.as_str()))
            .set("kid", text(session.kid.as_str()))
            .set("refreshedAt", text(session.refreshed_at.to_string()))
            .set(keys::EXPIRES_AT, number(session.expires_at))
            .require_equal("generation", number(read_generation));
        let key = keys::session(session.user_id, session.id);
        self.update_row(permit, key, change, Refusal::SessionChanged).await
    }

    /// Ends a session whose token was stolen. Writes one attribute only, which is all that the routes that call it may
    /// write; [`Self::notify_of_theft`] follows from it. 1 call.
    ///
    /// # Errors
    /// [`Refusal::SessionChanged`] when that was done before, or the session has ended.
    pub async fn end_stolen_session(&self, permit: &Permit, session: &Session) -> Result<(), WriteError> {
        let mut change = Expression::default();
        change.set(STATE, text(SessionState::Stolen.as_str())).require_row().require_absent(STATE);
        let key = keys::session(session.user_id, session.id);
        self.update_row(permit, key, change, Refusal::SessionChanged).await
    }

    /// Deletes a session whose token was stolen, and notifies the user in the app and by mail, once. 1 call.
    ///
    /// # Errors
    /// [`Refusal::SessionChanged`] when it has ended already, [`Refusal::AccountChanged`] when the account is gone.
    pub async fn notify_of_theft(
        &self,
        permit: &Permit,
        session: &Session,
        notice: &SecurityNotice,
    ) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(notice.mail.mail.created_at);
        let mut there = Expression::default();
        there.require_row();
        transaction.delete(keys::session(session.user_id, session.id), there.clone(), Refusal::SessionChanged);
        let mut change = there;
        transaction.notify_of_security(notice, &mut change);
        transaction.update(keys::account(session.user_id), change, Refusal::AccountChanged);
        self.transact(transaction).await
    }

    /// Ends the session of whoever asks. One that is not there is ended already. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn end_session(&self, _permit: &Permit, user: UserId, session: SessionId) -> Result<(), StoreError> {
        let delete = self
            .client()
            .delete_item()
            .table_name(self.table())
            .set_key(Some(key_item(keys::session(user, session))))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let sent = past_transactions(async || delete.clone().send().await).await;
        let output = sent.map_err(|error| failed("DeleteItem", &error))?;
        self.meter().write(output.consumed_capacity.as_ref());
        Ok(())
    }

    /// Ends another session of the user. 1 call.
    ///
    /// # Errors
    /// [`Refusal::SessionChanged`] when there is none, or it has ended.
    pub async fn end_other_session(
        &self,
        permit: &Permit,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(now);
        transaction.delete(keys::session(user, session), alive(now), Refusal::SessionChanged);
        self.transact(transaction).await
    }

    /// Ends these sessions of the user, none of which is the permit's. 1 call.
    ///
    /// # Errors
    /// The permit's session has ended itself.
    pub async fn end_sessions(&self, permit: &Permit, sessions: &[Session], now: Timestamp) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(now);
        transaction.end_sessions(sessions.iter());
        self.transact(transaction).await
    }

    /// Sets an account's password as it was read, ends all sessions but `kept`, and tells the user in the app and by mail. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when a session was opened or the password changed meanwhile.
    pub async fn set_password(
        &self,
        permit: &Permit,
        read: &AccountWithSessions,
        hash: &PasswordHash,
        kept: SessionId,
        notice: &SecurityNotice,
    ) -> Result<(), WriteError> {
        let now = notice.mail.mail.created_at;
        let mut transaction = permit.transaction(now);
        let mut change = next_password(read, hash, now);
        transaction.notify_of_security(notice, &mut change);
        transaction.update(keys::account(read.user.id), change, Refusal::AccountChanged);
        transaction.end_sessions(read.sessions.iter().filter(|session| session.id != kept));
        self.transact(transaction).await
    }
}

/// The account's sessions must still be those that were read, and are others from now on.
pub(super) fn next_sessions(read: &AccountWithSessions) -> Expression {
    move_sessions(Expression::default(), read)
}

/// A change of the account that also requires its sessions to be those that were read, and makes them others from now on.
pub(super) fn move_sessions(mut change: Expression, read: &AccountWithSessions) -> Expression {
    require_same_sessions(&mut change, read);
    change.add(VERSION, 1);
    change
}

/// The account's sessions must still be those that were read.
pub(super) fn same_sessions(read: &AccountWithSessions) -> Expression {
    let mut same = Expression::default();
    require_same_sessions(&mut same, read);
    same
}

fn require_same_sessions(change: &mut Expression, read: &AccountWithSessions) {
    // The version only grows, and accounts from before it have none: so this is equality with what was read.
    change.require_row().require_below(VERSION, number(read.user.sessions_version + 1));
}

/// The attribute of the account that lists the network addresses that signed in.
pub(super) const KNOWN_ADDRESSES: &str = "knownAddresses";
/// The attribute that a session has once a token of it was stolen.
pub(super) const STATE: &str = "state";

/// The attribute of the account that moves with its sessions.
const VERSION: &str = "sessionsVersion";

/// The same, with another password: logins and resets that began with the old one are void.
pub(super) fn next_password(read: &AccountWithSessions, hash: &PasswordHash, now: Timestamp) -> Expression {
    let mut change = next_sessions(read);
    change
        .set("passwordHash", text(hash.as_str()))
        .add("passwordVersion", 1)
        .remove(RESET)
        .set("updatedAt", text(now.to_string()));
    change
}

impl<R: Refuse> Transaction<R> {
    /// Ends sessions that may have ended already.
    pub(super) fn end_sessions<'a>(&mut self, sessions: impl Iterator<Item = &'a Session>) {
        for session in sessions {
            self.remove(keys::session(session.user_id, session.id));
        }
    }
}
