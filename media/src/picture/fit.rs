//! Resizing.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, IntoImageView, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{ColorType, DynamicImage, GrayImage, ImageBuffer};

use crate::Rejection;

/// Rows of the result that are made at a time.
const BAND: usize = 64;

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

/// The picture within `bounds`.
pub(super) fn within(picture: DynamicImage, bounds: (u32, u32)) -> Result<DynamicImage, Rejection> {
    let size = size_within((picture.width(), picture.height()), bounds);
    resized(picture, size)
}

/// The picture in another size. Transparent pixels do not bleed into others: colours are weighted by their alpha.
pub(super) fn resized(picture: DynamicImage, size: (u32, u32)) -> Result<DynamicImage, Rejection> {
    if size == (picture.width(), picture.height()) {
        return Ok(picture);
    }
    if super::has_transparency(&picture) { whole(&picture, size) } else { in_bands(&picture, size) }
        .ok_or(Rejection::Damaged)
}

/// Weighing colours takes a copy of the picture, so it is done once.
fn whole(picture: &DynamicImage, size: (u32, u32)) -> Option<DynamicImage> {
    let mut small = DynamicImage::new(size.0, size.1, picture.color());
    Resizer::new().resize(picture, &mut small, &options()).ok()?;
    Some(small)
}

/// Some rows of the result at a time. The resizer first makes the picture less high, into a picture as wide as before:
/// 13 MB for a camera's 12 million pixels, less than one in bands. Nothing is computed twice.
fn in_bands(picture: &DynamicImage, size: (u32, u32)) -> Option<DynamicImage> {
    let pixel = picture.pixel_type()?;
    let row = usize::try_from(size.0).ok()?.checked_mul(pixel.size())?;
    let mut small = vec![0; row.checked_mul(usize::try_from(size.1).ok()?)?];
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let scale = height / f64::from(size.1);
    let mut resizer = Resizer::new();
    let mut done = 0;
    for band in small.chunks_mut(row * BAND) {
        let rows = u32::try_from(band.len() / row).ok()?;
        let (top, mut high) = (f64::from(done) * scale, f64::from(rows) * scale);
        if top + high > height {
            // The last of them, by a rounding; the resizer refuses what is outside.
            high = (height - top).next_down();
        }
        let mut part = Image::from_slice_u8(size.0, rows, band, pixel).ok()?;
        let options = options().use_alpha(false).crop(0.0, top, width, high);
        resizer.resize(picture, &mut part, &options).ok()?;
        done += rows;
    }
    from_bytes(picture.color(), size, small)
}

/// The part of a picture of one channel that counts, from the upper left corner.
pub(super) struct Part<'a> {
    pub(super) samples: &'a [u8],
    /// Samples across and down of the whole.
    pub(super) size: (u32, u32),
    /// Those of the part, which may end within a sample.
    pub(super) area: (f64, f64),
}

impl<'a> Part<'a> {
    pub(super) fn whole(picture: &'a GrayImage) -> Self {
        let size = picture.dimensions();
        Self { samples: picture.as_raw(), size, area: (f64::from(size.0), f64::from(size.1)) }
    }

    /// In another size. A part that has this size, but for less than a sample, is copied.
    pub(super) fn resized(&self, size: (u32, u32)) -> Result<GrayImage, Rejection> {
        if self.area.0.ceil() == f64::from(size.0) && self.area.1.ceil() == f64::from(size.1) {
            self.cut(size)
        } else {
            self.convolved(size)
        }
        .ok_or(Rejection::Damaged)
    }

    fn cut(&self, size: (u32, u32)) -> Option<GrayImage> {
        let (stride, width) = (usize::try_from(self.size.0).ok()?, usize::try_from(size.0).ok()?);
        let rows = self.samples.chunks(stride).take(usize::try_from(size.1).ok()?);
        let samples = rows.flat_map(|row| row.get(..width).unwrap_or_default()).copied().collect();
        GrayImage::from_raw(size.0, size.1, samples)
    }

    fn convolved(&self, size: (u32, u32)) -> Option<GrayImage> {
        let whole = ImageRef::new(self.size.0, self.size.1, self.samples, PixelType::U8).ok()?;
        let mut resized = Image::new(size.0, size.1, PixelType::U8);
        let grows = f64::from(size.0) > self.area.0 || f64::from(size.1) > self.area.1;
        // Between samples of chroma, libjpeg interpolates linearly.
        let filter = if grows { FilterType::Bilinear } else { FilterType::Lanczos3 };
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
        Resizer::new().resize(&whole, &mut resized, &options.crop(0.0, 0.0, self.area.0, self.area.1)).ok()?;
        GrayImage::from_raw(size.0, size.1, resized.into_vec())
    }
}

fn options() -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
}

fn from_bytes(color: ColorType, (width, height): (u32, u32), bytes: Vec<u8>) -> Option<DynamicImage> {
    match color {
        ColorType::L8 => ImageBuffer::from_raw(width, height, bytes).map(DynamicImage::ImageLuma8),
        ColorType::La8 => ImageBuffer::from_raw(width, height, bytes).map(DynamicImage::ImageLumaA8),
        ColorType::Rgb8 => ImageBuffer::from_raw(width, height, bytes).map(DynamicImage::ImageRgb8),
        ColorType::Rgba8 => ImageBuffer::from_raw(width, height, bytes).map(DynamicImage::ImageRgba8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

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

    #[test]
    fn bands_make_what_the_whole_makes() {
        for (size, fitted) in [((1000, 700), (401, 281)), ((333, 1999), (50, 300)), ((640, 65), (630, 64))] {
            let colors =
                |x: u32, y: u32| [x * 7 % 256, y * 5 % 256, x * y % 256].map(|channel| channel.to_le_bytes()[0]);
            let picture = RgbImage::from_fn(size.0, size.1, |x, y| image::Rgb(colors(x, y)));
            let picture = DynamicImage::ImageRgb8(picture);
            let (bands, whole) = (in_bands(&picture, fitted).unwrap(), whole(&picture, fitted).unwrap());
            assert_eq!((bands.width(), bands.height(), bands.color()), (fitted.0, fitted.1, ColorType::Rgb8));
            let differences = bands.as_bytes().iter().zip(whole.as_bytes()).map(|(one, other)| one.abs_diff(*other));
            assert!(differences.max().unwrap() <= 1, "{size:?}");
        }
    }
}
