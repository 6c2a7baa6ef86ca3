//! Orientation, colour profiles, and what is not kept.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageBuffer, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use media::Kind;
use media::picture::{Picture, frames};
use moxcms::ColorProfile;

use crate::cmyk_profile;
use crate::compositor::{Disposal, Patch, webp};
use crate::support::{CAT, assert_near, decoded, encoded, picture, png_with, quarters, riff_with};

#[test]
fn pictures_stand_upright_whatever_their_orientation_says() {
    for orientation in 1..=8 {
        let path = format!("{}/tests/files/orientation-{orientation}.jpg", env!("CARGO_MANIFEST_DIR"));
        let small = picture(Kind::Jpeg, &std::fs::read(path).unwrap());
        let upright = decoded(&small).into_rgba8();
        assert_eq!(upright.dimensions(), (48, 32), "{orientation}");
        let quarters =
            [((8, 6), [220, 20, 20]), ((40, 6), [20, 200, 20]), ((8, 26), [20, 20, 220]), ((40, 26), [240, 240, 240])];
        for ((x, y), color) in quarters {
            assert_near(*upright.get_pixel(x, y), color, 40);
        }
    }
}

/// The chunks of a RIFF file, or of a PNG.
fn chunks(picture: &Picture) -> Vec<String> {
    let (mut at, mut found) = (if picture.kind == Kind::Png { 8 } else { 12 }, Vec::new());
    while let Some(head) = picture.bytes.get(at..at + 8) {
        let (name, length) = if picture.kind == Kind::Png {
            (&head[4..8], 12 + u32::from_be_bytes(head[..4].try_into().unwrap()) as usize)
        } else {
            let length = u32::from_le_bytes(head[4..8].try_into().unwrap()) as usize;
            (&head[..4], 8 + length + length % 2)
        };
        found.push(String::from_utf8_lossy(name).into_owned());
        at += length;
    }
    found
}

#[test]
fn nothing_tells_where_and_by_whom_a_picture_was_taken() {
    let reader = exif::Reader::new();
    let before = reader.read_from_container(&mut Cursor::new(CAT)).unwrap();
    assert!(before.get_field(exif::Tag::GPSLatitude, exif::In::PRIMARY).is_some(), "the sample has a position");
    let small = picture(Kind::Jpeg, CAT);
    for bytes in [&small.bytes, &small.thumbnail] {
        assert!(reader.read_from_container(&mut Cursor::new(bytes)).is_err());
        for trace in [&b"home"[..], b"xmpmeta", b"Camera maker", b"Exif"] {
            assert!(!bytes.windows(trace.len()).any(|window| window == trace));
        }
    }
    assert_eq!(chunks(&small), ["VP8 "]);
    let mut png = Vec::new();
    let mut encoder = PngEncoder::new(&mut png);
    encoder.set_icc_profile(ColorProfile::new_display_p3().encode().unwrap()).unwrap();
    let half =
        DynamicImage::ImageRgba8(RgbaImage::from_fn(64, 64, |x, _| Rgba([200, 40, 40, u8::try_from(x * 4).unwrap()])));
    encoder.write_image(half.as_bytes(), 64, 64, half.color().into()).unwrap();
    let small = picture(Kind::Png, &png);
    let allowed = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"];
    assert!(chunks(&small).iter().all(|chunk| allowed.contains(&chunk.as_str())), "{:?}", chunks(&small));
}

#[test]
fn colours_of_a_wider_space_are_brought_into_ours() {
    let of_p3 = DynamicImage::ImageRgb8(ImageBuffer::from_pixel(32, 32, Rgb([120, 180, 60])));
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    encoder.set_icc_profile(ColorProfile::new_display_p3().encode().unwrap()).unwrap();
    encoder.encode_image(&of_p3).unwrap();
    // The same colour in sRGB, by the primaries of both (SMPTE EG 432-1, IEC 61966-2-1).
    assert_near(*decoded(&picture(Kind::Jpeg, &bytes)).into_rgba8().get_pixel(16, 16), [100, 182, 26], 10);
    let plain = encoded(&of_p3, ImageFormat::Jpeg);
    assert_near(*decoded(&picture(Kind::Jpeg, &plain)).into_rgba8().get_pixel(16, 16), [120, 180, 60], 10);
}

