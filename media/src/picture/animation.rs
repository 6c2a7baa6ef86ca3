//! Animations: every frame made small, shown as long as before.

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, RgbaImage};
use webpx::AnimationEncoder;

use super::canvas::{Canvas, Patch};
use super::color::ToSrgb;
use super::{ANIMATION_PIXELS_MAX, Decoded, FRAMES_MAX, Picture, QUALITY, check_dimensions, converted, thumbnail};
use crate::{Kind, Rejection};

/// What browsers make of frames that want to be shown for 10 ms or less.
const SHORTEST_MS: u32 = 100;
/// The duration up to which they do.
const TOO_SHORT_MS: u32 = 10;

/// An animation before its frames are decoded.
pub(super) struct Animation<'a> {
    /// Pixels across and down.
    pub(super) size: (u32, u32),
    /// What each frame draws.
    pub(super) frames: Box<dyn Iterator<Item = Result<Patch, Rejection>> + 'a>,
    pub(super) count: usize,
    /// How often it is shown, as WebP counts: 0 is for ever.
    pub(super) loops: u32,
    pub(super) orientation: Orientation,
    pub(super) profile: Option<Vec<u8>>,
}

/// The length of an animation, bounded before any frame is decoded.
#[derive(Default)]
pub(super) struct Length {
    frames: usize,
    pixels: u64,
}

impl Length {
    /// Counts a frame: the pixels of the canvas, which are made small, or its own, which are decoded, if they are more.
    pub(super) fn add(&mut self, canvas: (u32, u32), frame: (u32, u32)) -> Result<(), Rejection> {
        check_dimensions(canvas.0, canvas.1)?;
        check_dimensions(frame.0, frame.1)?;
        self.frames += 1;
        self.pixels +=
            [canvas, frame].map(|(width, height)| u64::from(width) * u64::from(height)).into_iter().max().unwrap_or(0);
        let is_too_long = self.frames > FRAMES_MAX || (self.frames > 1 && self.pixels > ANIMATION_PIXELS_MAX);
        if is_too_long { Err(Rejection::TooManyFrames) } else { Ok(()) }
    }

    pub(super) fn frames(&self) -> usize {
        self.frames
    }
}

/// What is shown, upright, in sRGB and small, one frame after the other.
pub(super) struct Shown<'a> {
    animation: Animation<'a>,
    canvas: Canvas,
    to_srgb: Option<ToSrgb>,
}

impl<'a> Animation<'a> {
    /// The picture of an animation that has only one frame.
    pub(super) fn into_still(mut self) -> Result<Decoded, Rejection> {
        let patch = self.frames.next().ok_or(Rejection::Damaged)??;
        let picture = if patch.at == (0, 0) && patch.pixels.dimensions() == self.size {
            patch.pixels
        } else {
            let mut canvas = Canvas::new(self.size);
            canvas.draw(&patch)?;
            canvas.into_pixels()
        };
        let picture = DynamicImage::ImageRgba8(picture);
        Ok(Decoded::new(picture, self.orientation, self.profile))
    }

    pub(super) fn shown(self) -> Shown<'a> {
        let to_srgb = self.profile.as_deref().and_then(|profile| ToSrgb::new(ColorType::Rgba8, profile));
        Shown { canvas: Canvas::new(self.size), animation: self, to_srgb }
    }
}

impl Iterator for Shown<'_> {
    type Item = Result<(RgbaImage, u32), Rejection>;

    fn next(&mut self) -> Option<Self::Item> {
        let patch = self.animation.frames.next()?;
        Some(patch.and_then(|patch| {
            let picture = DynamicImage::ImageRgba8(self.canvas.draw(&patch)?.clone());
            let shown = converted(picture, self.animation.orientation, self.to_srgb.as_ref())?;
            Ok((shown.into_rgba8(), duration_ms(patch.duration_ms)))
        }))
    }
}

/// An animated WebP and the thumbnail of its first frame.
pub(super) fn animated(animation: Animation<'_>) -> Result<Picture, Rejection> {
    let loops = animation.loops;
    let mut frames = animation.shown().peekable();
    let Some(Ok((first, _))) = frames.peek() else {
        return Err(frames.next().and_then(Result::err).unwrap_or(Rejection::Damaged));
    };
    let thumbnail = thumbnail(&DynamicImage::ImageRgba8(first.clone()))?;
    let (width, height) = first.dimensions();
    let mut encoder = AnimationEncoder::with_options(width, height, false, loops).map_err(|_| Rejection::Damaged)?;
    encoder.set_quality(QUALITY);
    let mut at_ms = 0_i32;
    for frame in frames {
        let (small, shown_ms) = frame?;
        encoder.add_frame_rgba(small.as_raw(), at_ms).map_err(|_| Rejection::Damaged)?;
        let shown_ms = i32::try_from(shown_ms).map_err(|_| Rejection::TooManyFrames)?;
        at_ms = at_ms.checked_add(shown_ms).ok_or(Rejection::TooManyFrames)?;
    }
    let bytes = encoder.finish(at_ms).map_err(|_| Rejection::Damaged)?;
    Ok(Picture { bytes, kind: Kind::Webp, width, height, thumbnail })
}

fn duration_ms(wanted: u32) -> u32 {
    if wanted <= TOO_SHORT_MS { SHORTEST_MS } else { wanted }
}
