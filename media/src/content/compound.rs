//! The compound files of Office up to 2003 ([MS-CFB]).

use std::io::{Cursor, Read};

use cfb::CompoundFile;

use crate::{Kind, Rejection};

/// The beginning of a compound file.
pub(super) const SIGNATURE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Storages and streams that hold programs ([MS-OVBA] 2.2.1, [MS-DOC] 2.1.9, [MS-XLS] 2.1.7.2).
const PROGRAMS: [&str; 4] = ["macros", "_vba_project_cur", "vba", "_vba_project"];
/// Records of a workbook ([MS-XLS] 2.4): its end, an encryption, and a sheet, of which the sixth byte is the kind.
const EOF: u16 = 0x000a;
const FILE_PASS: u16 = 0x002f;
const BOUND_SHEET: u16 = 0x0085;
const SHEET_KIND: usize = 5;
/// Kinds of sheets that are programs: Excel 4 macros and Visual Basic modules.
const MACRO_SHEETS: [u8; 2] = [1, 6];
/// Where a Word document's stream has its flags, and the one for encryption ([MS-DOC] 2.5.2).
const WORD_FLAGS: usize = 10;
const WORD_ENCRYPTED: u16 = 0x0100;
/// What an encrypted presentation's `Current User` stream has at its thirteenth byte ([MS-PPT] 2.3.2).
const SLIDES_TOKEN: usize = 12;
const SLIDES_ENCRYPTED: [u8; 4] = 0xf3d1_c4df_u32.to_le_bytes();
/// The type of the record that says whether a presentation contains macros ([MS-PPT] 2.4.11).
const VBA_INFO: u16 = 0x0400;
/// The offset of its flag, in bytes.
const HAS_PROGRAMS: usize = 4;

/// How deep storages may lie within storages: each entry's path names them all.
const DEPTH_MAX: usize = 32;

type File<'a> = CompoundFile<Cursor<&'a [u8]>>;

/// Checks for the stream that is named after the kind's program, and that the file is neither encrypted nor holds
/// programs.
pub(super) fn verify(kind: Kind, bytes: &[u8]) -> Result<(), Rejection> {
    super::starts(kind, bytes, SIGNATURE)?;
    let mut file = open(bytes).ok_or(Rejection::Damaged)?;
    let names: &[&str] = match kind {
        Kind::Xls => &["/Workbook", "/Book"],
        Kind::Ppt => &["/PowerPoint Document"],
        _ => &["/WordDocument"],
    };
    let main = names.iter().find(|name| file.is_stream(name)).ok_or(Rejection::NotA(kind))?;
    let main = stream(&mut file, main, bytes.len())?;
    match kind {
        Kind::Xls => check_workbook(&main)?,
        Kind::Ppt => {
            let user = stream(&mut file, "/Current User", bytes.len()).unwrap_or_default();
            if user.get(SLIDES_TOKEN..SLIDES_TOKEN + 4) == Some(&SLIDES_ENCRYPTED) {
                return Err(Rejection::Protected);
            }
            check_presentation(&main)?;
        }
        _ => {
            if number(&main, WORD_FLAGS).is_some_and(|flags| flags & WORD_ENCRYPTED != 0) {
                return Err(Rejection::Protected);
            }
        }
    }
    refuse_storages(&file)
}

/// Whether it holds a package that is encrypted with a password.
pub(super) fn is_encrypted_package(bytes: &[u8]) -> bool {
    open(bytes).is_some_and(|file| file.is_stream("/EncryptedPackage") || file.is_stream("/EncryptionInfo"))
}

/// Refuses a file that holds programs, of whatever kind it is.
pub(super) fn refuse_programs(bytes: &[u8]) -> Result<(), Rejection> {
    let Some(mut file) = open(bytes) else { return Ok(()) };
    refuse_storages(&file)?;
    for name in ["/Workbook", "/Book"] {
        let is_program = |main: Vec<u8>| check_workbook(&main) == Err(Rejection::Macros);
        if file.is_stream(name) && stream(&mut file, name, bytes.len()).is_ok_and(is_program) {
            return Err(Rejection::Macros);
        }
    }
    Ok(())
}

fn open(bytes: &[u8]) -> Option<File<'_>> {
    CompoundFile::open(Cursor::new(bytes)).ok()
}

/// A stream's bytes, no more than the file has.
fn stream(file: &mut File<'_>, name: &str, most: usize) -> Result<Vec<u8>, Rejection> {
    let mut bytes = Vec::new();
    let stream = file.open_stream(name).map_err(|_| Rejection::Damaged)?;
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    stream.take(most).read_to_end(&mut bytes).map_err(|_| Rejection::Damaged)?;
    Ok(bytes)
}

fn refuse_storages(file: &File<'_>) -> Result<(), Rejection> {
    for entry in file.walk() {
        if PROGRAMS.iter().any(|name| entry.name().eq_ignore_ascii_case(name)) {
            return Err(Rejection::Macros);
        }
        if entry.path().components().count() > DEPTH_MAX {
            return Err(Rejection::Damaged);
        }
    }
    Ok(())
}

/// Walks along the records up to the end of those that are of the whole workbook.
fn check_workbook(records: &[u8]) -> Result<(), Rejection> {
    let mut rest = records;
    while let (Some(kind), Some(length)) = (number(rest, 0), number(rest, 2)) {
        let Some(data) = rest.get(4..4 + usize::from(length)) else { return Ok(()) };
        match kind {
            EOF => return Ok(()),
            FILE_PASS => return Err(Rejection::Protected),
            BOUND_SHEET if data.get(SHEET_KIND).is_some_and(|kind| MACRO_SHEETS.contains(kind)) => {
                return Err(Rejection::Macros);
            }
            _ => {}
        }
        rest = rest.get(4 + data.len()..).unwrap_or_default();
    }
    Ok(())
}

/// Walks along the records; those with version 15 hold others.
fn check_presentation(records: &[u8]) -> Result<(), Rejection> {
    let mut at = 0;
    while let (Some(version), Some(kind)) = (number(records, at), number(records, at + 2)) {
        let (Some(low), Some(high)) = (number(records, at + 4), number(records, at + 6)) else { return Ok(()) };
        let length = usize::from(high) << 16 | usize::from(low);
        at += 8;
        if kind == VBA_INFO && number(records, at + HAS_PROGRAMS).is_some_and(|flag| flag != 0) {
            return Err(Rejection::Macros);
        }
        if version & 15 != 15 {
            at = at.saturating_add(length);
        }
    }
    Ok(())
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(pair.try_into().ok()?))
}
