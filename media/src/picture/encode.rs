//! Writing WebP and PNG.

use image::{ColorType, DynamicImage};
use oxipng::{BitDepth, Deflater, FilterStrategy, Options, RawImage};
use quantizr::{Image, QuantizeResult};
use webpx::{Encoder, Unstoppable};

use super::QUALITY;
use crate::Rejection;

/// libwebp's effort, 0 to 6. Less than 4 is faster and some 5 per cent larger.
const METHOD: u8 = 4;
/// How far, on average, a channel may be from the original's for a palette to be taken, of 255.
const PALETTE_ERROR_MAX: f64 = 3.0;
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
    encoder.quality(QUALITY).method(METHOD).encode(Unstoppable).map_err(|_| Rejection::Damaged)
}

/// A PNG that looks like the original: with a palette of 256 colours if that comes near enough, else exact.
pub(super) fn png(picture: &DynamicImage) -> Result<Vec<u8>, Rejection> {
    let rgba = picture.to_rgba8();
    let (width, height) = rgba.dimensions();
    let mut options = Options { deflater: Deflater::Libdeflater { compression: PNG_EFFORT }, ..Options::default() };
    let image = match palette(rgba.as_raw(), width, height) {
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

type Palette = Vec<[u8; 4]>;

/// 256 colours and each pixel's index among them; `None` if one would see the difference.
fn palette(rgba: &[u8], width: u32, height: u32) -> Option<(Palette, Vec<u8>)> {
    let image = Image::new(rgba, usize::try_from(width).ok()?, usize::try_from(height).ok()?).ok()?;
    let mut result = QuantizeResult::quantize(&image, &quantizr::Options::default());
    result.set_dithering_level(0.0).ok()?;
    let mut indices = vec![0; rgba.len() / 4];
    result.remap_image(&image, &mut indices).ok()?;
    let palette = result.get_palette();
    let count = usize::try_from(palette.count).ok()?;
    let colors: Palette =
        palette.entries.iter().take(count).map(|color| [color.r, color.g, color.b, color.a]).collect();
    (error(rgba, &colors, &indices)? <= PALETTE_ERROR_MAX).then_some((colors, indices))
}

/// The mean distance of a channel, weighted by how opaque the pixel is: of 255.
fn error(rgba: &[u8], palette: &[[u8; 4]], indices: &[u8]) -> Option<f64> {
    let mut sum = 0_u64;
    for (pixel, index) in rgba.chunks_exact(4).zip(indices) {
        let color = palette.get(usize::from(*index))?;
        let &[r, g, b, a] = pixel else { return None };
        let weighted = |channel: u8, alpha: u8| u64::from(channel) * u64::from(alpha) / 255;
        let colors = [(r, color[0]), (g, color[1]), (b, color[2])];
        let differences = colors.iter().map(|(was, is)| weighted(*was, a).abs_diff(weighted(*is, color[3])));
        sum += differences.sum::<u64>() + u64::from(a.abs_diff(color[3]));
    }
    #[expect(clippy::cast_precision_loss, reason = "an average of small numbers")]
    Some(sum as f64 / rgba.len() as f64)
}
