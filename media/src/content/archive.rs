//! Zip archives, whose directory is not believed (APPNOTE.TXT).

use std::io::{Cursor, Read};

use zip::{CompressionMethod, ZipArchive};

use crate::Rejection;

/// Maximum number of entries.
const ENTRIES_MAX: usize = 10_000;
/// Maximum number of bytes that all entries unpack to, with those of archives within.
pub const UNPACKED_MAX: u64 = 512 * 1024 * 1024;
/// Maximum number of bytes of an entry that is kept in memory to be looked into: a list, or a document within.
const KEPT_MAX: usize = 64 * 1024 * 1024;
/// Maximum number of bytes of all lists of types and relationships, with those of archives within: far more than any
/// program writes, and read within a second.
const LISTS_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a piece that is unpacked at a time.
const PIECE: usize = 64 * 1024;
/// The end of the directory, without a comment (4.3.16), and where its comment's length is.
const END: usize = 22;
const COMMENT_LENGTH: usize = 20;

/// The beginning of an archive.
pub(super) const SIGNATURE: &[u8] = b"PK\x03\x04";

/// How much may still be unpacked, and how much of it may be lists.
pub(super) struct Budget {
    unpacked: u64,
    lists: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { unpacked: UNPACKED_MAX, lists: LISTS_MAX }
    }
}

impl Budget {
    fn spend(&mut self, bytes: u64) -> Result<(), Rejection> {
        self.unpacked = self.unpacked.checked_sub(bytes).ok_or(Rejection::TooLargeUnpacked)?;
        Ok(())
    }

    pub(super) fn spend_on_lists(&mut self, bytes: usize) -> Result<(), Rejection> {
        self.lists = self.lists.checked_sub(bytes).ok_or(Rejection::TooLargeUnpacked)?;
        Ok(())
    }
}

/// An archive whose local headers say what its directory says.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Archive<'a> {
    /// # Errors
    /// It is damaged, its headers contradict each other, entries lie over one another, or something precedes or follows
    /// the archive.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Rejection> {
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Rejection::Damaged)?;
        if zip.len() > ENTRIES_MAX || zip.decompressed_size().is_none_or(|size| size > u128::from(UNPACKED_MAX)) {
            return Err(Rejection::TooLargeUnpacked);
        }
        if zip.offset() != 0 || !ends_with_directory(bytes, zip.comment().len()) {
            return Err(Rejection::Polyglot);
        }
        zip.validate_header_consistency().map_err(|_| Rejection::Damaged)?;
        Ok(Self { zip })
    }

    pub(super) fn len(&self) -> usize {
        self.zip.len()
    }

    /// Unpacks an entry, which must be as long as the directory says and have its checksum. Returns its name as the
    /// directory has it, and its bytes, of which `keeps` decides how many are kept.
    ///
    /// # Errors
    /// The directory lies, or the budget is spent.
    pub(super) fn unpack(
        &mut self,
        index: usize,
        budget: &mut Budget,
        keeps: impl Fn(&str, &[u8]) -> bool,
    ) -> Result<(String, Option<Vec<u8>>), Rejection> {
        let data = self.zip.by_index_data(index).map_err(|_| Rejection::Damaged)?;
        if data.encrypted() {
            return Err(Rejection::Protected);
        }
        let mut entry = self.zip.by_index(index).map_err(|_| Rejection::Damaged)?;
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(Rejection::Damaged);
        }
        let (name, size) = (entry.name().map_err(|_| Rejection::Damaged)?.into_owned(), entry.size());
        budget.spend(size)?;
        let (mut piece, mut kept, mut read) = (vec![0; PIECE], None, 0_u64);
        loop {
            let count = entry.read(&mut piece).map_err(|_| Rejection::Damaged)?;
            let part = piece.get(..count).unwrap_or_default();
            if read == 0 && keeps(&name, part) {
                kept = Some(Vec::new());
            }
            read += u64::try_from(count).unwrap_or(u64::MAX);
            if read > size || (count == 0 && read < size) {
                return Err(Rejection::Damaged);
            }
            if count == 0 {
                return Ok((name, kept));
            }
            if let Some(kept) = &mut kept {
                if kept.len() + part.len() > KEPT_MAX {
                    return Err(Rejection::TooLargeUnpacked);
                }
                kept.extend_from_slice(part);
            }
        }
    }
}

/// Whether the archive ends with the end of its directory and a comment of this length.
fn ends_with_directory(bytes: &[u8], comment: usize) -> bool {
    let end = super::tail(bytes, END + comment);
    let length =
        end.get(COMMENT_LENGTH..END).map(|it| it.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)));
    end.starts_with(b"PK\x05\x06") && length == Some(comment)
}
