//! Clean-ups that may take several runs.

/// Whether a run has left anything to clean up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It has not.
    Nothing,
    /// It may have.
    Some,
}
