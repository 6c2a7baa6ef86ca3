//! The canvas of an animation: frames are drawn onto it and taken away again (GIF89a, section 23; WebP container
//! specification, "Canvas assembly from frames").

use image::{Rgba, RgbaImage, imageops};

use crate::Rejection;

const TRANSPARENT: Rgba<u8> = Rgba([0; 4]);

/// What happens to a frame's area before the next frame is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposal {
    /// It stays.
    Keep,
    /// It becomes transparent. Browsers do not use the file's background colour.
    Clear,
    /// It becomes what it was before the frame.
    Restore,
}

/// How a frame is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blending {
    /// Over what is there.
    Over,
    /// In place of what is there.
    Replace,
}

/// A part of an animation.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) pixels: RgbaImage,
    /// Of its upper left corner.
    pub(super) at: (u32, u32),
    pub(super) blending: Blending,
    pub(super) disposal: Disposal,
    pub(super) duration_ms: u32,
}

/// The area of the last frame, and how it is taken away.
enum Undo {
    Nothing,
    Clear { at: (u32, u32), size: (u32, u32) },
    Restore { at: (u32, u32), before: RgbaImage },
}

/// A canvas, transparent at first.
pub(super) struct Canvas {
    pixels: RgbaImage,
    undo: Undo,
}

impl Canvas {
    pub(super) fn new((width, height): (u32, u32)) -> Self {
        Self { pixels: RgbaImage::new(width, height), undo: Undo::Nothing }
    }

    /// Draws the next frame, as much of it as the canvas holds, and returns what is shown.
    pub(super) fn draw(&mut self, patch: &Patch) -> Result<&RgbaImage, Rejection> {
        match std::mem::replace(&mut self.undo, Undo::Nothing) {
            Undo::Nothing => {}
            Undo::Clear { at, size } => self.fill(at, size),
            Undo::Restore { at, before } => imageops::replace(&mut self.pixels, &before, at.0.into(), at.1.into()),
        }
        let size = self.visible(patch);
        self.undo = match patch.disposal {
            Disposal::Keep => Undo::Nothing,
            Disposal::Clear => Undo::Clear { at: patch.at, size },
            Disposal::Restore => {
                let before = imageops::crop_imm(&self.pixels, patch.at.0, patch.at.1, size.0, size.1).to_image();
                Undo::Restore { at: patch.at, before }
            }
        };
        for y in 0..size.1 {
            for x in 0..size.0 {
                let from = patch.pixels.get_pixel_checked(x, y).ok_or(Rejection::Damaged)?;
                let to = self.pixels.get_pixel_mut_checked(patch.at.0 + x, patch.at.1 + y);
                let to = to.ok_or(Rejection::Damaged)?;
                *to = match patch.blending {
                    Blending::Replace => *from,
                    Blending::Over => over(*from, *to),
                };
            }
        }
        Ok(&self.pixels)
    }

    /// What is shown, without a copy.
    pub(super) fn into_pixels(self) -> RgbaImage {
        self.pixels
    }

    fn visible(&self, patch: &Patch) -> (u32, u32) {
        let (width, height) = (self.pixels.width().saturating_sub(patch.at.0), self.pixels.height());
        (patch.pixels.width().min(width), patch.pixels.height().min(height.saturating_sub(patch.at.1)))
    }

    fn fill(&mut self, at: (u32, u32), size: (u32, u32)) {
        for y in at.1..at.1 + size.1 {
            for x in at.0..at.0 + size.0 {
                if let Some(pixel) = self.pixels.get_pixel_mut_checked(x, y) {
                    *pixel = TRANSPARENT;
                }
            }
        }
    }
}

/// Colours that are not multiplied by their alpha, one over the other, rounded to the nearest.
fn over(front: Rgba<u8>, back: Rgba<u8>) -> Rgba<u8> {
    let [r, g, b, a] = front.0;
    if a == 255 || back.0[3] == 0 {
        return if a == 0 { TRANSPARENT } else { front };
    }
    if a == 0 {
        return back;
    }
    let (front_weight, back_weight) = (u32::from(a) * 255, u32::from(back.0[3]) * (255 - u32::from(a)));
    let sum = front_weight + back_weight;
    let mix = |front: u8, back: u8| {
        let mixed = (u32::from(front) * front_weight + u32::from(back) * back_weight + sum / 2) / sum;
        u8::try_from(mixed).unwrap_or(u8::MAX)
    };
    let alpha = u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX);
    Rgba([mix(r, back.0[0]), mix(g, back.0[1]), mix(b, back.0[2]), alpha])
}
