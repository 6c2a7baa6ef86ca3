//! Reading JPEG, from the upload's own bytes.
//!
//! The layouts that cameras and programs write are decoded here, into planes that are no larger than needed
//! (`planes.rs`); jpeg-decoder reads the others. Both are told the bounds of the picture, so that neither reads what
//! follows it. What neither decodes as libjpeg does is refused (`media/tests/it/jpeg_layouts.rs` compares).

mod channel;
mod entropy;
mod layout;
mod planes;
mod progressive;
mod segments;
mod sequential;
mod transform;

use std::borrow::Cow;

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::ColorTransform;

use self::layout::Layout;
use self::planes::{Plane, Wanted};
use self::segments::ColorModel;
use self::transform::Levels;
use super::color::ToSrgb;
use super::fit::Part;
use super::photograph::{Photograph, chroma_size};
use super::{Decoded, check_dimensions, color, fitted};
use crate::Rejection;

/// A file whose segments were read and checked, and no coefficient.
pub(super) struct Jpeg<'a> {
    bytes: &'a [u8],
    layout: Layout,
    colors: ColorModel,
    engine: Engine,
    /// Pixels across and down.
    size: (u32, u32),
    orientation: Orientation,
    /// How to convert its colours, where they are not those of sRGB.
    to_srgb: Option<ToSrgb>,
}

enum Engine {
    Planes,
    Thorough,
}

impl<'a> Jpeg<'a> {
    /// A picture that breaks off is refused; one that lacks only the end marker is taken if it is not progressive, as
    /// browsers do.
    ///
    /// # Errors
    /// It is damaged, or larger than we take.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Rejection> {
        let mut layout = Layout::read(bytes)?;
        let size = (u32::from(layout.frame.width), u32::from(layout.frame.height));
        check_dimensions(size.0, size.1)?;
        layout.check()?;
        let colors = layout.frame.color_model(&layout.colors)?;
        let engine = engine(&layout, colors)?;
        let exif = layout.exif.clone().and_then(|at| bytes.get(at));
        let orientation = exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
        let to_srgb = match colors {
            ColorModel::Grey => layout.profile.take().and_then(|profile| ToSrgb::new(ColorType::L8, &profile)),
            ColorModel::YCbCr | ColorModel::Rgb => {
                layout.profile.take().and_then(|profile| ToSrgb::new(ColorType::Rgb8, &profile))
            }
            // Inks become sRGB when they become RGB.
            ColorModel::Cmyk | ColorModel::Ycck => None,
        };
        Ok(Self { bytes, layout, colors, engine, size, orientation, to_srgb })
    }

    /// The small picture, upright, as WebP stores it. `None` if it has to be made RGB on the way: where a profile says
    /// other colours than sRGB, where decoding makes RGB, and where turning would leave half a sample of chroma at the
    /// other end.
    ///
    /// # Errors
    /// It is damaged.
    pub(super) fn photograph(&self) -> Result<Option<Photograph>, Rejection> {
        let size = fitted(self.size, self.orientation);
        let is_even = size.0.is_multiple_of(2) && size.1.is_multiple_of(2);
        let is_upright = self.orientation == Orientation::NoTransforms;
        if matches!(self.engine, Engine::Thorough) || !(is_even || is_upright) || self.to_srgb.is_some() {
            return Ok(None);
        }
        let luma = Wanted { size, levels: Levels::LUMA };
        let chroma = Wanted { size: chroma_size(size), levels: Levels::CHROMA };
        let planes = planes::decode(self.bytes, &self.layout, &[luma, chroma, chroma])?;
        let photograph = match planes.as_slice() {
            [luma] => Photograph::new(&luma.part(), None, size),
            [luma, blue, red] => Photograph::new(&luma.part(), Some([&blue.part(), &red.part()]), size),
            _ => Err(Rejection::Damaged),
        };
        Ok(Some(photograph?.turned(self.orientation)))
    }

    /// The picture as the file holds it, but made small unless its colours have to be converted before. Grey stays grey,
    /// all else becomes RGB.
    ///
    /// # Errors
    /// It is damaged.
    pub(super) fn pixels(self) -> Result<Decoded, Rejection> {
        let is_whole = self.to_srgb.as_ref().is_some_and(|it| !it.keeps_greys());
        let picture = match self.engine {
            Engine::Planes if is_whole => self.of_planes(self.size)?,
            Engine::Planes => self.of_planes(fitted(self.size, self.orientation))?,
            Engine::Thorough => self.thorough()?,
        };
        Ok(Decoded { picture, orientation: self.orientation, to_srgb: self.to_srgb })
    }

    fn of_planes(&self, size: (u32, u32)) -> Result<DynamicImage, Rejection> {
        let wanted = [Wanted { size, levels: Levels::FULL }; 3];
        let planes = planes::decode(self.bytes, &self.layout, &wanted)?;
        let planes = planes.into_iter().map(|plane| plane.part().resized(size));
        let mut planes = planes.collect::<Result<Vec<_>, _>>()?;
        match planes.as_slice() {
            [_] => planes.pop().map(DynamicImage::ImageLuma8),
            [luma, blue, red] => {
                let rgb = color::ycc_to_rgb(luma.as_raw(), blue.as_raw(), red.as_raw());
                RgbImage::from_raw(size.0, size.1, rgb).map(DynamicImage::ImageRgb8)
            }
            _ => None,
        }
        .ok_or(Rejection::Damaged)
    }

    fn thorough(&self) -> Result<DynamicImage, Rejection> {
        let bytes = cleaned(self.bytes, &self.layout);
        let mut decoder = jpeg_decoder::Decoder::new(&*bytes);
        decoder.set_color_transform(match self.colors {
            ColorModel::Grey => ColorTransform::Grayscale,
            ColorModel::YCbCr => ColorTransform::YCbCr,
            ColorModel::Rgb => ColorTransform::RGB,
            ColorModel::Cmyk => ColorTransform::CMYK,
            ColorModel::Ycck => ColorTransform::YCCK,
        });
        let pixels = decoder.decode().map_err(|_| Rejection::Damaged)?;
        let (width, height) = self.size;
        match self.colors {
            ColorModel::Grey => GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8),
            ColorModel::YCbCr | ColorModel::Rgb => {
                RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
            }
            ColorModel::Cmyk | ColorModel::Ycck => {
                let rgb = color::cmyk_to_srgb(&pixels, self.layout.profile.as_deref());
                RgbImage::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8)
            }
        }
        .ok_or(Rejection::Damaged)
    }
}

