//! Writing WebP and PNG.

use image::{ColorType, DynamicImage, GrayImage};
use oxipng::{BitDepth, Deflater, FilterStrategy, Options, RawImage};
use webpx::{Encoder, Unstoppable, YuvPlanesRef};

use super::photograph::Photograph;
use super::{QUALITY, palette};
use crate::Rejection;

/// libwebp's effort, 0 to 6, for small pictures, thumbnails among them. 3 takes as long and 2 saves 60 per cent of the time,
/// for some 8 per cent more bytes at equal score.
const METHOD_SMALL: u8 = 4;
/// The effort for others: of these, 2 makes as many bytes as 4 at equal score (`docs/images.md`).
const METHOD: u8 = 2;
/// Most pixels of a small picture.
const SMALL: u32 = 600_000;
/// libdeflate's effort, 1 to 12. 11, oxipng's own choice, takes three times as long for 3 to 8 per cent fewer bytes.
const PNG_EFFORT: u8 = 9;

/// A lossy WebP.
pub(super) fn webp(picture: &DynamicImage) -> Result<Vec<u8>, Rejection> {
    let (width, height) = (picture.width(), picture.height());
    let rgb;
    let rgba;
    let encoder = match picture {
        DynamicImage::ImageRgb8(pixels) => Encoder::new_rgb(pixels.as_raw(), width, height),
        DynamicImage::ImageRgba8(pixels) => Encoder::new_rgba(pixels.as_raw(), width, height),
        grey if grey.color() == ColorType::L8 => {
            rgb = grey.to_rgb8();
            Encoder::new_rgb(rgb.as_raw(), width, height)
        }
        other => {
            rgba = other.to_rgba8();
            Encoder::new_rgba(rgba.as_raw(), width, height)
        }
    };
    lossy(encoder, (width, height))
}

/// A lossy WebP of what is already as WebP stores it.
pub(super) fn webp_of_planes(Photograph { luma, chroma: [blue, red] }: &Photograph) -> Result<Vec<u8>, Rejection> {
    let stride = |plane: &GrayImage| usize::try_from(plane.width()).map_err(|_| Rejection::Damaged);
    let encoder = Encoder::new_yuv(YuvPlanesRef {
        y: luma.as_raw(),
        y_stride: stride(luma)?,
        u: blue.as_raw(),
        u_stride: stride(blue)?,
        v: red.as_raw(),
        v_stride: stride(red)?,
        a: None,
        a_stride: 0,
        width: luma.width(),
        height: luma.height(),
    });
    lossy(encoder, luma.dimensions())
}

fn lossy(encoder: Encoder, (width, height): (u32, u32)) -> Result<Vec<u8>, Rejection> {
    let method = if width.saturating_mul(height) <= SMALL { METHOD_SMALL } else { METHOD };
    encoder.quality(QUALITY).method(method).encode(Unstoppable).map_err(|_| Rejection::Damaged)
}

/// A PNG that looks like the original: with a palette of 256 colours if that comes near enough, else exact.
pub(super) fn png(picture: &DynamicImage) -> Result<Vec<u8>, Rejection> {
    let rgba = picture.to_rgba8();
    let (width, height) = rgba.dimensions();
    let mut options = Options { deflater: Deflater::Libdeflater { compression: PNG_EFFORT }, ..Options::default() };
    let image = match palette::of(rgba.as_raw(), width, height) {
        Some((palette, indices)) => {
            // The place of a colour in a palette says nothing of its neighbours'.
            options.filters = [FilterStrategy::NONE].into_iter().collect();
            let colors = palette.iter().map(|[r, g, b, a]| rgb::RGBA8::new(*r, *g, *b, *a)).collect();
            RawImage::new(width, height, oxipng::ColorType::Indexed { palette: colors }, BitDepth::Eight, indices)
        }
        None => RawImage::new(width, height, oxipng::ColorType::RGBA, BitDepth::Eight, rgba.into_raw()),
    };
    let image = image.map_err(|_| Rejection::Damaged)?;
    image.create_optimized_png(&options).map_err(|_| Rejection::Damaged)
}
