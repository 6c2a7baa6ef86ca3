//! Plain text.

use crate::{Kind, Rejection};

/// Control characters that texts have: the usual ones, a vertical tab, a form feed, and what switches between the
/// character sets of ISO-2022.
const CONTROLS: &str = "\t\n\r\x0b\x0c\x0e\x0f\x1b";
/// DOS's end of a file.
const END: char = '\x1a';

/// Text in UTF-8, in UTF-16 with its mark, or in a code page of one or more bytes; without other control characters,
/// and not a document of another kind.
pub(super) fn verify(bytes: &[u8]) -> Result<(), Rejection> {
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
    let decoded = decoded.strip_suffix(END).unwrap_or(&decoded);
    if decoded.chars().any(|c| c.is_ascii_control() && !CONTROLS.contains(c)) {
        return Err(not_it);
    }
    let start: String = decoded.trim_start_matches('\u{feff}').trim_start().chars().take(16).collect();
    let start = start.to_ascii_lowercase();
    let documents = ["<!doctype", "<html", "<svg", "<?xml", "<script", "%pdf-", "{\\rtf"];
    if documents.iter().any(|document| start.starts_with(document)) { Err(not_it) } else { Ok(()) }
}
