//! Colours of other spaces, brought into sRGB: browsers take pictures without a profile for sRGB.

use std::sync::Arc;

use image::{ColorType, DynamicImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, Transform16BitExecutor, TransformOptions, curve_from_gamma};

/// Channels that are converted at a time: whole pixels of three or four.
const PIECE: usize = 12 * 2048;
/// From a channel of eight bits to one of sixteen.
const WIDEN: u16 = 257;
/// Greys that are tried.
const GREYS: u16 = 16;
/// Steps of each channel between the colours that are tried.
const LATTICE: u16 = 15;

/// The way from a picture's colours to sRGB.
pub(super) enum ToSrgb {
    /// Of a grey picture: what each grey becomes.
    Greys(Box<[u8; 256]>),
    /// Of a picture with colours.
    Colors {
        /// Of sixteen bits: from eight to eight, dark colours come out one off, of 255.
        transform: Arc<Transform16BitExecutor>,
        layout: Layout,
    },
}

impl ToSrgb {
    /// By the picture's profile. One that does not fit the picture, or cannot be read, counts as none: then the picture
    /// looks as it does in programs that know no profiles. So does one that changes no colour, as that of sRGB. Of a grey
    /// picture it may be one of greys or of RGB, as in browsers.
    pub(super) fn new(color: ColorType, profile: &[u8]) -> Option<Self> {
        Self::read(color, profile).filter(|it| !it.changes_nothing())
    }

    fn read(color: ColorType, profile: &[u8]) -> Option<Self> {
        let profile = ColorProfile::new_from_slice(profile).ok()?;
        let layout = match color {
            ColorType::L8 | ColorType::La8 => return greys(&profile),
            ColorType::Rgb8 => Layout::Rgb,
            ColorType::Rgba8 => Layout::Rgba,
            _ => return None,
        };
        if profile.color_space != DataColorSpace::Rgb {
            return None;
        }
        let transform = transform(&profile, layout, layout)?;
        Some(Self::Colors { transform, layout })
    }

    /// Whether no colour of a lattice changes by half a step of 255 or more.
    fn changes_nothing(&self) -> bool {
        let (transform, layout) = match self {
            Self::Greys(greys) => return greys.iter().zip(0..=u8::MAX).all(|(is, was)| was == *is),
            Self::Colors { transform, layout } => (transform, layout),
        };
        let levels = || (0..=LATTICE).map(|level| u16::MAX / LATTICE * level);
        let opaque = (layout.channels() == 4).then_some(u16::MAX);
        let colors: Vec<u16> = levels()
            .flat_map(|red| levels().map(move |green| (red, green)))
            .flat_map(|(red, green)| levels().map(move |blue| [red, green, blue]))
            .flat_map(|color| color.into_iter().chain(opaque))
            .collect();
        let mut converted = vec![0; colors.len()];
        let is_same = |(was, is): (&u16, &u16)| was.abs_diff(*is) <= WIDEN / 2;
        transform.transform(&colors, &mut converted).is_ok() && colors.iter().zip(&converted).all(is_same)
    }

    /// Whether greys stay what they are: then its curves are those of sRGB, and pixels may be mixed before they are
    /// converted. Otherwise the mix would be darker or lighter than that of the colours that are seen.
    pub(super) fn keeps_greys(&self) -> bool {
        let (transform, layout) = match self {
            Self::Greys(greys) => return greys.iter().zip(0..=u8::MAX).all(|(is, was)| was.abs_diff(*is) <= 1),
            Self::Colors { transform, layout } => (transform, layout),
        };
        let channels = layout.channels();
        let greys: Vec<u16> = (0..=GREYS).flat_map(|grey| vec![u16::MAX / GREYS * grey; channels]).collect();
        let mut converted = vec![0; greys.len()];
        let is_same = |(was, is): (&u16, &u16)| was.abs_diff(*is) <= WIDEN;
        transform.transform(&greys, &mut converted).is_ok() && greys.iter().zip(&converted).all(is_same)
    }

