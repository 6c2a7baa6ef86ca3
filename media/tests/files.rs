//! Files as users have them, and as attackers make them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and says where"
)]

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPDecoder;
use image::{
    AnimationDecoder, Delay, DynamicImage, Frame, ImageBuffer, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba,
    RgbaImage,
};
use media::picture::{ANIMATION_PIXELS_MAX, FRAMES_MAX, Picture, SIDE_MAX, THUMBNAIL};
use media::{Kind, Processed, Rejection, process};
use moxcms::ColorProfile;

const CAT: &[u8] = include_bytes!("files/cat.jpg");
const DOCX: &[u8] = include_bytes!("files/document.docx");
const XLSX: &[u8] = include_bytes!("files/workbook.xlsx");
const PPTX: &[u8] = include_bytes!("files/slides.pptx");
const PDF: &[u8] = include_bytes!("files/document.pdf");

#[track_caller]
fn picture(kind: Kind, bytes: &[u8]) -> Picture {
    match process(kind, bytes) {
        Ok(Processed::Picture(picture)) => picture,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(kind: Kind, bytes: &[u8]) -> Rejection {
    process(kind, bytes).unwrap_err()
}

#[track_caller]
fn decoded(picture: &Picture) -> DynamicImage {
    let format = if picture.kind == Kind::Png { ImageFormat::Png } else { ImageFormat::WebP };
    image::load_from_memory_with_format(&picture.bytes, format).unwrap()
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[track_caller]
fn assert_near(found: Rgba<u8>, wanted: [u8; 3], most: u8) {
    let near = (0..3).all(|channel| found.0[channel].abs_diff(wanted[channel]) <= most);
    assert!(near, "{found:?} is not {wanted:?}");
}

/// A soft gradient, as photographs have them.
fn gradient(width: u32, height: u32) -> DynamicImage {
    let shade = |part: u32, whole: u32| u8::try_from(part * 255 / whole.max(1)).unwrap();
    let pixel = |x, y| Rgb([shade(x, width), shade(y, height), shade(x / 2 + y / 2, (width + height) / 2)]);
    DynamicImage::ImageRgb8(ImageBuffer::from_fn(width, height, pixel))
}

// ---- Pictures

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
        let small = picture(Kind::Jpeg, &encoded(&gradient(size.0, size.1), ImageFormat::Jpeg));
        assert_eq!((small.width, small.height), fitted, "{size:?}");
        assert_eq!((decoded(&small).width(), decoded(&small).height()), fitted);
    }
}

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

#[test]
fn turned_pictures_are_fitted_as_they_stand() {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 60);
    // An EXIF segment with nothing but the orientation 6.
    let exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    encoder.set_exif_metadata(exif).unwrap();
    encoder.encode_image(&gradient(2000, 3000)).unwrap();
    let small = picture(Kind::Jpeg, &bytes);
    assert_eq!((small.width, small.height), (1620, 1080));
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

#[test]
fn cmyk_grey_and_progressive_pictures_look_as_they_should() {
    let cat = image::load_from_memory(CAT).unwrap().resize_exact(225, 150, image::imageops::FilterType::Lanczos3);
    for (name, bytes) in [
        ("cmyk", &include_bytes!("files/cmyk.jpg")[..]),
        ("grey", include_bytes!("files/grey.jpg")),
        ("progressive", include_bytes!("files/progressive.jpg")),
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

fn animation(frames: usize, size: u32, repeat: Option<Repeat>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
    if let Some(repeat) = repeat {
        encoder.set_repeat(repeat).unwrap();
    }
    for number in 0..frames {
        let color = Rgba([u8::try_from(number * 60 % 256).unwrap(), 80, 160, 255]);
        let delay = Delay::from_numer_denom_ms(70, 1);
        encoder.encode_frame(Frame::from_parts(RgbaImage::from_pixel(size, size, color), 0, 0, delay)).unwrap();
    }
    drop(encoder);
    bytes
}

#[test]
fn animations_stay_animated_with_their_times_and_repetitions() {
    for (repeat, wanted) in [(Some(Repeat::Infinite), 0), (Some(Repeat::Finite(2)), 3), (None, 1)] {
        let small = picture(Kind::Gif, &animation(4, 64, repeat));
        assert_eq!((small.kind, small.width, small.height), (Kind::Webp, 64, 64));
        let decoder = WebPDecoder::new(Cursor::new(&small.bytes)).unwrap();
        assert!(decoder.has_animation());
        let loops = match decoder.loop_count() {
            image::metadata::LoopCount::Infinite => 0,
            image::metadata::LoopCount::Finite(times) => times.get(),
        };
        assert_eq!(loops, wanted);
        let frames: Vec<Frame> = decoder.into_frames().collect::<Result<_, _>>().unwrap();
        let shown: u32 = frames.iter().map(|frame| frame.delay().numer_denom_ms().0).sum();
        assert_eq!(shown, 4 * 70);
        assert_near(*frames.last().unwrap().buffer().get_pixel(32, 32), [180, 80, 160], 12);
        // An animated WebP goes the same way.
        assert_eq!(picture(Kind::Webp, &small.bytes).kind, Kind::Webp);
    }
}

#[test]
fn a_gif_of_one_frame_is_a_still_picture() {
    let small = picture(Kind::Gif, &animation(1, 20, None));
    assert_eq!(small.kind, Kind::Webp);
    assert!(!WebPDecoder::new(Cursor::new(&small.bytes)).unwrap().has_animation());
}

#[test]
fn too_many_frames_or_too_large_ones_are_refused_in_time() {
    let many = animation(10_000, 8, None);
    let side = 2000_u32;
    let frames = usize::try_from(ANIMATION_PIXELS_MAX / u64::from(side * side)).unwrap() + 1;
    assert!(frames < FRAMES_MAX);
    let large = animation(frames, side, None);
    let started = Instant::now();
    assert_eq!(refused(Kind::Gif, &many), Rejection::TooManyFrames);
    assert_eq!(refused(Kind::Gif, &large), Rejection::TooManyFrames);
    assert!(started.elapsed() < Duration::from_secs(55), "within the function's time: {:?}", started.elapsed());
}

/// A PNG's head that promises this size, with the checksum that it needs.
fn png_promising(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(&gradient(1, 1), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut checksum = flate2::Crc::new();
    checksum.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.sum().to_be_bytes());
    bytes
}

#[test]
fn promised_sizes_are_refused_before_anything_is_decoded() {
    let started = Instant::now();
    for (width, height) in [(30_000, 30_000), (SIDE_MAX + 1, 1), (9000, 9000), (u32::MAX >> 1, u32::MAX >> 1)] {
        let refusal = refused(Kind::Png, &png_promising(width, height));
        assert!(matches!(refusal, Rejection::TooManyPixels | Rejection::Damaged), "{width}×{height}: {refusal:?}");
    }
    let mut jpeg = CAT.to_vec();
    let frame = jpeg.windows(2).position(|pair| pair == b"\xff\xc0").unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    assert_eq!(refused(Kind::Jpeg, &jpeg), Rejection::TooManyPixels);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn compressed_metadata_does_not_unpack_into_memory() {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..256 {
        packed.write_all(&vec![b'x'; 1024 * 1024]).unwrap();
    }
    let packed = packed.finish().unwrap();
    let plain = encoded(&gradient(32, 32), ImageFormat::Png);
    for name in [b"zTXt", b"iCCP"] {
        let mut chunk = name.to_vec();
        chunk.extend(b"Comment\0\0");
        chunk.extend(&packed);
        let mut bytes = plain[..33].to_vec();
        bytes.extend(u32::try_from(chunk.len() - 4).unwrap().to_be_bytes());
        bytes.extend(&chunk);
        let mut checksum = flate2::Crc::new();
        checksum.update(&chunk);
        bytes.extend(checksum.sum().to_be_bytes());
        bytes.extend(&plain[33..]);
        let started = Instant::now();
        assert_eq!(picture(Kind::Png, &bytes).kind, Kind::Webp, "it is read without it");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
}

#[test]
fn broken_off_and_empty_pictures_are_refused() {
    let gif = animation(3, 64, None);
    let webp = picture(Kind::Jpeg, CAT).bytes;
    let png = encoded(&gradient(200, 200), ImageFormat::Png);
    for (kind, bytes) in [(Kind::Png, &png), (Kind::Gif, &gif), (Kind::Webp, &webp)] {
        assert_eq!(refused(kind, &bytes[..bytes.len() / 2]), Rejection::Damaged, "{kind:?}");
    }
    for kind in Kind::ALL {
        assert_eq!(refused(kind, b""), Rejection::Empty);
    }
}

#[test]
fn a_jpeg_that_breaks_off_is_refused() {
    assert_eq!(refused(Kind::Jpeg, &CAT[..CAT.len() / 2]), Rejection::Damaged);
}

#[test]
fn what_hangs_on_a_picture_is_dropped() {
    let mut polyglot = CAT.to_vec();
    polyglot.extend(b"<script>alert(1)</script>");
    polyglot.extend(DOCX);
    let small = picture(Kind::Jpeg, &polyglot);
    assert!(!small.bytes.windows(8).any(|window| window == b"<script>"));
    assert!(!small.bytes.windows(4).any(|window| window == b"PK\x03\x04"));
}

#[test]
fn damage_anywhere_never_panics_and_never_takes_long() {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below as u64).unwrap()
    };
    let samples = [
        (Kind::Jpeg, include_bytes!("files/progressive.jpg").to_vec()),
        (Kind::Png, encoded(&gradient(60, 40), ImageFormat::Png)),
        (Kind::Gif, animation(3, 24, None)),
        (Kind::Webp, picture(Kind::Jpeg, include_bytes!("files/orientation-1.jpg")).bytes),
        (Kind::Docx, DOCX.to_vec()),
        (Kind::Pdf, PDF.to_vec()),
        (Kind::Xls, compound("/Workbook")),
    ];
    for (kind, sample) in samples {
        for _ in 0..150 {
            let mut bytes = sample.clone();
            for _ in 0..=next(6) {
                let at = next(bytes.len());
                bytes[at] = u8::try_from(next(256)).unwrap();
            }
            bytes.truncate(bytes.len() - next(bytes.len() / 4));
            let started = Instant::now();
            let _ = process(kind, &bytes);
            assert!(started.elapsed() < Duration::from_secs(10), "{kind:?}");
        }
    }
}

// ---- Documents

fn compound(stream: &str) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream(stream).unwrap().write_all(b"Pay rent").unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn documents_of_every_kind_are_kept_as_they_are() {
    let (doc, xls, book, ppt) =
        (compound("/WordDocument"), compound("/Workbook"), compound("/Book"), compound("/PowerPoint Document"));
    for (kind, bytes) in [
        (Kind::Docx, DOCX),
        (Kind::Xlsx, XLSX),
        (Kind::Pptx, PPTX),
        (Kind::Pdf, PDF),
        (Kind::Doc, &doc),
        (Kind::Xls, &xls),
        (Kind::Xls, &book),
        (Kind::Ppt, &ppt),
        (Kind::Txt, "Miete zahlen – €500\r\n\t<b>bold</b>".as_bytes()),
        (Kind::Txt, b"\xff\xfeP\0a\0y\0"),
        (Kind::Txt, b"\xe9t\xe9 in a code page"),
    ] {
        assert!(matches!(process(kind, bytes), Ok(Processed::Unchanged)), "{kind:?}");
    }
}

#[test]
fn a_file_of_one_kind_is_none_of_another() {
    let doc = compound("/WordDocument");
    let exe = b"MZ\x90\0\x03\0\0\0This program cannot be run in DOS mode";
    let html = b"<!DOCTYPE html><html><script>alert(1)</script></html>";
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    for (kind, bytes) in [
        (Kind::Png, &exe[..]),
        (Kind::Jpeg, svg),
        (Kind::Png, CAT),
        (Kind::Webp, b"RIFF\0\0\0\0WAVEfmt "),
        (Kind::Pdf, html),
        (Kind::Docx, html),
        (Kind::Docx, XLSX),
        (Kind::Xlsx, PPTX),
        (Kind::Pptx, DOCX),
        (Kind::Docx, &archive(&[("hello.txt", b"hello")])),
        (Kind::Docx, &archive(&[("word/document.xml", b"<w/>"), ("[Content_Types].xml", b"<Types/>")])),
        (Kind::Xls, &doc),
        (Kind::Ppt, &doc),
        (Kind::Doc, DOCX),
        (Kind::Txt, html),
        (Kind::Txt, svg),
        (Kind::Txt, exe),
        (Kind::Txt, PDF),
        (Kind::Txt, b"text\0with a null"),
    ] {
        assert_eq!(refused(kind, bytes), Rejection::NotA(kind), "{kind:?}");
    }
}

#[test]
fn documents_that_hide_something_are_refused() {
    let mut pdf = PDF.to_vec();
    pdf.extend(archive(&[("evil.exe", b"MZ")]));
    assert!(matches!(refused(Kind::Pdf, &pdf), Rejection::Polyglot | Rejection::Damaged));
    let mut prefixed = b"PK\x03\x04 not really".to_vec();
    prefixed.extend(DOCX);
    assert!(matches!(refused(Kind::Docx, &prefixed), Rejection::Polyglot | Rejection::Damaged));
    let types = b"<Override ContentType=\"x.wordprocessingml.document.main+xml\"/>";
    let parts: [(&str, &[u8]); 3] =
        [("[Content_Types].xml", types), ("word/document.xml", b"<w/>"), ("word/vbaProject.bin", b"Sub")];
    assert_eq!(refused(Kind::Docx, &archive(&parts)), Rejection::Macros);
    assert_eq!(refused(Kind::Pdf, &PDF[..PDF.len() / 2]), Rejection::Damaged);
    assert_eq!(refused(Kind::Docx, &DOCX[..DOCX.len() / 2]), Rejection::Damaged);
}

#[test]
fn an_archive_that_unpacks_to_far_too_much_is_refused_unopened() {
    let started = Instant::now();
    let zeros = vec![0_u8; 64 * 1024 * 1024];
    let names: Vec<String> = (0..9).map(|number| format!("word/media/{number}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), zeros.as_slice())).collect();
    let bomb = archive(&entries);
    let packed = started.elapsed();
    assert_eq!(refused(Kind::Docx, &bomb), Rejection::TooLargeUnpacked);
    assert!(started.elapsed() - packed < Duration::from_secs(1));
}
