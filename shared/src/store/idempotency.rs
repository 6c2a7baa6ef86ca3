//! The first answer to a request that creates something, kept for a day so that the same request gets it again.
//!
//! It is written by the transaction that creates: either both are there or neither, whenever the function dies. A second
//! request with the same key finds it as the failed condition of its own transaction, without a read of its own, and
//! creates nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::row::Row;
use super::update::Expression;
use super::{Item, ReadError, Store, keys, number};
use crate::clock::Timestamp;
use crate::id::{AttachmentId, SessionId, UserId};

/// How long a first answer is given again.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The attribute that holds it, on a row of its own or on the claim of a new account's address.
const ONCE: &str = "once";

/// A request that creates once, and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Once {
    /// A tag of the route and the caller's key.
    pub key: String,
    /// A tag of the request's content.
    pub request: String,
    /// When it was first sent.
    pub at: Timestamp,
    /// Its answer.
    #[serde(flatten)]
    pub answer: FirstAnswer,
}

/// What is kept of a first answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FirstAnswer {
    /// The attachments that were created, of an answer that carries addresses which are signed for each caller anew.
    Rows {
        /// Their ids, in order.
        attachments: Vec<AttachmentId>,
    },
    /// The answer itself.
    Body {
        /// Its HTTP status.
        status: u16,
        /// Its body, JSON.
        body: String,
        /// Its `ETag`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        etag: Option<String>,
        /// Its `Location`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
    },
}

impl Store {
    /// What was kept of an earlier request with the same key as `once`, for a session that must be alive. 1 call.
    ///
    /// # Errors
    /// [`ReadError::SessionEnded`], or the table failed.
    pub async fn first_answer(&self, caller: (UserId, SessionId), once: &Once) -> Result<Option<Once>, ReadError> {
        let key = keys::idempotency(caller.0, &once.key);
        let mut rows = self.rows_in_session(caller, vec![key.clone()], once.at).await?;
        let earlier = rows.take_item(&key).map(|item| once.earlier(&item)).transpose()?;
        Ok(earlier.flatten())
    }
}

/// The part of a row that holds a first answer.
#[derive(Serialize, Deserialize)]
pub(super) struct OnceRow {
    pub(super) once: Once,
}

impl Once {
    fn expires_at(&self) -> i64 {
        self.at.plus(KEPT).as_second()
    }

    /// The answer that an earlier request with the same key left in `item`; `None` when another request left it, or this
    /// one too long ago.
    pub(super) fn earlier(&self, item: &Item) -> Result<Option<Self>, serde_dynamo::Error> {
        if !item.contains_key(ONCE) {
            return Ok(None);
        }
        let OnceRow { once } = serde_dynamo::from_item(item.clone())?;
        let is_kept = once.expires_at() >= self.at.as_second();
        Ok((once.key == self.key && is_kept).then_some(once))
    }

    /// The row that makes the user's request happen once, and the condition on which it is written.
    pub(super) fn row(&self, user: UserId) -> (Row, Expression) {
        let row = Row::new(keys::idempotency(user, &self.key), &OnceRow { once: self.clone() })
            .with(keys::EXPIRES_AT, number(self.expires_at()));
        let mut absent = Expression::default();
        absent.require_below(keys::EXPIRES_AT, number(self.at.as_second()));
        (row, absent)
    }
}
