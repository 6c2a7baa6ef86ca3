//! Pictures made small: upright, within 1920×1080, in sRGB, and without any metadata.
//!
//! | Came as | Stored as |
//! |---|---|
//! | anything opaque | WebP, quality 70 |
//! | anything with transparent pixels | PNG, with a palette where that is not seen |
//! | an animation | animated WebP, quality 70, same durations and repetitions |
//!
//! Nothing of the original is kept, not even where the result is larger: metadata tells where people live.
//! Bounds are checked before pixels are decoded. One pixel takes up to 4 bytes here, and up to three copies of a
//! picture are alive at the same time, of which two are small.

mod animation;
mod color;
mod encode;
mod fit;
mod jpeg;
mod png;

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, ColorType, DynamicImage, ImageDecoder, ImageError, Limits};

use self::color::ToSrgb;
use crate::{Kind, Rejection};

/// The stored picture fits into so many pixels across and down.
pub const FIT: (u32, u32) = (1920, 1080);
/// The thumbnail fits into a square of so many pixels.
pub const THUMBNAIL: u32 = 320;
/// Most pixels of a picture: more than phones' cameras make within an upload's 10 MB.
pub const PIXELS_MAX: u64 = 64_000_000;
/// Longest side, in pixels.
pub const SIDE_MAX: u32 = 20_000;
/// Most frames of an animation.
pub const FRAMES_MAX: usize = 600;
/// Most pixels of all frames of an animation together.
pub const ANIMATION_PIXELS_MAX: u64 = 100_000_000;
/// Quality of lossy WebP, 0 to 100.
pub const QUALITY: f32 = 70.0;

/// A picture, ready to be stored.
#[derive(Debug)]
pub struct Picture {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is now.
    pub kind: Kind,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// A WebP of at most [`THUMBNAIL`] pixels a side.
    pub thumbnail: Vec<u8>,
}

/// Makes a picture small.
///
/// # Errors
/// It is damaged, or larger than we take.
pub fn optimize(kind: Kind, bytes: &[u8]) -> Result<Picture, Rejection> {
    let source = Cursor::new(bytes);
    match kind {
        Kind::Jpeg => finish(jpeg::decoded(bytes)?),
        Kind::Png => {
            let plain = png::without_texts(bytes);
            still(PngDecoder::with_limits(Cursor::new(plain.as_slice()), limits()).map_err(refused)?)
        }
        Kind::Gif => {
            let frames = || {
                let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(refused)?;
                check_size(&decoder)?;
                Ok(decoder.into_frames())
            };
            animation::check_length(frames()?)?;
            animation::animated_or_still(frames()?, animation::gif_loops(bytes))
        }
        Kind::Webp => {
            let decoder = WebPDecoder::new(source).map_err(refused)?;
            if !decoder.has_animation() {
                return still(decoder);
            }
            check_size(&decoder)?;
            let loops = animation::loops(decoder.loop_count());
            animation::check_length(decoder.into_frames())?;
            let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(refused)?;
            animation::animated_or_still(decoder.into_frames(), loops)
        }
        other => Err(Rejection::NotA(other)),
    }
}

fn still<D: ImageDecoder>(mut decoder: D) -> Result<Picture, Rejection> {
    check_size(&decoder)?;
    decoder.set_limits(limits()).map_err(refused)?;
    let orientation = decoder.orientation().map_err(refused)?;
    let profile = decoder.icc_profile().map_err(refused)?;
    let picture = to_eight_bits(DynamicImage::from_decoder(decoder).map_err(refused)?);
    finish(Decoded { picture, orientation, profile })
}

/// A picture of eight bits a channel as its file holds it.
struct Decoded {
    picture: DynamicImage,
    /// How to turn it.
    orientation: Orientation,
    /// Its colours, where they are not those of sRGB.
    profile: Option<Vec<u8>>,
}

/// From a decoded picture to the stored one.
fn finish(Decoded { mut picture, orientation, profile }: Decoded) -> Result<Picture, Rejection> {
    let is_turned = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    // Turning a small picture is cheaper; the bounds are those of the upright one.
    let bounds = if is_turned { (FIT.1, FIT.0) } else { FIT };
    let to_srgb = profile.and_then(|profile| ToSrgb::new(&picture, &profile));
    // Colours are brought over last, when there are fewer pixels, unless mixing pixels would show.
    let is_first = to_srgb.as_ref().is_some_and(|it| !it.keeps_greys());
    if let Some(to_srgb) = to_srgb.as_ref().filter(|_| is_first) {
        to_srgb.convert(&mut picture);
    }
    let mut picture = fit::within(picture, bounds)?;
    picture.apply_orientation(orientation);
    if let Some(to_srgb) = to_srgb.filter(|_| !is_first) {
        to_srgb.convert(&mut picture);
    }
    let thumbnail = encode::webp(&fit::within(picture.clone(), (THUMBNAIL, THUMBNAIL))?)?;
    let (width, height) = (picture.width(), picture.height());
    let (kind, bytes) = if has_transparency(&picture) {
        (Kind::Png, encode::png(&picture)?)
    } else {
        (Kind::Webp, encode::webp(&picture)?)
    };
    Ok(Picture { bytes, kind, width, height, thumbnail })
}

fn check_size(decoder: &impl ImageDecoder) -> Result<(), Rejection> {
    let (width, height) = decoder.dimensions();
    check_dimensions(width, height)
}

fn check_dimensions(width: u32, height: u32) -> Result<(), Rejection> {
    let too_large = width > SIDE_MAX || height > SIDE_MAX || u64::from(width) * u64::from(height) > PIXELS_MAX;
    if too_large { Err(Rejection::TooManyPixels) } else { Ok(()) }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    // 16 bits a channel, four channels; and what decoders need besides.
    limits.max_alloc = Some(PIXELS_MAX * 8 + 64 * 1024 * 1024);
    limits
}

fn refused(error: ImageError) -> Rejection {
    match error {
        ImageError::Limits(_) => Rejection::TooManyPixels,
        _ => Rejection::Damaged,
    }
}

/// Grey, with or without transparency, stays grey; all else becomes RGB or RGBA of eight bits.
fn to_eight_bits(picture: DynamicImage) -> DynamicImage {
    match picture.color() {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => picture,
        ColorType::L16 => DynamicImage::ImageLuma8(picture.into_luma8()),
        ColorType::La16 => DynamicImage::ImageLumaA8(picture.into_luma_alpha8()),
        color if color.has_alpha() => DynamicImage::ImageRgba8(picture.into_rgba8()),
        _ => DynamicImage::ImageRgb8(picture.into_rgb8()),
    }
}

fn has_transparency(picture: &DynamicImage) -> bool {
    match picture {
        DynamicImage::ImageRgba8(pixels) => pixels.pixels().any(|pixel| pixel.0[3] < u8::MAX),
        DynamicImage::ImageLumaA8(pixels) => pixels.pixels().any(|pixel| pixel.0[1] < u8::MAX),
        _ => false,
    }
}
