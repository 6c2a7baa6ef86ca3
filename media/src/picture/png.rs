//! A PNG's chunks (<https://www.w3.org/TR/png-3/#5DataRep>).

use std::ops::RangeInclusive;

use image::metadata::Orientation;

/// Most packed bytes of a colour profile. The profiles of cameras and screens take a few hundred to some ten thousand;
/// packed, a byte may stand for a thousand.
const PROFILE_MAX: usize = 64 * 1024;
/// Exponents that are taken for sRGB's curve.
const SRGB_EXPONENTS: RangeInclusive<f32> = 2.1..=2.3;
/// Before the first chunk.
const SIGNATURE: usize = 8;
/// Length and name before a chunk's data.
const HEAD: usize = 8;
/// Length and name before a chunk's data, and the checksum behind it.
const FRAME: usize = 12;

/// The file without what holds packed texts, and without a profile that is too large: decoders would unpack them, and
/// a quarter of a megabyte can hold a quarter of a gigabyte. Damage is left to the decoder.
pub(super) struct Plain {
    pub(super) bytes: Vec<u8>,
    /// How to turn the picture, by its EXIF block.
    pub(super) orientation: Orientation,
    /// The exponent that makes light of its samples, where nothing else says what its colours are.
    pub(super) gamma: Option<f32>,
}

impl Plain {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let (mut plain, mut orientation) = (bytes.get(..SIGNATURE).unwrap_or(bytes).to_vec(), None);
        let (mut gamma, mut is_known) = (None, false);
        let mut rest = bytes.get(SIGNATURE..).unwrap_or_default();
        while let Some((chunk, name)) = first_chunk(rest) {
            match name {
                b"tEXt" | b"zTXt" | b"iTXt" => {}
                // It may stand before or behind the pixels.
                b"eXIf" => orientation = orientation.or_else(|| Orientation::from_exif_chunk(data(chunk))),
                b"iCCP" if chunk.len() > PROFILE_MAX => {}
                _ => plain.extend(chunk),
            }
            match name {
                b"gAMA" => gamma = exponent(data(chunk)),
                b"iCCP" | b"sRGB" | b"cICP" => is_known = true,
                _ => {}
            }
            rest = rest.get(chunk.len()..).unwrap_or_default();
        }
        plain.extend(rest);
        let orientation = orientation.unwrap_or(Orientation::NoTransforms);
        Self { bytes: plain, orientation, gamma: gamma.filter(|_| !is_known) }
    }
}

fn data(chunk: &[u8]) -> &[u8] {
    let data = chunk.get(HEAD..chunk.len() + HEAD - FRAME).unwrap_or_default();
    // Some programs write the header that EXIF has in JPEG.
    data.strip_prefix(b"Exif\0\0").unwrap_or(data)
}

/// By the file's gamma, the inverse of it in units of 1/100,000. One that is near to that of sRGB counts as none: most
/// programs that write it mean sRGB.
fn exponent(data: &[u8]) -> Option<f32> {
    let inverse = u16::try_from(u32::from_be_bytes(data.try_into().ok()?) / 10).ok().filter(|it| *it > 0)?;
    let exponent = 10_000.0 / f32::from(inverse);
    (!SRGB_EXPONENTS.contains(&exponent)).then_some(exponent)
}

fn first_chunk(bytes: &[u8]) -> Option<(&[u8], &[u8; 4])> {
    let (length, behind) = bytes.split_first_chunk::<4>()?;
    let (name, _) = behind.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?.checked_add(FRAME)?;
    Some((bytes.get(..length)?, name))
}