#[test]
fn pixels_of_another_curve_are_mixed_as_they_are_seen() {
    // Black and white lines, two of which become one; that of half of the light in between would be 146 by this curve.
    let lines = RgbImage::from_fn(3840, 16, |x, _| if x % 2 == 0 { Rgb([0; 3]) } else { Rgb([255; 3]) });
    let mut png = Vec::new();
    let mut encoder = PngEncoder::new(&mut png);
    encoder.set_icc_profile(ColorProfile::new_pro_photo_rgb().encode().unwrap()).unwrap();
    encoder.write_image(lines.as_raw(), 3840, 16, image::ExtendedColorType::Rgb8).unwrap();
    let small = decoded(&picture(Kind::Png, &png)).into_rgba8();
    assert_eq!(small.dimensions(), (1920, 8));
    assert_near(*small.get_pixel(960, 4), [128, 128, 128], 6);
}

/// An EXIF block with nothing but an orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0".to_vec();
    block[19] = orientation;
    block
}

#[track_caller]
fn assert_turned(kind: Kind, bytes: &[u8], orientation: u8) {
    let mut wanted = DynamicImage::ImageRgba8(quarters(48, 32));
    wanted.apply_orientation(image::metadata::Orientation::from_exif(orientation).unwrap());
    let wanted = wanted.into_rgba8();
    for shown in frames(kind, bytes).unwrap() {
        assert_eq!(shown.pixels.dimensions(), wanted.dimensions(), "{kind:?} {orientation}");
        for (x, y) in [(4, 4), (wanted.width() - 5, 4), (4, wanted.height() - 5)] {
            let [r, g, b, _] = wanted.get_pixel(x, y).0;
            assert_near(*shown.pixels.get_pixel(x, y), [r, g, b], 6);
        }
    }
}

#[test]
fn pictures_are_turned_whatever_their_container() {
    let picture = DynamicImage::ImageRgba8(quarters(48, 32));
    let still = encoded(&picture, ImageFormat::WebP);
    let png = encoded(&picture, ImageFormat::Png);
    let patch =
        Patch { at: (0, 0), pixels: quarters(48, 32), blends: false, disposal: Disposal::Keep, duration_ms: 50 };
    for orientation in 1..=8 {
        let plain = exif(orientation);
        let prefixed = [b"Exif\0\0", plain.as_slice()].concat();
        for block in [&plain, &prefixed] {
            assert_turned(Kind::Png, &png_with(&png, b"eXIf", block, 33), orientation);
            // Behind the pixels.
            assert_turned(Kind::Png, &png_with(&png, b"eXIf", block, png.len() - 12), orientation);
            assert_turned(Kind::Webp, &riff_with(&still, (48, 32), &[(b"EXIF", block)]), orientation);
            let moving = webp((48, 32), &[patch.clone(), patch.clone()], &[(b"EXIF", block)]);
            assert_turned(Kind::Webp, &moving, orientation);
        }
    }
}

#[test]
fn greys_of_a_profile_become_those_of_srgb() {
    // Half of the light, by a gamma of 1.8, is 188 in sRGB.
    let of_gamma = |gamma| ColorProfile::new_gray_with_gamma(gamma).encode().unwrap();
    let grey = |value| DynamicImage::ImageLuma8(ImageBuffer::from_pixel(40, 40, image::Luma([value])));
    let (half, linear) = (174_u8, 128_u8);
    for (value, profile, wanted) in
        [(half, of_gamma(1.8), 188), (linear, of_gamma(1.0), 188), (linear, of_gamma(2.2), 128)]
    {
        let picture = grey(value);
        let mut jpeg = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, 95);
        encoder.set_icc_profile(profile.clone()).unwrap();
        encoder.write_image(picture.as_bytes(), 40, 40, picture.color().into()).unwrap();
        let mut png = Vec::new();
        let mut encoder = PngEncoder::new(&mut png);
        encoder.set_icc_profile(profile.clone()).unwrap();
        encoder.write_image(picture.as_bytes(), 40, 40, picture.color().into()).unwrap();
        for (kind, bytes) in [(Kind::Jpeg, jpeg), (Kind::Png, png)] {
            let shown = frames(kind, &bytes).unwrap().swap_remove(0).pixels;
            let found = shown.get_pixel(20, 20).0[0];
            assert!(found.abs_diff(wanted) <= 2, "{kind:?}: {value} became {found}, not {wanted}");
        }
    }
}

