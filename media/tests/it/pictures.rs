//! Photographs, graphics, and how they look afterwards.

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageBuffer, ImageEncoder, ImageFormat, Rgb, Rgba, RgbaImage};
use media::Kind;
use media::picture::THUMBNAIL;

use crate::support::{CAT, assert_near, decoded, encoded, picture};

#[test]
fn a_photograph_becomes_a_small_webp_with_a_thumbnail_and_looks_the_same() {
    let small = picture(Kind::Jpeg, CAT);
    assert_eq!((small.kind, small.width, small.height), (Kind::Webp, 451, 300));
    assert!(small.bytes.len() < CAT.len(), "{} of {}", small.bytes.len(), CAT.len());
    let (before, after) = (image::load_from_memory(CAT).unwrap().into_rgb8(), decoded(&small).into_rgb8());
    let difference: u64 = before.iter().zip(after.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(difference < 6 * before.len() as u64, "{}", difference as f64 / before.len() as f64);
    let thumbnail = image::load_from_memory_with_format(&small.thumbnail, ImageFormat::WebP).unwrap();
    assert_eq!((thumbnail.width(), thumbnail.height()), (THUMBNAIL, 213));
}

#[test]
fn large_pictures_are_fitted_and_small_ones_never_enlarged() {
    for (size, fitted) in
        [((3000, 2000), (1620, 1080)), ((2000, 3000), (720, 1080)), ((3, 2), (3, 2)), ((1, 4000), (1, 1080))]
    {
        let small = picture(Kind::Jpeg, &encoded(&DynamicImage::new_rgb8(size.0, size.1), ImageFormat::Jpeg));
        assert_eq!((small.width, small.height), fitted, "{size:?}");
        assert_eq!((decoded(&small).width(), decoded(&small).height()), fitted);
    }
}

#[test]
fn turned_pictures_are_fitted_as_they_stand() {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 60);
    // An EXIF segment with nothing but the orientation 6.
    let exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    encoder.set_exif_metadata(exif).unwrap();
    encoder.encode_image(&DynamicImage::new_rgb8(2000, 3000)).unwrap();
    let small = picture(Kind::Jpeg, &bytes);
    assert_eq!((small.width, small.height), (1620, 1080));
}

#[test]
fn cmyk_grey_and_progressive_pictures_look_as_they_should() {
    let cat = image::load_from_memory(CAT).unwrap().resize_exact(225, 150, image::imageops::FilterType::Lanczos3);
    for (name, bytes) in [
        ("cmyk", &include_bytes!("../files/cmyk.jpg")[..]),
        ("grey", include_bytes!("../files/grey.jpg")),
        ("progressive", include_bytes!("../files/progressive.jpg")),
    ] {
        let small = picture(Kind::Jpeg, bytes);
        assert_eq!((small.kind, small.width, small.height), (Kind::Webp, 225, 150), "{name}");
        let (before, after) = (cat.to_luma8(), decoded(&small).into_luma8());
        let difference: u64 = before.iter().zip(after.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(difference < 12 * before.len() as u64, "{name}: {}", difference as f64 / before.len() as f64);
    }
}

#[test]
fn sixteen_bits_become_eight_and_opaque_pngs_webp() {
    let deep = DynamicImage::ImageRgb16(ImageBuffer::from_pixel(40, 30, Rgb([0x8000, 0x4000, 0xc000])));
    let small = picture(Kind::Png, &encoded(&deep, ImageFormat::Png));
    assert_eq!(small.kind, Kind::Webp);
    assert_near(*decoded(&small).into_rgba8().get_pixel(20, 15), [128, 64, 192], 8);
}

#[test]
fn graphics_with_transparency_stay_sharp_pngs() {
    let edge = RgbaImage::from_fn(400, 300, |x, y| match (x < 200, y < 150) {
        (true, true) => Rgba([255, 0, 0, 255]),
        (false, true) => Rgba([0, 0, 255, 128]),
        (true, false) => Rgba([0, 255, 0, 255]),
        (false, false) => Rgba([0, 0, 0, 0]),
    });
    let came = encoded(&DynamicImage::ImageRgba8(edge.clone()), ImageFormat::Png);
    let small = picture(Kind::Png, &came);
    assert_eq!(small.kind, Kind::Png);
    assert!(small.bytes.len() < came.len());
    let after = decoded(&small).into_rgba8();
    for (x, y) in [(100, 75), (199, 149), (300, 75), (100, 200), (300, 200)] {
        let (was, is) = (edge.get_pixel(x, y), after.get_pixel(x, y));
        assert_eq!(was.0[3], is.0[3]);
        assert!(was.0[3] == 0 || was == is, "{was:?} {is:?}");
    }
}

#[test]
fn a_photograph_with_transparency_is_not_forced_into_a_palette() {
    let noisy = RgbaImage::from_fn(256, 256, |x, y| {
        let mix = |seed: u32| u8::try_from((x * 7919 + y * 104_729 * seed + x * y * seed) % 256).unwrap();
        Rgba([mix(1), mix(2), mix(3), if x < 4 { 0 } else { 255 }])
    });
    let small = picture(Kind::Png, &encoded(&DynamicImage::ImageRgba8(noisy.clone()), ImageFormat::Png));
    let after = decoded(&small).into_rgba8();
    assert_eq!(after.get_pixel(100, 100), noisy.get_pixel(100, 100));
}

#[test]
fn grey_stays_grey() {
    let grey =
        ImageBuffer::from_fn(64, 64, |x, y| image::LumaA([u8::try_from(x * 4).unwrap(), u8::try_from(y * 4).unwrap()]));
    let small = picture(Kind::Png, &encoded(&DynamicImage::ImageLumaA8(grey), ImageFormat::Png));
    let after = decoded(&small).into_rgba8();
    assert!(after.pixels().all(|pixel| pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2]));
}

