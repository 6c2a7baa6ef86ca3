//! Reading JPEG, from the upload's own bytes.
//!
//! Two decoders: zune-jpeg for the layouts that cameras and programs write, since it is fast, and jpeg-decoder for the
//! others, which zune-jpeg decodes into something else without an error. Both are told the bounds of the picture, so
//! that neither reads what follows it. What neither decodes as libjpeg does is refused
//! (`media/tests/jpeg_layouts.rs` compares).

mod layout;
mod padded;
mod segments;

use std::borrow::Cow;

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer};
use jpeg_decoder::ColorTransform;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::{ZByteReaderTrait, ZCursor};
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use self::layout::Layout;
use self::padded::Padded;
use self::segments::ColorModel;
use super::{Decoded, check_dimensions, color};
use crate::Rejection;

/// Grey stays grey, all else becomes RGB. A picture that breaks off is refused; one that lacks only the end marker is
/// taken if it is not progressive, as browsers do.
///
/// # Errors
/// It is damaged, or larger than we take; the size is looked at before any pixel.
pub(super) fn decoded(bytes: &[u8]) -> Result<Decoded, Rejection> {
    let mut layout = Layout::read(bytes)?;
    let (width, height) = (u32::from(layout.frame.width), u32::from(layout.frame.height));
    check_dimensions(width, height)?;
    layout.check()?;
    let colors = layout.frame.color_model(&layout.colors)?;
    let exif = layout.exif.clone().and_then(|at| bytes.get(at));
    let orientation = exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
    let pixels = match engine(&layout, colors)? {
        Engine::Fast => fast(bytes, &layout, colors)?,
        Engine::Thorough => thorough(&cleaned(bytes, &layout, layout.end), colors)?,
    };
    let mut profile = layout.profile.take();
    let picture = match colors {
        ColorModel::Grey => ImageBuffer::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8),
        ColorModel::YCbCr | ColorModel::Rgb => {
            ImageBuffer::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
        }
        ColorModel::Cmyk | ColorModel::Ycck => {
            let rgb = color::cmyk_to_srgb(&pixels, profile.take().as_deref());
            ImageBuffer::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8)
        }
    };
    Ok(Decoded { picture: picture.ok_or(Rejection::Damaged)?, orientation, profile })
}

/// The file up to `end`, without bytes that belong to no segment.
fn cleaned<'a>(bytes: &'a [u8], layout: &Layout, end: usize) -> Cow<'a, [u8]> {
    let Some(pieces) = &layout.pieces else { return Cow::Borrowed(bytes.get(..end).unwrap_or(bytes)) };
    let pieces = pieces.iter().filter(|piece| piece.end <= end);
    pieces.flat_map(|piece| bytes.get(piece.clone()).unwrap_or_default()).copied().collect()
}

enum Engine {
    Fast,
    Thorough,
}

fn engine(layout: &Layout, colors: ColorModel) -> Result<Engine, Rejection> {
    let factors = layout.frame.factors();
    let is_usual = match (colors, factors.as_slice()) {
        (ColorModel::Grey, [factors]) => matches!(factors, (1 | 2, 1 | 2)),
        (ColorModel::YCbCr, [luma, (1, 1), (1, 1)]) => matches!(luma, (1 | 2, 1 | 2)),
        _ => false,
    };
    let is_one_scan = matches!(layout.scans.as_slice(), [scan] if scan.components.iter().copied().eq(0..factors.len()));
    if is_usual && (is_one_scan || layout.frame.is_progressive) {
        return Ok(Engine::Fast);
    }
    let (across, down) = layout.frame.sampling();
    let is_whole = factors.iter().all(|factor| across % factor.0 == 0 && down % factor.1 == 0);
    // Of a component by itself, jpeg-decoder expects whole units.
    let is_mixed = |factor: &(u64, u64)| (1 < factor.0 && factor.0 < across) || (1 < factor.1 && factor.1 < down);
    let has_lone = layout.scans.iter().any(|scan| scan.components.len() == 1);
    if is_whole && layout.has_end_marker && !(has_lone && factors.iter().any(is_mixed)) {
        Ok(Engine::Thorough)
    } else if layout.has_end_marker {
        Err(Rejection::Unsupported)
    } else {
        Err(Rejection::Damaged)
    }
}

fn fast(bytes: &[u8], layout: &Layout, colors: ColorModel) -> Result<Vec<u8>, Rejection> {
    if layout.frame.is_progressive {
        // Whether the last scan is whole is known by the marker behind it.
        let bytes = cleaned(bytes, layout, layout.end);
        return if layout.has_end_marker { with_zune(ZCursor::new(&*bytes), colors) } else { Err(Rejection::Damaged) };
    }
    with_zune(Padded::new(&cleaned(bytes, layout, layout.coded_end)), colors)
}

fn with_zune<T: ZByteReaderTrait>(source: T, colors: ColorModel) -> Result<Vec<u8>, Rejection> {
    // Sizes are bounded before, not by the decoder. Strict: it fails at damage.
    let color = if colors == ColorModel::Grey { ColorSpace::Luma } else { ColorSpace::RGB };
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(source, options.jpeg_set_out_colorspace(color));
    decoder.decode().map_err(|_| Rejection::Damaged)
}

fn thorough(bytes: &[u8], colors: ColorModel) -> Result<Vec<u8>, Rejection> {
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    decoder.set_color_transform(match colors {
        ColorModel::Grey => ColorTransform::Grayscale,
        ColorModel::YCbCr => ColorTransform::YCbCr,
        ColorModel::Rgb => ColorTransform::RGB,
        ColorModel::Cmyk => ColorTransform::CMYK,
        ColorModel::Ycck => ColorTransform::YCCK,
    });
    decoder.decode().map_err(|_| Rejection::Damaged)
}