#[test]
fn greys_of_a_profile_of_colours_are_converted_too() {
    let picture = DynamicImage::ImageLuma8(ImageBuffer::from_pixel(40, 40, image::Luma([174])));
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, 95);
    encoder.set_icc_profile(ColorProfile::new_pro_photo_rgb().encode().unwrap()).unwrap();
    encoder.write_image(picture.as_bytes(), 40, 40, picture.color().into()).unwrap();
    let shown = frames(Kind::Jpeg, &jpeg).unwrap().swap_remove(0).pixels;
    assert_near(*shown.get_pixel(20, 20), [188; 3], 2);
}

#[test]
fn inks_are_converted_by_their_profile() {
    // L*a*b* of the first ink by the profile, in sRGB.
    let cyan = [0, 158, 224];
    let bytes = crate::support::inks_jpeg([255, 0, 0, 0], Some(&cmyk_profile::encoded()));
    let shown = frames(Kind::Jpeg, &bytes).unwrap().swap_remove(0).pixels;
    assert_near(*shown.get_pixel(8, 8), cyan, 4);
    let plain = frames(Kind::Jpeg, &crate::support::inks_jpeg([255, 0, 0, 0], None)).unwrap().swap_remove(0).pixels;
    assert_near(*plain.get_pixel(8, 8), [0, 255, 255], 2);
}

#[test]
fn frames_are_converted_by_the_profile_of_their_animation() {
    let pixels = RgbaImage::from_pixel(16, 16, Rgba([128, 200, 60, 255]));
    let patch =
        |duration_ms| Patch { at: (0, 0), pixels: pixels.clone(), blends: true, disposal: Disposal::Keep, duration_ms };
    let profile = ColorProfile::new_adobe_rgb().encode().unwrap();
    let bytes = webp((16, 16), &[patch(50), patch(70)], &[(b"ICCP", &profile)]);
    let mut png = Vec::new();
    let mut encoder = PngEncoder::new(&mut png);
    encoder.set_icc_profile(profile).unwrap();
    encoder.write_image(pixels.as_raw(), 16, 16, image::ExtendedColorType::Rgba8).unwrap();
    let wanted = frames(Kind::Png, &png).unwrap().swap_remove(0).pixels;
    assert_ne!(wanted.get_pixel(8, 8), pixels.get_pixel(8, 8));
    let shown = frames(Kind::Webp, &bytes).unwrap();
    assert_eq!(shown.len(), 2);
    assert!(shown.iter().all(|frame| frame.pixels == wanted));
}

#[test]
fn samples_of_another_gamma_become_those_of_srgb() {
    let png = |picture: DynamicImage| encoded(&picture, ImageFormat::Png);
    let grey = png(DynamicImage::ImageLuma8(ImageBuffer::from_pixel(9, 9, image::Luma([128]))));
    let color = png(DynamicImage::ImageRgba8(RgbaImage::from_pixel(9, 9, Rgba([128, 128, 128, 255]))));
    // Half of the light is 188 in sRGB; most programs that write 1/2.2 mean sRGB.
    for (gamma, wanted) in [(100_000_u32, 188), (55_556, 146), (45_455, 128), (0, 128)] {
        for plain in [&grey, &color] {
            let shown = frames(Kind::Png, &png_with(plain, b"gAMA", &gamma.to_be_bytes(), 33)).unwrap();
            let found = shown[0].pixels.get_pixel(4, 4).0[1];
            assert!(found.abs_diff(wanted) <= 1, "{gamma}: {found}, not {wanted}");
        }
    }
    let known = png_with(&png_with(&color, b"gAMA", &100_000_u32.to_be_bytes(), 33), b"sRGB", &[0], 33);
    assert_eq!(frames(Kind::Png, &known).unwrap()[0].pixels.get_pixel(4, 4).0[1], 128);
}