    /// Converts a picture of the kind that it was made for.
    pub(super) fn convert(&self, picture: &mut DynamicImage) {
        match (self, picture) {
            (Self::Greys(greys), DynamicImage::ImageLuma8(pixels)) => replace(pixels.as_mut(), 1, greys),
            (Self::Greys(greys), DynamicImage::ImageLumaA8(pixels)) => replace(pixels.as_mut(), 2, greys),
            (Self::Colors { transform, layout: Layout::Rgb }, DynamicImage::ImageRgb8(pixels)) => {
                convert(transform, pixels.as_mut());
            }
            (Self::Colors { transform, layout: Layout::Rgba }, DynamicImage::ImageRgba8(pixels)) => {
                convert(transform, pixels.as_mut());
            }
            _ => {}
        }
    }
}

/// A profile of sRGB's colours with another curve: light is the sample to the power of `exponent`.
pub(super) fn of_gamma(exponent: f32) -> Option<Vec<u8>> {
    let curve = Some(curve_from_gamma(exponent));
    let mut profile = ColorProfile::new_srgb();
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    // It would count in place of the curves.
    profile.cicp = None;
    profile.encode().ok()
}

/// Four channels of ink, 255 for all of it, by their profile, or as browsers do without one.
pub(super) fn cmyk_to_srgb(inks: &[u8], profile: Option<&[u8]>) -> Vec<u8> {
    let mut rgb = vec![0; inks.len() / 4 * 3];
    let profile = profile.and_then(|profile| ColorProfile::new_from_slice(profile).ok());
    let profile = profile.filter(|profile| profile.color_space == DataColorSpace::Cmyk);
    let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
    let to_srgb =
        profile.and_then(|profile| profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgb, options).ok());
    if to_srgb.is_some_and(|to_srgb| to_srgb.transform(inks, &mut rgb).is_ok()) {
        return rgb;
    }
    for (ink, color) in inks.chunks_exact(4).zip(rgb.chunks_exact_mut(3)) {
        let &[c, m, y, k] = ink else { continue };
        for (channel, ink) in color.iter_mut().zip([c, m, y]) {
            let light = u32::from(u8::MAX - ink) * u32::from(u8::MAX - k);
            *channel = u8::try_from((light + 127) / 255).unwrap_or(u8::MAX);
        }
    }
    rgb
}

/// Y′CbCr of the full range to RGB (ITU-T T.871, section 7), of three planes of the same size.
pub(super) fn ycc_to_rgb(luma: &[u8], blue: &[u8], red: &[u8]) -> Vec<u8> {
    // In units of 1/65,536.
    const RED: i32 = 91_881;
    const GREEN: (i32, i32) = (22_554, 46_802);
    const BLUE: i32 = 116_130;
    let mut rgb = vec![0; 3 * luma.len()];
    for (((color, luma), blue), red) in rgb.as_chunks_mut().0.iter_mut().zip(luma).zip(blue).zip(red) {
        let light = (i32::from(*luma) << 16) + (1 << 15);
        let (blue, red) = (i32::from(*blue) - 128, i32::from(*red) - 128);
        let sums = [light + RED * red, light - GREEN.0 * blue - GREEN.1 * red, light + BLUE * blue];
        *color = sums.map(|sum| u8::try_from((sum >> 16).clamp(0, 255)).unwrap_or(0));
    }
    rgb
}

fn transform(profile: &ColorProfile, from: Layout, to: Layout) -> Option<Arc<Transform16BitExecutor>> {
    profile.create_transform_16bit(from, &ColorProfile::new_srgb(), to, TransformOptions::default()).ok()
}

/// `None` if the profile gives greys a colour.
fn greys(profile: &ColorProfile) -> Option<ToSrgb> {
    let layout = match profile.color_space {
        DataColorSpace::Gray => Layout::Gray,
        DataColorSpace::Rgb => Layout::Rgb,
        _ => return None,
    };
    let greys = (0..=u8::MAX).flat_map(|grey| vec![u16::from(grey) * WIDEN; layout.channels()]);
    let mut colors = vec![0; 3 * 256];
    transform(profile, layout, Layout::Rgb)?.transform(&greys.collect::<Vec<_>>(), &mut colors).ok()?;
    let mut converted = Box::new([0; 256]);
    for (to, color) in converted.iter_mut().zip(colors.chunks_exact(3)) {
        let (least, most) = (color.iter().min()?, color.iter().max()?);
        if most - least > 2 * WIDEN {
            return None;
        }
        *to = narrow(*color.get(1)?);
    }
    Some(ToSrgb::Greys(converted))
}

