//! The gate of one request: what it may read before the rate limiter has decided on it.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::SetOnce;

use super::StoreError;

/// What a read may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadCost {
    /// The rows that the caller asks for: rows by key, an account with its sessions, a page without filters.
    Bounded,
    /// Rows that are looked at and not returned: filtered, counted, or read to the end of a range.
    Unbounded,
}

/// Whether the rate limiter lets the request pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It does.
    Admitted,
    /// It does not.
    Refused,
}

/// Holds the reads of one request back until the rate limiter has decided. Clones of a [`Store`](super::Store) behind
/// the same gate share it. Writes need no gate: they take a [`Permit`](super::Permit).
#[derive(Debug)]
pub(crate) struct Gate {
    /// Whether the early read is still to be had.
    early_read: AtomicBool,
    decision: SetOnce<Admission>,
}

impl Gate {
    /// A gate that lets nothing pass before the decision.
    pub(crate) fn new() -> Self {
        Self { early_read: AtomicBool::new(false), decision: SetOnce::new() }
    }

    /// Lets one bounded read pass before the decision: it overlaps with the rate limiter's write.
    pub(crate) fn allow_early_read(&self) {
        self.early_read.store(true, Ordering::Relaxed);
    }

    /// Lets the waiting reads pass, or fail.
    pub(crate) fn decide(&self, admission: Admission) {
        // A second decision would be the same one.
        drop(self.decision.set(admission));
    }

    /// Waits until a read may begin.
    ///
    /// # Errors
    /// [`StoreError::NotAdmitted`].
    pub(super) async fn pass(&self, cost: ReadCost) -> Result<(), StoreError> {
        if cost == ReadCost::Bounded && self.early_read.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        match self.decision.wait().await {
            Admission::Admitted => Ok(()),
            Admission::Refused => Err(StoreError::NotAdmitted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn passes(gate: &Gate, cost: ReadCost) -> Option<bool> {
        gate.pass(cost).now_or_never().map(|passed| passed.is_ok())
    }

    #[test]
    fn one_bounded_read_passes_before_the_decision_and_the_others_wait() {
        let gate = Gate::new();
        gate.allow_early_read();
        assert_eq!(passes(&gate, ReadCost::Unbounded), None);
        assert_eq!(passes(&gate, ReadCost::Bounded), Some(true));
        assert_eq!(passes(&gate, ReadCost::Bounded), None);
        gate.decide(Admission::Admitted);
        assert_eq!(passes(&gate, ReadCost::Bounded), Some(true));
        assert_eq!(passes(&gate, ReadCost::Unbounded), Some(true));
    }

    #[test]
    fn after_a_refusal_nothing_is_read() {
        let gate = Gate::new();
        assert_eq!(passes(&gate, ReadCost::Bounded), None);
        gate.decide(Admission::Refused);
        assert_eq!(passes(&gate, ReadCost::Bounded), Some(false));
        assert_eq!(passes(&gate, ReadCost::Unbounded), Some(false));
    }
}
