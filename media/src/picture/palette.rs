//! Whether 256 colours are enough for a picture.

use quantizr::{Image, Options, QuantizeResult};

/// 256 colours at most, of red, green, blue and alpha.
pub(super) type Palette = Vec<[u8; 4]>;

/// A side of the blocks that are judged one by one: what is seen is the worst of them, not the mean of all.
const BLOCK: usize = 16;
/// The largest mean error of a block's visible pixels.
const BLOCK_ERROR_MAX: u64 = 3;
/// Minimum number of visible pixels of a block whose error is judged separately.
const BLOCK_PIXELS_MIN: u64 = 16;
/// The largest error that all but one in a hundred visible pixels may have.
const USUAL_ERROR_MAX: usize = 6;

/// A palette and each pixel's index in it; `None` if one would see the difference. Errors are those of the channel that
/// differs most, of 255, weighted by how opaque the pixel is.
pub(super) fn of(rgba: &[u8], width: u32, height: u32) -> Option<(Palette, Vec<u8>)> {
    let (across, down) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    let image = Image::new(rgba, across, down).ok()?;
    let mut result = QuantizeResult::quantize(&image, &Options::default());
    result.set_dithering_level(0.0).ok()?;
    let mut indices = vec![0; rgba.len() / 4];
    result.remap_image(&image, &mut indices).ok()?;
    let palette = result.get_palette();
    let count = usize::try_from(palette.count).ok()?;
    let colors: Palette =
        palette.entries.iter().take(count).map(|color| [color.r, color.g, color.b, color.a]).collect();
    is_faithful(rgba, &colors, &indices, across)?.then_some((colors, indices))
}

fn is_faithful(rgba: &[u8], palette: &[[u8; 4]], indices: &[u8], across: usize) -> Option<bool> {
    let (mut counts, mut visible) = ([0_usize; 256], 0);
    let blocks = across.div_ceil(BLOCK);
    for (rows, row_indices) in rgba.chunks(4 * across * BLOCK).zip(indices.chunks(across * BLOCK)) {
        let mut sums = vec![(0_u64, 0_u64); blocks];
        for (at, (pixel, index)) in rows.chunks_exact(4).zip(row_indices).enumerate() {
            let color = palette.get(usize::from(*index))?;
            let &[r, g, b, a] = pixel else { return None };
            if a == 0 && color[3] == 0 {
                continue;
            }
            let error = error([r, g, b, a], *color);
            *counts.get_mut(usize::from(error))? += 1;
            visible += 1;
            let (sum, count) = sums.get_mut(at % across / BLOCK)?;
            *sum += u64::from(error);
            *count += 1;
        }
        if sums.iter().any(|(sum, count)| *count >= BLOCK_PIXELS_MIN && *sum > BLOCK_ERROR_MAX * count) {
            return Some(false);
        }
    }
    let unusual: usize = counts.iter().skip(USUAL_ERROR_MAX + 1).sum();
    Some(unusual * 100 <= visible)
}

fn error(was: [u8; 4], is: [u8; 4]) -> u8 {
    let weighted = |channel: u8, alpha: u8| u16::from(channel) * u16::from(alpha) / 255;
    let channels = [(was[0], is[0]), (was[1], is[1]), (was[2], is[2]), (255, 255)];
    let errors = channels.map(|(before, after)| weighted(before, was[3]).abs_diff(weighted(after, is[3])));
    u8::try_from(errors.into_iter().max().unwrap_or(0)).unwrap_or(u8::MAX)
}
