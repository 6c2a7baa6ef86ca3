//! Fuzz targets: each takes arbitrary bytes, as they come from outside, and fails if what reads them panics, breaks a
//! promise, or takes more time or memory than it may.
//!
//! `tests/inputs.rs` runs all of them with the inputs that are kept in `inputs/`, and with changed ones.
#![expect(clippy::panic, clippy::expect_used, reason = "a target that panics has found something")]

mod bounds;
mod cursor;
mod files;
mod multipart;
mod tokens;

pub use bounds::{Bounds, Cost};

/// A target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its folder in `inputs/`.
    pub name: &'static str,
    /// Maximum cost of one input.
    pub bounds: Bounds,
    run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 6] = [
    Target { name: "picture", bounds: files::PICTURE_BOUNDS, run: files::picture },
    Target { name: "animation", bounds: files::PICTURE_BOUNDS, run: files::animation },
    Target { name: "document", bounds: files::DOCUMENT_BOUNDS, run: files::document },
    Target { name: "multipart", bounds: bounds::REQUEST_BOUNDS, run: multipart::run },
    Target { name: "tokens", bounds: bounds::REQUEST_BOUNDS, run: tokens::run },
    Target { name: "cursor", bounds: bounds::REQUEST_BOUNDS, run: cursor::run },
];

impl Target {
    /// The target of this name.
    pub fn named(name: &str) -> Option<Self> {
        TARGETS.into_iter().find(|target| target.name == name)
    }

    /// Runs it, and panics if it fails or costs more than its bounds. One runs at a time: memory is that of the process.
    pub fn check(self, input: &[u8]) -> Cost {
        bounds::within(self.bounds, || (self.run)(input))
    }
}
