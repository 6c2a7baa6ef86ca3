//! Resizing.

use fast_image_resize::{FilterType, IntoImageView, ResizeAlg, ResizeOptions, Resizer};
use image::{ColorType, DynamicImage};

use crate::Rejection;

/// The size that fits within `bounds` in the same proportions, never larger than it is; at least 1×1.
pub(super) fn size_within((width, height): (u32, u32), bounds: (u32, u32)) -> (u32, u32) {
    if width <= bounds.0 && height <= bounds.1 {
        return (width, height);
    }
    let (width, height) = (u64::from(width), u64::from(height));
    let (most_across, most_down) = (u64::from(bounds.0), u64::from(bounds.1));
    let rounded = |part: u64, whole: u64| u32::try_from(((2 * part + whole) / (2 * whole)).max(1)).unwrap_or(u32::MAX);
    if width * most_down >= height * most_across {
        (bounds.0, rounded(height * most_across, width))
    } else {
        (rounded(width * most_down, height), bounds.1)
    }
}

/// The picture within `bounds`. Transparent pixels do not bleed into others: colours are weighted by their alpha.
pub(super) fn within(picture: DynamicImage, bounds: (u32, u32)) -> Result<DynamicImage, Rejection> {
    let size = size_within((picture.width(), picture.height()), bounds);
    if size == (picture.width(), picture.height()) {
        return Ok(picture);
    }
    let mut small = match picture.color() {
        ColorType::L8 => DynamicImage::new_luma8(size.0, size.1),
        ColorType::La8 => DynamicImage::new_luma_a8(size.0, size.1),
        ColorType::Rgba8 => DynamicImage::new_rgba8(size.0, size.1),
        _ => DynamicImage::new_rgb8(size.0, size.1),
    };
    debug_assert_eq!(picture.pixel_type(), small.pixel_type());
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize(&picture, &mut small, &options).map_err(|_| Rejection::Damaged)?;
    Ok(small)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_their_proportions_and_never_grow() {
        let fit = (1920, 1080);
        for (size, fitted) in [
            ((640, 480), (640, 480)),
            ((1920, 1080), (1920, 1080)),
            ((3840, 2160), (1920, 1080)),
            ((4000, 3000), (1440, 1080)),
            ((3000, 4000), (810, 1080)),
            ((10_000, 10), (1920, 2)),
            ((20_000, 1), (1920, 1)),
            ((1, 20_000), (1, 1080)),
        ] {
            assert_eq!(size_within(size, fit), fitted, "{size:?}");
        }
    }
}
