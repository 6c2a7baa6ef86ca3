//! Files as users have them, and as attackers make them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and says where"
)]

mod animations;
mod cmyk_profile;
mod compositor;
mod costs;
mod damage;
mod documents;
mod jpeg_cases;
mod jpeg_encoder;
mod jpeg_layouts;
mod metadata;
mod pictures;
mod support;
