//! The first answer to a request that creates something, kept for a day so that the same request gets it again.
//!
//! It is written by the very transaction that creates: either both are there or neither, whenever the function dies.
//! A second request with the same key finds it as the failed condition of its own transaction, without a read of its
//! own, and creates nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::update::Expression;
use super::{Item, Permit, Refusal, StoreError, Transaction, keys, number, row};
use crate::clock::Timestamp;
use crate::id::UserId;

/// How long a first answer is given again.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The attribute that holds it, on a row of its own or on the claim of a new account's address.
const ONCE: &str = "once";

/// A request that is to create once, and the answer it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Once {
    /// A tag of the route and the caller's key.
    pub key: String,
    /// A tag of what was asked for.
    pub request: String,
    /// When it was asked first.
    pub at: Timestamp,
    /// The answer's HTTP status.
    pub status: u16,
    /// The answer's body, JSON.
    pub body: String,
    /// The answer's `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The answer's `Location`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// The part of a row that tells of a first answer.
#[derive(Serialize, Deserialize)]
struct OnceRow {
    once: Once,
}

impl Once {
    fn expires_at(&self) -> i64 {
        self.at.plus(KEPT).as_second()
    }

    /// What an earlier request with this one's key left in the row that stood in the way; `None` when another
    /// request did, or too long ago.
    pub(super) fn earlier(&self, item: &Item) -> Result<Option<Self>, StoreError> {
        if !item.contains_key(ONCE) {
            return Ok(None);
        }
        let OnceRow { once } = serde_dynamo::from_item(item.clone())?;
        let is_kept = once.expires_at() >= self.at.as_second();
        Ok((once.key == self.key && is_kept).then_some(once))
    }
}

impl Transaction {
    /// Has the transaction happen once: a row of the user's refuses it when it is there already. 1 row.
    pub(super) fn happen_once(&mut self, user: UserId, once: &Once) -> Result<(), StoreError> {
        let mut item = row(keys::idempotency(user, &once.key), &OnceRow { once: once.clone() })?;
        item.insert(keys::EXPIRES_AT.to_owned(), number(once.expires_at()));
        let mut absent = Expression::default();
        absent.require_below(keys::EXPIRES_AT, number(once.at.as_second()));
        self.put(item, &absent, Refusal::AlreadyDone)
    }
}

/// What the claim of a new account's address remembers of the request that made it: nobody is signed in whose
/// partition could hold it.
pub(super) fn on_claim(permit: &Permit, claim: &mut Item) -> Result<(), StoreError> {
    if let Some(once) = permit.once() {
        claim.extend(serde_dynamo::to_item::<_, Item>(OnceRow { once: once.clone() })?);
    }
    Ok(())
}