/// The largest error of all but one in a hundred visible pixels.
fn usual_error(before: &RgbaImage, after: &RgbaImage) -> u8 {
    let pairs = before.pixels().zip(after.pixels()).filter(|(was, _)| was.0[3] > 0);
    let mut errors: Vec<u8> =
        pairs.map(|(was, is)| (0..4).map(|channel| was.0[channel].abs_diff(is.0[channel])).max().unwrap()).collect();
    errors.sort_unstable();
    errors[errors.len() * 99 / 100]
}

#[test]
fn a_gradient_amid_transparency_is_not_posterised() {
    for side in [100, 400, 900] {
        let from = (1000 - side) / 2;
        let inside = |at: u32| (from..from + side).contains(&at);
        let shade = |at: u32| u8::try_from((at - from) * 255 / side).unwrap();
        let picture = RgbaImage::from_fn(1000, 1000, |x, y| match inside(x) && inside(y) {
            true => Rgba([shade(x), shade(y), 255 - shade(x), 255]),
            false => Rgba([0; 4]),
        });
        let came = encoded(&DynamicImage::ImageRgba8(picture.clone()), ImageFormat::Png);
        let small = super::support::picture(Kind::Png, &came);
        assert_eq!((small.kind, small.width, small.height), (Kind::Png, 1000, 1000));
        assert!(usual_error(&picture, &decoded(&small).into_rgba8()) <= 6, "{side}");
    }
}

#[test]
fn a_small_photograph_in_a_flat_graphic_is_not_posterised() {
    let picture = RgbaImage::from_fn(1200, 800, |x, y| match (x, y) {
        (0..40, _) => Rgba([0; 4]),
        (600..664, 400..464) => Rgba([
            u8::try_from((x * 37 + y * 11) % 256).unwrap(),
            u8::try_from((x * 5 + y * 91) % 256).unwrap(),
            u8::try_from((x * y) % 256).unwrap(),
            255,
        ]),
        _ => Rgba([30, 90, 160, 255]),
    });
    let came = encoded(&DynamicImage::ImageRgba8(picture.clone()), ImageFormat::Png);
    let after = decoded(&super::support::picture(Kind::Png, &came)).into_rgba8();
    for (x, y) in [(600, 400), (630, 440), (663, 463)] {
        assert_near(*after.get_pixel(x, y), [0, 1, 2].map(|channel| picture.get_pixel(x, y).0[channel]), 6);
    }
}
