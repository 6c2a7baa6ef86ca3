//! Animations: every frame made small, shown as long as before.

use image::metadata::{LoopCount, Orientation};
use image::{DynamicImage, Frame, Frames};
use webpx::AnimationEncoder;

use super::{
    ANIMATION_PIXELS_MAX, Decoded, FIT, FRAMES_MAX, Picture, QUALITY, THUMBNAIL, encode, finish, fit, refused,
};
use crate::{Kind, Rejection};

/// What browsers make of frames that want to be shown for 10 ms or less.
const SHORTEST_MS: u32 = 100;
/// The duration up to which they do.
const TOO_SHORT_MS: u32 = 10;

/// How often an animation repeats, as WebP counts: 0 is for ever.
pub(super) fn loops(count: LoopCount) -> u32 {
    match count {
        LoopCount::Infinite => 0,
        LoopCount::Finite(times) => times.get().min(u32::from(u16::MAX)),
    }
}

/// How often a GIF repeats, as WebP counts: its own count is of the repetitions, and missing means none.
pub(super) fn gif_loops(bytes: &[u8]) -> u32 {
    const BLOCK: &[u8] = b"\x21\xff\x0bNETSCAPE2.0\x03\x01";
    let at = bytes.windows(BLOCK.len()).position(|window| window == BLOCK).map(|at| at + BLOCK.len());
    match at.and_then(|at| bytes.get(at..at + 2)) {
        Some(&[low, high]) if (low, high) == (0, 0) => 0,
        Some(&[low, high]) => u32::from(u16::from_le_bytes([low, high]).saturating_add(1)),
        _ => 1,
    }
}

/// Counts the frames before any of them is made small: decoding alone is quick.
pub(super) fn check_length(frames: Frames<'_>) -> Result<(), Rejection> {
    let mut pixels = 0_u64;
    for (number, frame) in frames.enumerate() {
        let frame = frame.map_err(refused)?;
        pixels += u64::from(frame.buffer().width()) * u64::from(frame.buffer().height());
        if number >= FRAMES_MAX || pixels > ANIMATION_PIXELS_MAX {
            return Err(Rejection::TooManyFrames);
        }
    }
    Ok(())
}

/// An animated WebP of more than one frame, a still picture of one.
pub(super) fn animated_or_still(mut frames: Frames<'_>, loops: u32) -> Result<Picture, Rejection> {
    let first = frames.next().ok_or(Rejection::Damaged)?.map_err(refused)?;
    let Some(second) = frames.next() else {
        let picture = DynamicImage::ImageRgba8(first.into_buffer());
        return finish(Decoded { picture, orientation: Orientation::NoTransforms, profile: None });
    };
    let thumbnail = fit::within(DynamicImage::ImageRgba8(first.buffer().clone()), (THUMBNAIL, THUMBNAIL))?;
    let thumbnail = encode::webp(&thumbnail)?;
    let (width, height) = fit::size_within(first.buffer().dimensions(), FIT);
    let mut encoder = AnimationEncoder::with_options(width, height, false, loops).map_err(|_| Rejection::Damaged)?;
    encoder.set_quality(QUALITY);
    let mut at_ms = 0_i32;
    for frame in [Ok(first), second].into_iter().chain(frames) {
        let frame = frame.map_err(refused)?;
        let shown = duration_ms(&frame);
        let small = fit::within(DynamicImage::ImageRgba8(frame.into_buffer()), FIT)?.into_rgba8();
        encoder.add_frame_rgba(small.as_raw(), at_ms).map_err(|_| Rejection::Damaged)?;
        at_ms = at_ms.checked_add(shown).ok_or(Rejection::TooManyFrames)?;
    }
    let bytes = encoder.finish(at_ms).map_err(|_| Rejection::Damaged)?;
    Ok(Picture { bytes, kind: Kind::Webp, width, height, thumbnail })
}

fn duration_ms(frame: &Frame) -> i32 {
    let (numerator, denominator) = frame.delay().numer_denom_ms();
    let shown = numerator / denominator.max(1);
    i32::try_from(if shown <= TOO_SHORT_MS { SHORTEST_MS } else { shown }).unwrap_or(i32::MAX)
}