impl Plane {
    fn part(&self) -> Part<'_> {
        Part { samples: &self.samples, size: self.size, area: self.area }
    }
}

/// The file up to the picture's end, without bytes that belong to no segment.
fn cleaned<'a>(bytes: &'a [u8], layout: &Layout) -> Cow<'a, [u8]> {
    match &layout.pieces {
        Some(pieces) => pieces.iter().flat_map(|piece| bytes.get(piece.clone()).unwrap_or_default()).copied().collect(),
        None => Cow::Borrowed(bytes.get(..layout.end).unwrap_or(bytes)),
    }
}

fn engine(layout: &Layout, colors: ColorModel) -> Result<Engine, Rejection> {
    let factors = layout.frame.factors();
    let is_usual = match (colors, factors.as_slice()) {
        (ColorModel::Grey, [factors]) => matches!(factors, (1 | 2, 1 | 2)),
        (ColorModel::YCbCr, [luma, (1, 1), (1, 1)]) => matches!(luma, (1 | 2, 1 | 2)),
        _ => false,
    };
    let is_one_scan = matches!(layout.scans.as_slice(), [scan] if scan.components.iter().copied().eq(0..factors.len()));
    if is_usual && is_one_scan && !layout.frame.is_progressive {
        return Ok(Engine::Planes);
    }
    if is_usual && layout.frame.is_progressive {
        // Whether the last scan is whole is known by the marker behind it.
        return if layout.has_end_marker { Ok(Engine::Planes) } else { Err(Rejection::Damaged) };
    }
    let (across, down) = layout.frame.sampling();
    let is_whole = factors.iter().all(|factor| across % factor.0 == 0 && down % factor.1 == 0);
    // Of a component by itself, jpeg-decoder expects whole units.
    let is_mixed = |factor: &(u8, u8)| (1 < factor.0 && factor.0 < across) || (1 < factor.1 && factor.1 < down);
    let has_lone = layout.scans.iter().any(|scan| scan.components.len() == 1);
    if is_whole && layout.has_end_marker && !(has_lone && factors.iter().any(is_mixed)) {
        Ok(Engine::Thorough)
    } else if layout.has_end_marker {
        Err(Rejection::Unsupported)
    } else {
        Err(Rejection::Damaged)
    }
}
