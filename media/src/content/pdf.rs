//! PDF (ISO 32000-1).

use memchr::memmem;

use super::tail;
use crate::{Kind, Rejection};

/// Where readers look for the header (annex H, implementation note 13).
const HEAD: usize = 1024;
/// How far from its end a file's `%%EOF` may be (annex H, implementation note 18).
const TAIL: usize = 1024;
/// A zip archive's directory ends at most so far from the file's end (APPNOTE.TXT 4.3.16).
const ZIP_TAIL: usize = 65_557;
/// How other kinds of files begin: programs, archives, pictures, scripts, pages.
const OTHERS: [&[u8]; 10] = [
    b"MZ",
    b"\x7fELF",
    b"PK",
    b"GIF8",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"RIFF",
    b"#!",
    b"\xd0\xcf\x11\xe0",
    b"\xca\xfe\xba\xbe",
];

/// Checks for a header, a table of objects or a stream of them where the end says, a root, and an end that nothing
/// follows.
pub(super) fn verify(bytes: &[u8]) -> Result<(), Rejection> {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let start = memmem::find(head, b"%PDF-").ok_or(Rejection::NotA(Kind::Pdf))?;
    let before = head.get(..start).unwrap_or_default();
    if OTHERS.iter().any(|other| before.starts_with(other)) || opens_a_tag(before) {
        return Err(Rejection::Polyglot);
    }
    let version = bytes.get(start + 5).copied().unwrap_or_default();
    let end = memmem::rfind(tail(bytes, TAIL), b"%%EOF").ok_or(Rejection::Damaged)?;
    let end = bytes.len() - tail(bytes, TAIL).len() + end;
    let (body, behind) = bytes.split_at_checked(end).ok_or(Rejection::Damaged)?;
    let is_filler = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | 0x1a);
    if !behind.iter().skip(b"%%EOF".len()).all(is_filler) {
        return Err(Rejection::Polyglot);
    }
    // Readers of zip archives look from the end.
    if memmem::find(tail(bytes, ZIP_TAIL), b"PK\x05\x06").is_some() {
        return Err(Rejection::Polyglot);
    }
    let has_root = memmem::find(body, b"/Root").is_some() && memmem::find(body, b" obj").is_some();
    let has_table = table(body, start) || memmem::find(body, b"trailer").is_some();
    if version.is_ascii_digit() && has_root && has_table { Ok(()) } else { Err(Rejection::Damaged) }
}

/// Whether `startxref` leads to a table or a stream of objects. Where the header is not at the start, the place may be
/// counted from either.
fn table(body: &[u8], start: usize) -> bool {
    let number = memmem::rfind(body, b"startxref").and_then(|at| body.get(at + b"startxref".len()..));
    let Some(place) = number.and_then(|text| std::str::from_utf8(text).ok()?.trim().parse::<usize>().ok()) else {
        return false;
    };
    [place, place.saturating_add(start)].into_iter().any(|place| {
        let there = body.get(place..).unwrap_or_default().trim_ascii_start();
        let words = there.get(..HEAD).unwrap_or(there);
        there.starts_with(b"xref")
            || (there.first().is_some_and(u8::is_ascii_digit) && memmem::find(words, b" obj").is_some())
    })
}

/// Whether a browser could take it for a page.
fn opens_a_tag(before: &[u8]) -> bool {
    before
        .windows(2)
        .any(|pair| matches!(pair, [b'<', next] if next.is_ascii_alphabetic() || matches!(next, b'!' | b'?' | b'/')))
}
