//! Uploaded files: which kinds are allowed, whether a file is what it says, and pictures made small.
//!
//! | Module | Holds |
//! |---|---|
//! | [`kind`] | the allowed kinds, their extensions and MIME types |
//! | [`content`] | whether bytes are of a kind: signature and structure |
//! | [`picture`] | decoding within bounds, upright, small, without metadata |
//! | [`rejection`] | why a file is refused, in words for its user |
//!
//! All of it is pure: bytes in, bytes out. The last three need the feature `content`; without it the crate is a table,
//! which is all that the functions need that only announce uploads.
#![forbid(unsafe_code)]

#[cfg(feature = "content")]
pub mod content;
pub mod kind;
#[cfg(feature = "content")]
pub mod picture;
pub mod rejection;

pub use kind::Kind;
pub use rejection::Rejection;

#[cfg(feature = "content")]
mod process;
#[cfg(feature = "content")]
pub use process::{Processed, process};
