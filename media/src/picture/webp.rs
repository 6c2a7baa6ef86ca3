//! Reading WebP (RFC 9649). Single pictures are decoded by `image`, also those that are frames of an animation; it does
//! not assemble animations as browsers do.

use std::io::Cursor;

use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, RgbaImage};

use super::animation::{Animation, Length};
use super::canvas::{Blending, Disposal, Patch};
use super::{check_size, refused};
use crate::Rejection;

/// Bytes of a frame's header.
const FRAME_HEADER: usize = 16;

/// The orientation and the colour profile of a picture.
pub(super) fn metadata(decoder: &mut impl ImageDecoder) -> Result<(Orientation, Option<Vec<u8>>), Rejection> {
    let exif = decoder.exif_metadata().map_err(refused)?.unwrap_or_default();
    // Some programs write the header that EXIF has in JPEG.
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif);
    let orientation = Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms);
    Ok((orientation, decoder.icc_profile().map_err(refused)?))
}

/// Reads the head of an animation and counts the frames.
///
/// # Errors
/// It is damaged, or longer or larger than we take.
pub(super) fn animation(bytes: &[u8]) -> Result<Animation<'_>, Rejection> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(refused)?;
    check_size(&decoder)?;
    let size = decoder.dimensions();
    let (orientation, profile) = metadata(&mut decoder)?;
    let (mut loops, mut length, mut frames) = (0, Length::default(), Vec::new());
    for chunk in chunks(bytes.get(12..).unwrap_or_default()) {
        let (name, data) = chunk?;
        match name {
            b"ANIM" => loops = u32::from(little_endian(data, 4)?) | u32::from(little_endian(data, 5)?) << 8,
            b"ANMF" => {
                // Frames lie within the canvas.
                length.add(size, size)?;
                frames.push(data);
            }
            _ => {}
        }
    }
    let count = length.frames();
    let frames = frames.into_iter().map(move |data| patch(data, size));
    Ok(Animation { size, frames: Box::new(frames), count, loops, orientation, profile })
}

/// The chunks one after the other: name and data. Bytes behind the last one that are too few for another are ignored.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Result<(&[u8; 4], &[u8]), Rejection>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (name, behind) = rest.split_first_chunk::<4>()?;
        let (length, behind) = behind.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let Some((data, behind)) = behind.split_at_checked(length) else {
            rest = &[];
            return Some(Err(Rejection::Damaged));
        };
        rest = behind.get(length % 2..).unwrap_or_default();
        Some(Ok((name, data)))
    })
}

fn little_endian(data: &[u8], at: usize) -> Result<u8, Rejection> {
    data.get(at).copied().ok_or(Rejection::Damaged)
}

fn patch(data: &[u8], canvas: (u32, u32)) -> Result<Patch, Rejection> {
    let (header, picture) = data.split_at_checked(FRAME_HEADER).ok_or(Rejection::Damaged)?;
    let &[x0, x1, x2, y0, y1, y2, w0, w1, w2, h0, h1, h2, d0, d1, d2, flags] = header else {
        return Err(Rejection::Damaged);
    };
    let number = |low, middle, high| u32::from_le_bytes([low, middle, high, 0]);
    let at = (2 * number(x0, x1, x2), 2 * number(y0, y1, y2));
    let (width, height) = (number(w0, w1, w2) + 1, number(h0, h1, h2) + 1);
    if at.0 + width > canvas.0 || at.1 + height > canvas.1 {
        return Err(Rejection::Damaged);
    }
    Ok(Patch {
        pixels: frame(picture, (width, height))?,
        at,
        blending: if flags & 0b10 == 0 { Blending::Over } else { Blending::Replace },
        disposal: if flags & 0b01 == 0 { Disposal::Keep } else { Disposal::Clear },
        duration_ms: number(d0, d1, d2),
    })
}

/// Decodes a frame as a file of its own.
fn frame(data: &[u8], size: (u32, u32)) -> Result<RgbaImage, Rejection> {
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    for chunk in chunks(data) {
        let (name, data) = chunk?;
        if name == b"ALPH" {
            let last = |side: u32| (side - 1).to_le_bytes();
            let ([w0, w1, w2, _], [h0, h1, h2, _]) = (last(size.0), last(size.1));
            append(&mut file, b"VP8X", &[0x10, 0, 0, 0, w0, w1, w2, h0, h1, h2]);
        }
        if matches!(name, b"ALPH" | b"VP8 " | b"VP8L") {
            append(&mut file, name, data);
        }
    }
    let length = u32::try_from(file.len() - 8).map_err(|_| Rejection::Damaged)?;
    if let Some(field) = file.get_mut(4..8) {
        field.copy_from_slice(&length.to_le_bytes());
    }
    let decoder = WebPDecoder::new(Cursor::new(file)).map_err(refused)?;
    if decoder.dimensions() != size {
        return Err(Rejection::Damaged);
    }
    Ok(DynamicImage::from_decoder(decoder).map_err(refused)?.into_rgba8())
}

fn append(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    file.extend(name);
    file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend(data);
    file.extend(vec![0; data.len() % 2]);
}
