//! Whether bytes are what they say: signature and structure of each kind.
//!
//! Documents are stored unchanged, so one that is also something else is refused, and so is one that runs programs.
//! Pictures are decoded and encoded again, which drops whatever is appended to them.

mod archive;
mod compound;
mod package;
mod pdf;
mod text;

pub use archive::UNPACKED_MAX;

use crate::{Kind, Rejection};

/// Checks that `bytes` are of `kind`. Of pictures only the signature: decoding them finds the rest.
///
/// # Errors
/// What is wrong.
pub fn verify(kind: Kind, bytes: &[u8]) -> Result<(), Rejection> {
    if bytes.is_empty() {
        return Err(Rejection::Empty);
    }
    match kind {
        Kind::Jpeg => starts(kind, bytes, b"\xff\xd8\xff"),
        Kind::Png => starts(kind, bytes, b"\x89PNG\r\n\x1a\n"),
        Kind::Gif => starts(kind, bytes, b"GIF87a").or_else(|_| starts(kind, bytes, b"GIF89a")),
        Kind::Webp => {
            let tag = bytes.get(8..12);
            starts(kind, bytes, b"RIFF").and(if tag == Some(b"WEBP") { Ok(()) } else { Err(Rejection::NotA(kind)) })
        }
        Kind::Pdf => pdf::verify(bytes),
        Kind::Docx | Kind::Xlsx | Kind::Pptx => package::verify(kind, bytes),
        Kind::Doc | Kind::Xls | Kind::Ppt => compound::verify(kind, bytes),
        Kind::Txt => text::verify(bytes),
    }
}

fn starts(kind: Kind, bytes: &[u8], signature: &[u8]) -> Result<(), Rejection> {
    if bytes.starts_with(signature) { Ok(()) } else { Err(Rejection::NotA(kind)) }
}

fn tail(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(length)..).unwrap_or(bytes)
}
