//! Reading JPEG, from the upload's own bytes: the decoder of `image` takes a copy of the file, and reads its head thrice.

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{Decoded, check_dimensions};
use crate::Rejection;

/// Grey stays grey, all else becomes RGB. A picture that is cut off is refused or grey below, as in browsers.
///
/// # Errors
/// It is damaged, or larger than we take; the size is looked at before any pixel.
pub(super) fn decoded(bytes: &[u8]) -> Result<Decoded, Rejection> {
    // Sizes are bounded here, not by the decoder.
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let (across, down) = decoder.dimensions().ok_or(Rejection::Damaged)?;
    let number = |side| u32::try_from(side).map_err(|_| Rejection::TooManyPixels);
    let (width, height) = (number(across)?, number(down)?);
    check_dimensions(width, height)?;
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let color = if is_grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options.jpeg_set_out_colorspace(color));
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    let profile = decoder.icc_profile();
    let pixels = decoder.decode().map_err(damaged)?;
    let picture = if is_grey {
        ImageBuffer::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8)
    } else {
        ImageBuffer::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
    };
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    Ok(Decoded { picture: picture.ok_or(Rejection::Damaged)?, orientation, profile })
}

fn damaged(error: DecodeErrors) -> Rejection {
    match error {
        DecodeErrors::LargeDimensions(_) => Rejection::TooManyPixels,
        _ => Rejection::Damaged,
    }
}
