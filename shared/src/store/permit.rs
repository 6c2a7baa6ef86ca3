//! The permission to write.

use super::idempotency::Once;
use super::keys;
use super::sessions::STATE;
use super::transact::{OnRefusal, Transaction};
use super::update::Expression;
use super::{Refuse, WriteError, number};
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};

/// The permission to write, which every write takes. A request gets one from the rate limiter's decision, an event function
/// when it starts, an operator's command from [`crate::operator`]: nothing else makes one.
#[derive(Clone, Debug)]
pub struct Permit {
    session: Option<(UserId, SessionId)>,
    once: Option<Box<Once>>,
}

impl Permit {
    /// For a request that the rate limiter has let pass. With a session, each transaction requires it to be alive, at no
    /// extra read.
    pub(crate) fn of_request(session: Option<(UserId, SessionId)>) -> Self {
        Self { session, once: None }
    }

    /// For work that no request is behind.
    pub(crate) fn of_service() -> Self {
        Self { session: None, once: None }
    }

    /// A permit whose transactions happen once: see [`super::idempotency`].
    #[must_use]
    pub fn for_once(self, once: Once) -> Self {
        Self { once: Some(Box::new(once)), ..self }
    }

    /// The session of the request, which must be alive.
    pub(super) fn session(&self) -> Option<(UserId, SessionId)> {
        self.session
    }

    /// What is written once.
    pub(super) fn once(&self) -> Option<&Once> {
        self.once.as_deref()
    }

    /// Starts a transaction that, besides its own conditions, requires the permit's session to be alive, and happens once
    /// if the permit says so.
    pub(super) fn transaction<R: Refuse>(&self, now: Timestamp) -> Transaction<R> {
        let mut transaction = Transaction::default();
        if let Some((user, session)) = self.session {
            transaction.check(keys::session(user, session), alive(now), session_ended());
            if let Some(once) = self.once() {
                let (row, condition) = once.row(user);
                transaction.put(row, condition, repeated(once, None));
            }
        }
        transaction
    }

    /// Starts a transaction that ends the permit's own session, which must be alive. Returns that session's id too.
    pub(super) fn ending_transaction<R: Refuse>(&self, now: Timestamp) -> (Transaction<R>, Option<SessionId>) {
        let mut transaction = Transaction::default();
        if let Some((user, session)) = self.session {
            transaction.delete(keys::session(user, session), alive(now), session_ended());
        }
        (transaction, self.session.map(|(_, session)| session))
    }
}

/// The session must not have ended.
pub(super) fn alive(now: Timestamp) -> Expression {
    let mut alive = Expression::default();
    alive.require_row().require_greater(keys::EXPIRES_AT, number(now.as_second())).require_absent(STATE);
    alive
}

fn session_ended<R: Refuse>() -> OnRefusal<R> {
    OnRefusal::interpret(|_| WriteError::SessionEnded)
}

/// The row that stands in the way may hold the answer to an earlier request with the same key; else the write is refused
/// with `otherwise`.
pub(super) fn repeated<R: Refuse>(once: &Once, otherwise: Option<R>) -> OnRefusal<R> {
    let once = once.clone();
    OnRefusal::interpret(move |found| match found.map(|item| once.earlier(item)).transpose() {
        Ok(Some(Some(first))) => WriteError::Repeated(Box::new(first)),
        Ok(_) => otherwise.clone().map_or(WriteError::Overtaken, WriteError::Refused),
        Err(malformed) => malformed.into(),
    })
}

#[cfg(feature = "test-support")]
impl Permit {
    /// For tests: the permit of a signed-in user's request.
    pub fn of_session(user: UserId, session: SessionId) -> Self {
        Self::of_request(Some((user, session)))
    }

    /// For tests: the permit of an event function.
    pub fn of_system() -> Self {
        Self::of_service()
    }
}
