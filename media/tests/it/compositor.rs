//! A small compositor of animations, by the words of the specifications, with real numbers and premultiplied colours:
//! nothing of it is shared with the one that it checks. Random animations for it, and their files.

use image::{Rgba, RgbaImage};
use media::picture::Frame;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposal {
    Keep,
    Clear,
    Restore,
}

#[derive(Clone, Debug)]
pub(crate) struct Patch {
    pub(crate) at: (u32, u32),
    pub(crate) pixels: RgbaImage,
    pub(crate) blends: bool,
    pub(crate) disposal: Disposal,
    pub(crate) duration_ms: u32,
}

/// What is shown after each frame.
fn composed(size: (u32, u32), patches: &[Patch]) -> Vec<RgbaImage> {
    let mut canvas = vec![[0.0_f64; 4]; (size.0 * size.1) as usize];
    let mut shown = Vec::new();
    for patch in patches {
        let before = canvas.clone();
        let places: Vec<(usize, Rgba<u8>)> = patch
            .pixels
            .enumerate_pixels()
            .map(|(x, y, pixel)| (patch.at.0 + x, patch.at.1 + y, *pixel))
            .filter(|(x, y, _)| *x < size.0 && *y < size.1)
            .map(|(x, y, pixel)| ((y * size.0 + x) as usize, pixel))
            .collect();
        for (at, pixel) in &places {
            let alpha = f64::from(pixel.0[3]) / 255.0;
            let left = if patch.blends { 1.0 - alpha } else { 0.0 };
            for (channel, to) in canvas[*at].iter_mut().enumerate() {
                let value = if channel == 3 { alpha } else { f64::from(pixel.0[channel]) / 255.0 * alpha };
                *to = value + *to * left;
            }
        }
        let pixel = |x: u32, y: u32| {
            let [r, g, b, a] = canvas[(y * size.0 + x) as usize];
            let straight = |value: f64| if a > 0.0 { (255.0 * value / a).round() as u8 } else { 0 };
            Rgba([straight(r), straight(g), straight(b), (255.0 * a).round() as u8])
        };
        shown.push(RgbaImage::from_fn(size.0, size.1, pixel));
        match patch.disposal {
            Disposal::Keep => {}
            Disposal::Clear => places.iter().for_each(|(at, _)| canvas[*at] = [0.0; 4]),
            Disposal::Restore => canvas = before,
        }
    }
    shown
}

/// Where the frames that were found are not those of the patches. Colours of transparent pixels do not count, and those
/// of others only as far as they are seen.
pub(crate) fn first_difference(found: &[Frame], size: (u32, u32), patches: &[Patch]) -> Option<String> {
    let wanted = composed(size, patches);
    if found.len() != wanted.len() {
        return Some(format!("{} frames, not {}", found.len(), wanted.len()));
    }
    let seen = |pixel: &Rgba<u8>, channel: usize| i32::from(pixel.0[channel]) * i32::from(pixel.0[3]) / 255;
    for (number, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        if found.pixels.dimensions() != wanted.dimensions() {
            return Some(format!("frame {number} has {:?}, not {:?}", found.pixels.dimensions(), wanted.dimensions()));
        }
        for ((x, y, is), was) in found.pixels.enumerate_pixels().zip(wanted.pixels()) {
            let is_near = (0..3).all(|channel| (seen(is, channel) - seen(was, channel)).abs() <= 3);
            if !is_near || is.0[3].abs_diff(was.0[3]) > 2 {
                return Some(format!("frame {number}, at {x}, {y}: {is:?} is not {was:?}"));
            }
        }
    }
    None
}

/// xorshift64*.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % u64::from(bound)) as u32
    }
}

