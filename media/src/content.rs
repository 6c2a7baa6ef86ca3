//! Whether bytes are what they say: signature and structure of each kind.
//!
//! Documents are stored unchanged, so one that is also something else is refused. Pictures are decoded and written
//! anew, which drops whatever hangs on to them.

use std::io::{Cursor, Read};

use crate::{Kind, Rejection};

/// Entries that a zip archive of a document may have.
const ENTRIES_MAX: usize = 10_000;
/// Bytes that all of a document's parts may unpack to.
const UNPACKED_MAX: u64 = 512 * 1024 * 1024;
/// Bytes of the part that lists the types of the others.
const TYPES_MAX: u64 = 1024 * 1024;
/// How far from its end a PDF's `%%EOF` may be (ISO 32000-1, annex H, implementation note 18).
const PDF_TAIL: usize = 1024;
/// A zip archive's directory ends at most so far from the file's end (APPNOTE.TXT 4.3.16).
const ZIP_TAIL: usize = 65_557;

/// Checks that `bytes` are of `kind`. Of pictures only the signature: decoding them tells the rest.
///
/// # Errors
/// What is wrong.
pub fn verify(kind: Kind, bytes: &[u8]) -> Result<(), Rejection> {
    if bytes.is_empty() {
        return Err(Rejection::Empty);
    }
    match kind {
        Kind::Jpeg => jpeg(bytes),
        Kind::Png => starts(kind, bytes, b"\x89PNG\r\n\x1a\n"),
        Kind::Gif => starts(kind, bytes, b"GIF87a").or_else(|_| starts(kind, bytes, b"GIF89a")),
        Kind::Webp => {
            let tag = bytes.get(8..12);
            starts(kind, bytes, b"RIFF").and(if tag == Some(b"WEBP") { Ok(()) } else { Err(Rejection::NotA(kind)) })
        }
        Kind::Pdf => pdf(bytes),
        Kind::Docx => zipped(kind, bytes, "word/document.xml", "wordprocessingml.document.main+xml"),
        Kind::Xlsx => zipped(kind, bytes, "xl/workbook.xml", "spreadsheetml.sheet.main+xml"),
        Kind::Pptx => zipped(kind, bytes, "ppt/presentation.xml", "presentationml.presentation.main+xml"),
        Kind::Doc => compound(kind, bytes, &["/WordDocument"]),
        Kind::Xls => compound(kind, bytes, &["/Workbook", "/Book"]),
        Kind::Ppt => compound(kind, bytes, &["/PowerPoint Document"]),
        Kind::Txt => text(bytes),
    }
}

fn starts(kind: Kind, bytes: &[u8], signature: &[u8]) -> Result<(), Rejection> {
    if bytes.starts_with(signature) { Ok(()) } else { Err(Rejection::NotA(kind)) }
}

fn tail(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(length)..).unwrap_or(bytes)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Decoders fill up a picture that breaks off with grey. Behind the last scan (`SOS`) there must be an end (`EOI`); coded
/// data holds neither mark (ITU-T T.81, annex B.1.1.5).
fn jpeg(bytes: &[u8]) -> Result<(), Rejection> {
    starts(Kind::Jpeg, bytes, b"\xff\xd8\xff")?;
    let scan = bytes.windows(2).rposition(|mark| mark == b"\xff\xda").ok_or(Rejection::Damaged)?;
    let coded = bytes.get(scan..).unwrap_or_default();
    if contains(coded, b"\xff\xd9") { Ok(()) } else { Err(Rejection::Damaged) }
}

fn pdf(bytes: &[u8]) -> Result<(), Rejection> {
    starts(Kind::Pdf, bytes, b"%PDF-")?;
    let end = tail(bytes, PDF_TAIL);
    if !contains(end, b"%%EOF") || !contains(end, b"startxref") {
        return Err(Rejection::Damaged);
    }
    // Readers of zip archives look from the end.
    if contains(tail(bytes, ZIP_TAIL), b"PK\x05\x06") {
        return Err(Rejection::Polyglot);
    }
    Ok(())
}

/// Office Open XML (ECMA-376 part 2): a zip archive with a list of types and a main part.
fn zipped(kind: Kind, bytes: &[u8], main: &str, content_type: &str) -> Result<(), Rejection> {
    let not_it = Rejection::NotA(kind);
    starts(kind, bytes, b"PK\x03\x04")?;
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| Rejection::Damaged)?;
    if archive.len() > ENTRIES_MAX || archive.decompressed_size().is_none_or(|size| size > u128::from(UNPACKED_MAX)) {
        return Err(Rejection::TooLargeUnpacked);
    }
    if archive.offset() != 0 {
        return Err(Rejection::Polyglot);
    }
    let is_program = |name: &str| name.to_ascii_lowercase().ends_with("vbaproject.bin");
    if archive.file_names().any(|name| name.is_ok_and(|name| is_program(&name))) {
        return Err(Rejection::Macros);
    }
    archive.by_name(main).map_err(|_| not_it)?;
    let mut types = String::new();
    let part = archive.by_name("[Content_Types].xml").map_err(|_| not_it)?;
    part.take(TYPES_MAX).read_to_string(&mut types).map_err(|_| Rejection::Damaged)?;
    if types.contains("macroEnabled") {
        return Err(Rejection::Macros);
    }
    if types.contains(content_type) { Ok(()) } else { Err(not_it) }
}

/// The compound files of Office up to 2003 ([MS-CFB]) hold a stream named after the program.
fn compound(kind: Kind, bytes: &[u8], streams: &[&str]) -> Result<(), Rejection> {
    starts(kind, bytes, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")?;
    let file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(|_| Rejection::Damaged)?;
    if streams.iter().any(|stream| file.is_stream(stream)) { Ok(()) } else { Err(Rejection::NotA(kind)) }
}

/// Text in UTF-8, in UTF-16 with its mark, or in a code page of one byte; without control characters, and not a
/// document of another kind.
fn text(bytes: &[u8]) -> Result<(), Rejection> {
    let not_it = Rejection::NotA(Kind::Txt);
    let wide = |from: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(from));
        char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| not_it)
    };
    let decoded = if bytes.starts_with(b"\xff\xfe") {
        wide(u16::from_le_bytes)?
    } else if bytes.starts_with(b"\xfe\xff") {
        wide(u16::from_be_bytes)?
    } else {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            // Windows' and the ISO's code pages leave the control characters of ASCII where they are.
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        }
    };
    if decoded.chars().any(|c| c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c')) {
        return Err(not_it);
    }
    let start: String = decoded.trim_start_matches('\u{feff}').trim_start().chars().take(16).collect();
    let start = start.to_ascii_lowercase();
    let documents = ["<!doctype", "<html", "<svg", "<?xml", "<script", "%pdf-", "{\\rtf"];
    if documents.iter().any(|document| start.starts_with(document)) { Err(not_it) } else { Ok(()) }
}
