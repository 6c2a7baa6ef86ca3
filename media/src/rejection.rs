//! Why a file is refused.

use crate::Kind;

/// Why a file is refused; its text is for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No bytes.
    #[error("The file is empty")]
    Empty,
    /// Signature or structure are not those of the kind.
    #[error("The file is not {}", .0.noun())]
    NotA(Kind),
    /// It is of its kind, but breaks off or is damaged.
    #[error("The file is damaged")]
    Damaged,
    /// It is of its kind, but of a variant that is not read.
    #[error("The file is of a variant that is not supported")]
    Unsupported,
    /// It is encrypted.
    #[error("The document is protected by a password")]
    Protected,
    /// More pixels, or longer sides, than we take.
    #[error("The picture is too large")]
    TooManyPixels,
    /// More frames than we take.
    #[error("The animation is too long")]
    TooManyFrames,
    /// It holds programs.
    #[error("The document contains macros")]
    Macros,
    /// It unpacks to far more than its size.
    #[error("The document is too large when unpacked")]
    TooLargeUnpacked,
    /// It is of another kind besides.
    #[error("The file hides another file")]
    Polyglot,
}
