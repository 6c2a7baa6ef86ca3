//! What becomes of an uploaded file.

use crate::content::verify;
use crate::picture::{self, Picture};
use crate::{Kind, Rejection};

/// What is stored of a file.
#[derive(Debug)]
pub enum Processed {
    /// The file as it came.
    Unchanged,
    /// A picture in its place.
    Picture(Picture),
}

/// Checks a file that says it is of `kind`, and makes a picture small.
///
/// # Errors
/// Why it is refused.
pub fn process(kind: Kind, bytes: &[u8]) -> Result<Processed, Rejection> {
    verify(kind, bytes)?;
    if kind.is_picture() { Ok(Processed::Picture(picture::optimize(kind, bytes)?)) } else { Ok(Processed::Unchanged) }
}
