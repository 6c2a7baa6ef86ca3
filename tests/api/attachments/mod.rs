//! `/api/attachments`, `/api/tasks/{id}/attachments`

mod create;
mod delete;
pub(crate) mod get;
mod inspection;
mod multipart;
mod optimize;

use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb};

/// A picture as a file of this format.
pub(crate) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let shade = |part: u32, whole: u32| u8::try_from(part * 255 / whole).expect("a byte");
    let pixels = ImageBuffer::from_fn(width, height, |x, y| Rgb([shade(x, width), shade(y, height), 90]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(pixels).write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}
