//! The sessions that an instance knows to have ended.
//!
//! A request counts for the account that its token names, by the token's signature and before anything is read. The tokens of an
//! ended session have good signatures for up to thirty days, and whoever stole one could use up the limits of the account's
//! owner. So an instance that has read that a session has ended counts the requests with its tokens for that session alone: not
//! for the network address either, from which others may sign in, and the user again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::id::SessionId;

/// See the [module](self). A session that has ended never comes back.
#[derive(Clone, Debug, Default)]
pub struct EndedSessions(Arc<Mutex<HashSet<SessionId>>>);

impl EndedSessions {
    /// An instance forgets all of them when there are more.
    const MAX: usize = 1000;

    pub(super) fn contains(&self, session: SessionId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&session)
    }

    pub(super) fn note(&self, session: SessionId) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= Self::MAX {
            sessions.clear();
        }
        sessions.insert(session);
    }
}
