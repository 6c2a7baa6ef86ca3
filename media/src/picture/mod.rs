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
mod canvas;
mod color;
mod encode;
mod fit;
mod gif;
mod jpeg;
mod palette;
mod photograph;
mod png;
mod webp;

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageError, Limits, RgbaImage};

use self::animation::Animation;
use self::color::ToSrgb;
use self::jpeg::Jpeg;
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

/// A picture that is shown for a while; the only one of a picture that does not move is shown for 0 ms.
#[derive(Debug)]
pub struct Frame {
    /// Upright, in sRGB, within [`FIT`].
    pub pixels: RgbaImage,
    /// Milliseconds.
    pub duration_ms: u32,
}

/// Makes a picture small.
///
/// # Errors
/// It is damaged, or larger than we take.
pub fn optimize(kind: Kind, bytes: &[u8]) -> Result<Picture, Rejection> {
    match source(kind, bytes)? {
        Source::Jpeg(jpeg) => match jpeg.photograph()? {
            Some(photograph) => photograph.finish(),
            None => finish(jpeg.pixels()?.upright()?),
        },
        Source::Still(decoded) => finish(decoded.upright()?),
        Source::Animation(animation) => animation::animated(animation),
    }
}

/// The frames that [`optimize`] encodes, without the loss of encoding.
///
/// # Errors
/// It is damaged, or larger than we take.
pub fn frames(kind: Kind, bytes: &[u8]) -> Result<Vec<Frame>, Rejection> {
    match source(kind, bytes)? {
        Source::Jpeg(jpeg) => Ok(vec![Frame::alone(jpeg.pixels()?.upright()?)]),
        Source::Still(decoded) => Ok(vec![Frame::alone(decoded.upright()?)]),
        Source::Animation(animation) => {
            animation.shown().map(|shown| shown.map(|(pixels, duration_ms)| Frame { pixels, duration_ms })).collect()
        }
    }
}

impl Frame {
    fn alone(picture: DynamicImage) -> Self {
        Self { pixels: picture.into_rgba8(), duration_ms: 0 }
    }
}

/// A file's picture or pictures.
enum Source<'a> {
    Jpeg(Jpeg<'a>),
    Still(Decoded),
    Animation(Animation<'a>),
}

impl<'a> From<Animation<'a>> for Source<'a> {
    fn from(animation: Animation<'a>) -> Self {
        Self::Animation(animation)
    }
}

/// A picture of eight bits a channel as its file holds it.
struct Decoded {
    picture: DynamicImage,
    /// How to turn it.
    orientation: Orientation,
    /// How to convert its colours, where they are not those of sRGB.
    to_srgb: Option<ToSrgb>,
}

impl Decoded {
    fn new(picture: DynamicImage, orientation: Orientation, profile: Option<Vec<u8>>) -> Self {
        let to_srgb = profile.and_then(|profile| ToSrgb::new(picture.color(), &profile));
        Self { picture, orientation, to_srgb }
    }

    /// The small picture, upright and in sRGB.
    fn upright(self) -> Result<DynamicImage, Rejection> {
        converted(self.picture, self.orientation, self.to_srgb.as_ref())
    }
}

fn source(kind: Kind, bytes: &[u8]) -> Result<Source<'_>, Rejection> {
    match kind {
        Kind::Jpeg => Ok(Source::Jpeg(Jpeg::read(bytes)?)),
        Kind::Png => {
            let plain = png::Plain::read(bytes);
            let mut decoder = PngDecoder::with_limits(Cursor::new(plain.bytes), limits()).map_err(refused)?;
            let profile = decoder.icc_profile().map_err(refused)?.or_else(|| plain.gamma.and_then(color::of_gamma));
            Ok(Source::Still(Decoded::new(still(decoder)?, plain.orientation, profile)))
        }
        Kind::Gif => animated_or_still(gif::animation(bytes)?),
        Kind::Webp => {
            let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(refused)?;
            if decoder.has_animation() {
                return animated_or_still(webp::animation(bytes)?);
            }
            let (orientation, profile) = webp::metadata(&mut decoder)?;
            Ok(Source::Still(Decoded::new(still(decoder)?, orientation, profile)))
        }
        other => Err(Rejection::NotA(other)),
    }
}

fn animated_or_still(animation: Animation<'_>) -> Result<Source<'_>, Rejection> {
    if animation.count == 1 { Ok(Source::Still(animation.into_still()?)) } else { Ok(animation.into()) }
}

fn still<D: ImageDecoder>(mut decoder: D) -> Result<DynamicImage, Rejection> {
    check_size(&decoder)?;
    decoder.set_limits(limits()).map_err(refused)?;
    Ok(to_eight_bits(DynamicImage::from_decoder(decoder).map_err(refused)?))
}

/// The size of the small picture before it is turned upright.
fn fitted(size: (u32, u32), orientation: Orientation) -> (u32, u32) {
    let is_turned = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    fit::size_within(size, if is_turned { (FIT.1, FIT.0) } else { FIT })
}

/// From a decoded picture to a small one, upright and in sRGB.
fn converted(
    mut picture: DynamicImage,
    orientation: Orientation,
    to_srgb: Option<&ToSrgb>,
) -> Result<DynamicImage, Rejection> {
    // Colours are converted last, when there are fewer pixels, unless mixing pixels would show.
    let is_first = to_srgb.is_some_and(|it| !it.keeps_greys());
    if let Some(to_srgb) = to_srgb.filter(|_| is_first) {
        to_srgb.convert(&mut picture);
    }
    // Turning a small picture is cheaper.
    let size = fitted((picture.width(), picture.height()), orientation);
    let mut picture = fit::resized(picture, size)?;
    picture.apply_orientation(orientation);
    if let Some(to_srgb) = to_srgb.filter(|_| !is_first) {
        to_srgb.convert(&mut picture);
    }
    Ok(picture)
}

fn thumbnail(picture: &DynamicImage) -> Result<Vec<u8>, Rejection> {
    encode::webp(&fit::within(picture.clone(), (THUMBNAIL, THUMBNAIL))?)
}

/// From a small picture to the stored one.
fn finish(picture: DynamicImage) -> Result<Picture, Rejection> {
    let thumbnail = thumbnail(&picture)?;
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
