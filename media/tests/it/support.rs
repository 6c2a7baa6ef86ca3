//! What several areas need.

use std::io::{Cursor, Read, Write};

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, ImageBuffer, ImageFormat, Rgb, Rgba, RgbaImage};
use media::picture::Picture;
use media::{Kind, Processed, Rejection, process};

use crate::jpeg_encoder::{Layout, Scan, encode};

pub(crate) const CAT: &[u8] = include_bytes!("../files/cat.jpg");
pub(crate) const DOCX: &[u8] = include_bytes!("../files/document.docx");
pub(crate) const XLSX: &[u8] = include_bytes!("../files/workbook.xlsx");
pub(crate) const PPTX: &[u8] = include_bytes!("../files/slides.pptx");
pub(crate) const PDF: &[u8] = include_bytes!("../files/document.pdf");

#[track_caller]
pub(crate) fn picture(kind: Kind, bytes: &[u8]) -> Picture {
    match process(kind, bytes) {
        Ok(Processed::Picture(picture)) => picture,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(crate) fn refused(kind: Kind, bytes: &[u8]) -> Rejection {
    process(kind, bytes).unwrap_err()
}

#[track_caller]
pub(crate) fn decoded(picture: &Picture) -> DynamicImage {
    let format = if picture.kind == Kind::Png { ImageFormat::Png } else { ImageFormat::WebP };
    image::load_from_memory_with_format(&picture.bytes, format).unwrap()
}

pub(crate) fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[track_caller]
pub(crate) fn assert_near(found: Rgba<u8>, wanted: [u8; 3], most: u8) {
    let near = (0..3).all(|channel| found.0[channel].abs_diff(wanted[channel]) <= most);
    assert!(near, "{found:?} is not {wanted:?}");
}

/// A soft gradient, as photographs have them.
pub(crate) fn gradient(width: u32, height: u32) -> DynamicImage {
    let shade = |part: u32, whole: u32| u8::try_from(part * 255 / whole.max(1)).unwrap();
    let pixel = |x, y| Rgb([shade(x, width), shade(y, height), shade(x / 2 + y / 2, (width + height) / 2)]);
    DynamicImage::ImageRgb8(ImageBuffer::from_fn(width, height, pixel))
}

pub(crate) fn animation(frames: usize, size: u32, repeat: Option<Repeat>) -> Vec<u8> {
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

pub(crate) fn compound(stream: &str) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream(stream).unwrap().write_all(b"Pay rent").unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

pub(crate) fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Red, green, blue and white quarters.
pub(crate) fn quarters(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => Rgba([220, 20, 20, 255]),
        (false, true) => Rgba([20, 200, 20, 255]),
        (true, false) => Rgba([20, 20, 220, 255]),
        (false, false) => Rgba([240, 240, 240, 255]),
    })
}

/// A PNG with another chunk at a place between two.
pub(crate) fn png_with(png: &[u8], name: &[u8; 4], data: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = png[..at].to_vec();
    bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(name);
    bytes.extend(data);
    let mut checksum = flate2::Crc::new();
    checksum.update(name);
    checksum.update(data);
    bytes.extend(checksum.sum().to_be_bytes());
    bytes.extend(&png[at..]);
    bytes
}

/// A WebP of one chunk with others behind it.
pub(crate) fn riff_with(webp: &[u8], (width, height): (u32, u32), extra: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"VP8X\x0a\0\0\0\x18\0\0\0".to_vec();
    body.extend(&(width - 1).to_le_bytes()[..3]);
    body.extend(&(height - 1).to_le_bytes()[..3]);
    body.extend(&webp[12..]);
    for (name, data) in extra {
        body.extend(*name);
        body.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        body.extend(*data);
        body.extend(vec![0; data.len() % 2]);
    }
    let length = u32::try_from(body.len() + 4).unwrap().to_le_bytes();
    [&b"RIFF"[..], &length, b"WEBP", &body].concat()
}

/// A JPEG of one mixture of inks, as Adobe stores it, with a profile.
pub(crate) fn inks_jpeg(inks: [u8; 4], profile: Option<&[u8]>) -> Vec<u8> {
    let layout = Layout {
        size: (16, 16),
        factors: vec![(1, 1); 4],
        scans: vec![Scan { components: vec![0, 1, 2, 3], band: (0, 63), bits: (0, 0) }],
        is_progressive: false,
        interval: 0,
        adobe: Some(0),
    };
    let mut bytes = encode(&layout, &|component, _, _| f64::from(255 - inks[component]));
    if let Some(profile) = profile {
        let mut segment = b"\xff\xe2".to_vec();
        segment.extend(u16::try_from(profile.len() + 16).unwrap().to_be_bytes());
        segment.extend(b"ICC_PROFILE\0\x01\x01");
        segment.extend(profile);
        bytes.splice(2..2, segment);
    }
    bytes
}

/// A compound file of streams, with the storages that they need.
pub(crate) fn compound_of(streams: &[&str]) -> Vec<u8> {
    compound_with(&streams.iter().map(|name| (*name, &b"Pay rent"[..])).collect::<Vec<_>>())
}

pub(crate) fn compound_with(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (name, bytes) in streams {
        file.create_storage_all(name.rsplit_once('/').unwrap().0).unwrap();
        file.create_stream(name).unwrap().write_all(bytes).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// What an archive holds.
pub(crate) fn entries(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let entry = |index| {
        let mut entry = zip.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.name().unwrap().into_owned(), bytes)
    };
    (0..zip::ZipArchive::new(Cursor::new(bytes)).unwrap().len()).map(entry).collect()
}
