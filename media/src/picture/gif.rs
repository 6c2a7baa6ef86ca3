//! Reading GIF as browsers do (<https://www.w3.org/Graphics/GIF/spec-gif89a.txt>).

use std::io::{Chain, Read};

use gif::{ColorOutput, DecodeOptions, Decoder, DisposalMethod, Frame, Repeat};
use image::metadata::Orientation;
use image::{Rgba, RgbaImage};

use super::animation::{Animation, Length};
use super::canvas::{Blending, Disposal, Patch};
use crate::Rejection;

/// Ends a GIF.
const TRAILER: &[u8] = b";";
/// Milliseconds in a unit of a frame's delay.
const DELAY_UNIT_MS: u32 = 10;

type Source<'a> = Decoder<Chain<&'a [u8], &'a [u8]>>;

/// Reads the head and counts the frames. A file that ends without its last byte is whole; one that ends within a frame
/// is not.
///
/// # Errors
/// It is damaged, or longer or larger than we take.
pub(super) fn animation(bytes: &[u8]) -> Result<Animation<'_>, Rejection> {
    let mut packed = source(bytes, true)?;
    let screen = (packed.width(), packed.height());
    let mut size = None;
    let mut length = Length::default();
    while let Some(frame) = packed.read_next_frame().map_err(damaged)? {
        // Browsers enlarge the canvas to hold the first frame, and only that.
        let (right, bottom) = (frame.left.saturating_add(frame.width), frame.top.saturating_add(frame.height));
        let canvas = size.get_or_insert((u32::from(screen.0.max(right)), u32::from(screen.1.max(bottom))));
        // All of a frame is decoded, also what lies outside the canvas.
        length.add(*canvas, (u32::from(frame.width), u32::from(frame.height)))?;
    }
    let loops = match packed.repeat() {
        Repeat::Infinite => 0,
        // The count is of the repetitions; without one the animation is shown once.
        Repeat::Finite(times) => u32::from(times.saturating_add(1)),
    };
    let mut decoder = source(bytes, false)?;
    let frames = std::iter::from_fn(move || next(&mut decoder).transpose());
    Ok(Animation {
        size: size.ok_or(Rejection::Damaged)?,
        frames: Box::new(frames),
        count: length.frames(),
        loops,
        orientation: Orientation::NoTransforms,
        profile: None,
    })
}

fn source(bytes: &[u8], skips_pixels: bool) -> Result<Source<'_>, Rejection> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(gif::MemoryLimit::Unlimited);
    options.allow_unknown_blocks(true);
    options.skip_frame_decoding(skips_pixels);
    options.read_info(bytes.chain(TRAILER)).map_err(damaged)
}

fn next(decoder: &mut Source<'_>) -> Result<Option<Patch>, Rejection> {
    let global = decoder.global_palette().map(<[u8]>::to_vec);
    let Some(frame) = decoder.read_next_frame().map_err(damaged)? else { return Ok(None) };
    let palette = frame.palette.as_deref().or(global.as_deref()).unwrap_or_default();
    let colors: Vec<Rgba<u8>> = (0..=u8::MAX).map(|index| color(frame, palette, index)).collect();
    let pixels = frame.buffer.iter().flat_map(|index| colors.get(usize::from(*index)).map_or([0; 4], |it| it.0));
    let pixels = RgbaImage::from_raw(u32::from(frame.width), u32::from(frame.height), pixels.collect());
    Ok(Some(Patch {
        pixels: pixels.ok_or(Rejection::Damaged)?,
        at: (u32::from(frame.left), u32::from(frame.top)),
        blending: Blending::Over,
        disposal: match frame.dispose {
            DisposalMethod::Any | DisposalMethod::Keep => Disposal::Keep,
            DisposalMethod::Background => Disposal::Clear,
            DisposalMethod::Previous => Disposal::Restore,
        },
        duration_ms: u32::from(frame.delay) * DELAY_UNIT_MS,
    }))
}

/// Indices without a colour are black, as in browsers.
fn color(frame: &Frame<'_>, palette: &[u8], index: u8) -> Rgba<u8> {
    if frame.transparent == Some(index) {
        return Rgba([0; 4]);
    }
    match palette.chunks_exact(3).nth(usize::from(index)) {
        Some(&[r, g, b]) => Rgba([r, g, b, 255]),
        _ => Rgba([0, 0, 0, 255]),
    }
}

fn damaged(_: gif::DecodingError) -> Rejection {
    Rejection::Damaged
}