fn replace(pixels: &mut [u8], step: usize, greys: &[u8; 256]) {
    for grey in pixels.iter_mut().step_by(step) {
        *grey = greys.get(usize::from(*grey)).copied().unwrap_or(*grey);
    }
}

fn convert(transform: &Arc<Transform16BitExecutor>, pixels: &mut [u8]) {
    let (mut wide, mut converted) = (Vec::with_capacity(PIECE), vec![0; PIECE]);
    for piece in pixels.chunks_mut(PIECE) {
        wide.clear();
        wide.extend(piece.iter().map(|channel| u16::from(*channel) * WIDEN));
        let Some(converted) = converted.get_mut(..piece.len()) else { return };
        if transform.transform(&wide, converted).is_err() {
            return;
        }
        for (channel, wide) in piece.iter_mut().zip(converted) {
            *channel = narrow(*wide);
        }
    }
}

fn narrow(wide: u16) -> u8 {
    u8::try_from((u32::from(wide) + u32::from(WIDEN) / 2) / u32::from(WIDEN)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    fn to_srgb(profile: &ColorProfile, picture: &DynamicImage) -> ToSrgb {
        ToSrgb::new(picture.color(), &profile.encode().unwrap()).unwrap()
    }

    /// Display P3 to sRGB by the formulas of both (SMPTE EG 432-1, IEC 61966-2-1), of 255.
    fn by_formula(color: [u8; 3]) -> [f64; 3] {
        const TO_SRGB: [[f64; 3]; 3] =
            [[1.224_940, -0.224_940, 0.0], [-0.042_057, 1.042_057, 0.0], [-0.019_638, -0.078_636, 1.098_274]];
        let linear = color.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        TO_SRGB.map(|row| {
            let sum: f64 = row.iter().zip(linear).map(|(factor, value)| factor * value).sum();
            let sum = sum.clamp(0.0, 1.0);
            255.0 * if sum <= 0.003_130_8 { 12.92 * sum } else { 1.055 * sum.powf(1.0 / 2.4) - 0.055 }
        })
    }

    #[test]
    fn dark_colours_come_out_as_the_formula_says() {
        let shades = [0_u8, 1, 2, 5, 9, 14, 17, 25, 40, 90, 180, 255];
        let shade = |index: u32| shades[index as usize % shades.len()];
        let colors = RgbImage::from_fn(144, 12, |x, y| Rgb([shade(x / 12), shade(x), shade(y)]));
        let mut picture = DynamicImage::ImageRgb8(colors.clone());
        to_srgb(&ColorProfile::new_display_p3(), &picture).convert(&mut picture);
        for (was, is) in colors.pixels().zip(picture.to_rgb8().pixels()) {
            for (exact, channel) in by_formula(was.0).into_iter().zip(is.0) {
                assert!((exact - f64::from(channel)).abs() < 0.6, "{was:?} became {is:?}, not {exact:.2}");
            }
        }
    }

    #[test]
    fn curves_of_other_kinds_are_told_from_our_own() {
        let picture = DynamicImage::new_rgb8(1, 1);
        assert!(to_srgb(&ColorProfile::new_display_p3(), &picture).keeps_greys());
        assert!(!to_srgb(&ColorProfile::new_adobe_rgb(), &picture).keeps_greys());
        assert!(!to_srgb(&ColorProfile::new_pro_photo_rgb(), &DynamicImage::new_rgba8(1, 1)).keeps_greys());
    }

    #[test]
    fn a_profile_that_changes_nothing_counts_as_none() {
        let (srgb, grey) = (ColorProfile::new_srgb(), ColorProfile::new_gray_with_gamma(2.2));
        for color in [ColorType::Rgb8, ColorType::Rgba8] {
            assert!(ToSrgb::new(color, &srgb.encode().unwrap()).is_none(), "{color:?}");
        }
        assert!(ToSrgb::new(ColorType::L8, &srgb.encode().unwrap()).is_none());
        assert!(ToSrgb::new(ColorType::L8, &grey.encode().unwrap()).is_some());
    }

    #[test]
    fn a_profile_that_does_not_fit_the_picture_counts_as_none() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        let grey = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
        assert!(ToSrgb::new(ColorType::Rgb8, &grey).is_none());
        assert!(ToSrgb::new(ColorType::Rgb8, &p3[..100]).is_none());
    }
}
