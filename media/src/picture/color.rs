//! Colours of other spaces, brought into sRGB: browsers take pictures without a profile for sRGB.

use image::DynamicImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// Converts by the picture's profile. One that does not fit the picture, or cannot be read, counts as none: then the
/// picture looks as it does in programs that know no profiles.
pub(super) fn to_srgb(picture: &mut DynamicImage, profile: &[u8]) {
    let Ok(profile) = ColorProfile::new_from_slice(profile) else {
        return;
    };
    let (layout, pixels) = match picture {
        DynamicImage::ImageRgb8(pixels) => (Layout::Rgb, pixels.as_mut()),
        DynamicImage::ImageRgba8(pixels) => (Layout::Rgba, pixels.as_mut()),
        _ => return,
    };
    if profile.color_space != DataColorSpace::Rgb {
        return;
    }
    let srgb = ColorProfile::new_srgb();
    let Ok(transform) = profile.create_transform_8bit(layout, &srgb, layout, TransformOptions::default()) else {
        return;
    };
    let source = pixels.to_vec();
    if transform.transform(&source, pixels).is_err() {
        pixels.copy_from_slice(&source);
    }
}
