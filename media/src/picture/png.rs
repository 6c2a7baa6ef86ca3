//! A PNG's chunks (<https://www.w3.org/TR/png-3/#5DataRep>).

/// Most packed bytes of a colour profile. The profiles of cameras and screens take a few hundred to some ten thousand;
/// packed, a byte may stand for a thousand.
const PROFILE_MAX: usize = 64 * 1024;
/// Before the first chunk.
const SIGNATURE: usize = 8;
/// Length and name before a chunk's data, and the checksum behind it.
const FRAME: usize = 12;

/// The file without what holds packed texts, and without a profile that is too large: decoders would unpack them, and
/// a quarter of a megabyte can hold a quarter of a gigabyte. Damage is left to the decoder.
pub(super) fn without_texts(bytes: &[u8]) -> Vec<u8> {
    let mut plain = bytes.get(..SIGNATURE).unwrap_or(bytes).to_vec();
    let mut rest = bytes.get(SIGNATURE..).unwrap_or_default();
    while let Some((chunk, name)) = first_chunk(rest) {
        let is_text = matches!(name, b"tEXt" | b"zTXt" | b"iTXt" | b"eXIf");
        if !is_text && (name != b"iCCP" || chunk.len() <= PROFILE_MAX) {
            plain.extend(chunk);
        }
        rest = rest.get(chunk.len()..).unwrap_or_default();
    }
    plain.extend(rest);
    plain
}

fn first_chunk(bytes: &[u8]) -> Option<(&[u8], &[u8; 4])> {
    let (length, behind) = bytes.split_first_chunk::<4>()?;
    let (name, _) = behind.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?.checked_add(FRAME)?;
    Some((bytes.get(..length)?, name))
}
