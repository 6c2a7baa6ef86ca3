//! Uploaded files. An input's first byte says what the others are; where a format has checksums or lengths, which an
//! input that was changed at random has wrong, they are written again, so that what is behind them is reached.

use std::io::{Cursor, Write};
use std::time::Duration;

use image::{ImageFormat, ImageReader};
use media::picture::{FIT, THUMBNAIL};
use media::{Kind, Processed, Rejection, process};
use zip::write::SimpleFileOptions;

use crate::Bounds;

/// A header of some bytes may lawfully announce 64 million pixels, where all are of one colour.
pub(crate) const PICTURE_BOUNDS: Bounds = Bounds { time: Duration::from_secs(15), memory: 1_000_000_000 };
pub(crate) const DOCUMENT_BOUNDS: Bounds = Bounds { time: Duration::from_secs(5), memory: 200_000_000 };

/// JPEG, PNG or WebP.
pub(crate) fn picture(input: &[u8]) {
    let Some((first, file)) = input.split_first() else { return };
    match first % 3 {
        0 => check_picture(Kind::Jpeg, file),
        1 => check_picture(Kind::Png, &with_checksums(file)),
        _ => check_picture(Kind::Webp, &with_lengths(file)),
    }
}

/// GIF or animated WebP.
pub(crate) fn animation(input: &[u8]) {
    let Some((first, file)) = input.split_first() else { return };
    match first % 2 {
        0 => check_picture(Kind::Gif, file),
        _ => check_picture(Kind::Webp, &with_lengths(file)),
    }
}

/// What is accepted is within the bounds that are promised, can be read, and would be accepted again.
fn check_picture(kind: Kind, file: &[u8]) {
    let Ok(processed) = process(kind, file) else { return };
    let Processed::Picture(picture) = processed else { panic!("a picture is kept unchanged") };
    let long = |side: u32, most: u32| side == 0 || side > most;
    assert!(!long(picture.width, FIT.0) && !long(picture.height, FIT.1), "{}×{}", picture.width, picture.height);
    let format = if picture.kind == Kind::Png { ImageFormat::Png } else { ImageFormat::WebP };
    assert_eq!(size(&picture.bytes, format), (picture.width, picture.height));
    let (width, height) = size(&picture.thumbnail, ImageFormat::WebP);
    assert!(!long(width, THUMBNAIL) && !long(height, THUMBNAIL), "{width}×{height}");
    // What was made of a large picture is of one size; again only where that is cheap.
    if u64::from(picture.width) * u64::from(picture.height) <= 65_536 {
        let again = process(picture.kind, &picture.bytes).map(|_| ());
        assert_eq!(again, Ok(()), "what is stored would be refused");
    }
}

fn size(file: &[u8], format: ImageFormat) -> (u32, u32) {
    ImageReader::with_format(Cursor::new(file), format).into_dimensions().expect("what is stored can be read")
}

/// PNG with the checksum of each chunk.
fn with_checksums(file: &[u8]) -> Vec<u8> {
    let (signature, mut rest) = file.split_at_checked(8).unwrap_or((file, &[]));
    let mut fixed = signature.to_vec();
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let named = behind.get(..length.saturating_add(4)).filter(|it| it.len() + 4 <= behind.len());
        let Some(named) = named else { break };
        let mut checksum = flate2::Crc::new();
        checksum.update(named);
        fixed.extend(u32::try_from(length).unwrap_or_default().to_be_bytes());
        fixed.extend(named);
        fixed.extend(checksum.sum().to_be_bytes());
        rest = behind.get(named.len() + 4..).unwrap_or_default();
    }
    fixed.extend(rest);
    fixed
}

/// WebP with the length of the whole.
fn with_lengths(file: &[u8]) -> Vec<u8> {
    let mut fixed = file.to_vec();
    let length = u32::try_from(file.len().saturating_sub(8)).unwrap_or_default();
    if let Some(place) = fixed.get_mut(4..8) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    fixed
}

const DOCUMENTS: [Kind; 8] =
    [Kind::Pdf, Kind::Txt, Kind::Docx, Kind::Xlsx, Kind::Pptx, Kind::Doc, Kind::Xls, Kind::Ppt];
/// In an input of parts, what is between a part's name and its bytes, and behind them.
const SEPARATOR: &[u8] = b"\n~~\n";

/// A document: as it is, or made of parts, of which the input has the names and the bytes.
pub(crate) fn document(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    let kind = DOCUMENTS.get(usize::from(first % 8)).copied().unwrap_or(Kind::Pdf);
    let is_of_parts = first & 8 != 0;
    match kind {
        Kind::Docx | Kind::Xlsx | Kind::Pptx if is_of_parts => {
            check_document(kind, &package(&parts(rest), first & 16 != 0));
        }
        Kind::Doc | Kind::Xls | Kind::Ppt if is_of_parts => {
            check_document(kind, &compound(&parts(rest)));
            // The same file as a part of a package.
            check_document(Kind::Docx, &package(&[("word/embeddings/a.bin".to_owned(), compound(&parts(rest)))], true));
        }
        _ => check_document(kind, rest),
    }
}

/// A document is of one kind only, and each reason is one that its kind can have.
fn check_document(kind: Kind, file: &[u8]) {
    match process(kind, file) {
        Ok(Processed::Unchanged) => {
            let of = |kinds: &[Kind]| kinds.iter().filter(|kind| process(**kind, file).is_ok()).count();
            assert!(of(&[Kind::Docx, Kind::Xlsx, Kind::Pptx]) <= 1, "a package of two kinds");
        }
        Ok(Processed::Picture(_)) => panic!("a document is made a picture"),
        Err(Rejection::TooManyPixels | Rejection::TooManyFrames | Rejection::Unsupported) => {
            panic!("a document is refused as a picture")
        }
        Err(_) => {}
    }
}

fn parts(rest: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut pieces = Vec::new();
    let mut rest = rest;
    while let Some(at) = rest.windows(SEPARATOR.len()).position(|window| window == SEPARATOR) {
        let (piece, behind) = rest.split_at(at);
        pieces.push(piece);
        rest = behind.get(SEPARATOR.len()..).unwrap_or_default();
    }
    pieces.push(rest);
    let pairs = pieces.chunks_exact(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?)));
    pairs.map(|(name, bytes)| (String::from_utf8_lossy(name).into_owned(), bytes.to_vec())).collect()
}

/// An archive of the parts. Names that the writer refuses are left out.
fn package(parts: &[(String, Vec<u8>)], is_stored: bool) -> Vec<u8> {
    let method = if is_stored { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        if archive.start_file(name.as_str(), options).is_ok() {
            archive.write_all(bytes).expect("memory takes what is written");
        }
    }
    archive.finish().expect("memory takes what is written").into_inner()
}

/// A compound file of the parts as streams, in the storages that their names need. The writer asserts in debug builds that
/// names are allowed ([MS-CFB] 2.6.1); parts of other names are left out.
fn compound(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("memory takes what is written");
    let is_allowed = |part: &&(String, Vec<u8>)| {
        let is_piece = |piece: &str| piece.encode_utf16().count() <= 31 && !piece.contains(['\\', ':', '!']);
        part.0.split('/').all(is_piece)
    };
    for (name, bytes) in parts.iter().filter(is_allowed) {
        if let Some((storage, _)) = name.rsplit_once('/') {
            let _ = file.create_storage_all(storage);
        }
        if let Ok(mut stream) = file.create_stream(name) {
            stream.write_all(bytes).expect("memory takes what is written");
        }
    }
    file.flush().expect("memory takes what is written");
    file.into_inner().into_inner()
}
