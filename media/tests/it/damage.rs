//! Damage, and files that cost more than they weigh.

use std::io::Write;
use std::time::{Duration, Instant};

use image::ImageFormat;
use media::picture::{SIDE_MAX, frames};
use media::{Kind, Rejection, process};

use crate::jpeg_encoder::{Layout, Scan, encode};
use crate::support::{CAT, DOCX, PDF, animation, compound, encoded, gradient, picture, refused};

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
fn a_jpeg_that_breaks_off_is_refused_with_and_without_an_end_marker() {
    for sample in [CAT, include_bytes!("../files/progressive.jpg"), include_bytes!("../files/grey.jpg")] {
        for part in [2, 3, 5, 9] {
            let mut half = sample[..sample.len() - sample.len() / part].to_vec();
            assert_eq!(refused(Kind::Jpeg, &half), Rejection::Damaged, "{part}");
            half.extend(b"\xff\xd9");
            let is_progressive = sample.windows(2).any(|marker| marker == b"\xff\xc2");
            // A progressive picture that lacks its last scans is a coarser picture.
            assert!(is_progressive || refused(Kind::Jpeg, &half) == Rejection::Damaged, "{part}");
        }
    }
}

#[test]
fn a_jpeg_that_lacks_only_its_end_marker_is_whole() {
    let whole = frames(Kind::Jpeg, CAT).unwrap().swap_remove(0).pixels;
    let end = CAT.len() - CAT.iter().rev().take_while(|byte| **byte == 0).count() - 2;
    assert_eq!(&CAT[end..end + 2], b"\xff\xd9");
    assert_eq!(frames(Kind::Jpeg, &CAT[..end]).unwrap().swap_remove(0).pixels, whole);
    assert_eq!(refused(Kind::Jpeg, &CAT[..end - 40]), Rejection::Damaged);
}

#[test]
fn a_jpeg_ends_at_its_own_end() {
    let film = [b"\0\0\0\x18ftypmp42".as_slice(), &[0x5a; 3000], b"\xff\xda", &[0; 500]].concat();
    for sample in [CAT, include_bytes!("../files/progressive.jpg"), include_bytes!("../files/cmyk.jpg")] {
        let wanted = frames(Kind::Jpeg, sample).unwrap().swap_remove(0).pixels;
        for behind in [&film[..], &[&[0; 64][..], b"\xff\xda", &[0; 64]].concat(), CAT, b"\xff", b"\xff\xd8"] {
            let bytes = [sample, behind].concat();
            assert_eq!(frames(Kind::Jpeg, &bytes).unwrap().swap_remove(0).pixels, wanted);
            assert_eq!(refused(Kind::Jpeg, &[&sample[..sample.len() / 2], behind].concat()), Rejection::Damaged);
        }
    }
}

#[test]
fn bytes_between_the_segments_of_a_jpeg_are_skipped() {
    let wanted = frames(Kind::Jpeg, CAT).unwrap().swap_remove(0).pixels;
    let table = CAT.windows(2).position(|marker| marker == b"\xff\xdb").unwrap();
    let bytes = [&CAT[..table], b"some maker's note", &CAT[table..]].concat();
    assert_eq!(frames(Kind::Jpeg, &bytes).unwrap().swap_remove(0).pixels, wanted);
}

#[test]
fn a_jpeg_of_a_few_bytes_is_not_decoded_into_millions_of_pixels() {
    let started = Instant::now();
    let frame = CAT.windows(2).position(|pair| pair == b"\xff\xc0").unwrap();
    let scan = CAT.windows(2).rposition(|pair| pair == b"\xff\xda").unwrap();
    let mut bytes = [&CAT[..scan + 200], b"\xff\xd9"].concat();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0x1f, 0x40, 0x1f, 0x40]);
    assert_eq!(refused(Kind::Jpeg, &bytes), Rejection::Damaged);
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
}

#[test]
fn a_jpeg_that_goes_over_its_pixels_a_hundred_times_is_refused() {
    let started = Instant::now();
    let every = |index: usize| Scan { components: vec![index], band: (0, 0), bits: (0, 0) };
    let mut scans = vec![every(0)];
    // Each scan of a band may say in a few bytes that all of its blocks are empty.
    scans.extend((1..64).map(|at| Scan { components: vec![0], band: (at, at), bits: (0, 1) }));
    scans.extend((1..64).map(|at| Scan { components: vec![0], band: (at, at), bits: (1, 0) }));
    let layout =
        Layout { size: (64, 64), factors: vec![(1, 1)], scans, is_progressive: true, interval: 0, adobe: None };
    assert_eq!(refused(Kind::Jpeg, &encode(&layout, &|_, _, _| 128.0)), Rejection::Unsupported);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[test]
fn a_gif_whose_data_end_early_is_refused() {
    let started = Instant::now();
    let mut bytes = animation(1, 200, None);
    let frame = bytes.windows(2).position(|pair| pair == b"\x2c\0").unwrap();
    let side = 8000_u16.to_le_bytes();
    bytes[6..8].copy_from_slice(&side);
    bytes[8..10].copy_from_slice(&side);
    bytes[frame + 5..frame + 7].copy_from_slice(&side);
    bytes[frame + 7..frame + 9].copy_from_slice(&side);
    assert_eq!(refused(Kind::Gif, &bytes), Rejection::Damaged);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
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
        (Kind::Jpeg, include_bytes!("../files/progressive.jpg").to_vec()),
        (Kind::Png, encoded(&gradient(60, 40), ImageFormat::Png)),
        (Kind::Gif, animation(3, 24, None)),
        (Kind::Webp, picture(Kind::Jpeg, include_bytes!("../files/orientation-1.jpg")).bytes),
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