/// Frames of a few colours within a canvas. `even`: at even places, as WebP has them; otherwise transparent or opaque,
/// as in GIF, and also beyond the canvas.
pub(crate) fn random_patches(random: &mut Random, size: (u32, u32), even: bool) -> Vec<Patch> {
    let colors: Vec<[u8; 3]> = (0..5).map(|_| [0; 3].map(|_: u8| random.below(256) as u8)).collect();
    let count = 2 + random.below(6);
    let mut patches = Vec::new();
    for number in 0..count {
        let step = if even { 2 } else { 1 };
        let at = (random.below(size.0 / step) * step, random.below(size.1 / step) * step);
        let at = if random.below(4) == 0 || (number == 0 && !even) { (0, 0) } else { at };
        let most = (size.0 - at.0, size.1 - at.1);
        let beyond = if even || number == 0 { 0 } else { random.below(5) };
        let side = |random: &mut Random, most: u32| if random.below(3) == 0 { most } else { 1 + random.below(most) };
        let (width, height) = (side(random, most.0) + beyond, side(random, most.1) + beyond);
        let pixels = RgbaImage::from_fn(width, height, |_, _| {
            let [r, g, b] = colors[random.below(5) as usize];
            let alpha = if even { [0, 60, 140, 255, 255] } else { [0, 0, 255, 255, 255] }[random.below(5) as usize];
            if alpha == 0 { Rgba([0; 4]) } else { Rgba([r, g, b, alpha]) }
        });
        let disposal =
            [Disposal::Keep, Disposal::Clear, Disposal::Restore][random.below(if even { 2 } else { 3 }) as usize];
        let blends = !even || random.below(2) == 0;
        patches.push(Patch { at, pixels, blends, disposal, duration_ms: 20 + 10 * random.below(20) });
    }
    patches
}

/// A GIF of the frames. Its palette is that of each frame.
pub(crate) fn gif(screen: (u32, u32), patches: &[Patch]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, screen.0 as u16, screen.1 as u16, &[]).unwrap();
    for (number, patch) in patches.iter().enumerate() {
        let mut pixels = patch.pixels.clone().into_raw();
        let (width, height) = patch.pixels.dimensions();
        let mut frame = gif::Frame::from_rgba_speed(width as u16, height as u16, &mut pixels, 1);
        (frame.left, frame.top) = (patch.at.0 as u16, patch.at.1 as u16);
        frame.delay = (patch.duration_ms / 10) as u16;
        frame.dispose = match patch.disposal {
            Disposal::Keep if number % 2 == 0 => gif::DisposalMethod::Any,
            Disposal::Keep => gif::DisposalMethod::Keep,
            Disposal::Clear => gif::DisposalMethod::Background,
            Disposal::Restore => gif::DisposalMethod::Previous,
        };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = name.to_vec();
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes.extend(vec![0; data.len() % 2]);
    bytes
}

/// An animated WebP of the frames, lossless, with a background colour that nothing shows, and with further chunks.
pub(crate) fn webp(size: (u32, u32), patches: &[Patch], extra: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let number = |value: u32| value.to_le_bytes()[..3].to_vec();
    let flag = |name: &[u8; 4]| if name == b"ICCP" { 0x20 } else { 0x08 };
    let flags = extra.iter().fold(0x12_u8, |flags, (name, _)| flags | flag(name));
    let mut body = chunk(b"VP8X", &[vec![flags, 0, 0, 0], number(size.0 - 1), number(size.1 - 1)].concat());
    body.extend(extra.iter().filter(|(name, _)| *name == b"ICCP").flat_map(|(name, data)| chunk(name, data)));
    body.extend(chunk(b"ANIM", &[255, 0, 255, 255, 0, 0]));
    for patch in patches {
        let (width, height) = patch.pixels.dimensions();
        let mut still = Vec::new();
        image::codecs::webp::WebPEncoder::new_lossless(&mut still)
            .encode(&patch.pixels, width, height, image::ExtendedColorType::Rgba8)
            .unwrap();
        let at = still.windows(4).position(|name| name == b"VP8L").unwrap();
        let mut data = [number(patch.at.0 / 2), number(patch.at.1 / 2), number(width - 1), number(height - 1)].concat();
        data.extend(number(patch.duration_ms));
        data.push(u8::from(!patch.blends) << 1 | u8::from(patch.disposal == Disposal::Clear));
        data.extend(&still[at..]);
        body.extend(chunk(b"ANMF", &data));
    }
    body.extend(extra.iter().filter(|(name, _)| *name != b"ICCP").flat_map(|(name, data)| chunk(name, data)));
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((body.len() as u32 + 4).to_le_bytes());
    bytes.extend(b"WEBP");
    bytes.extend(body);
    bytes
}
