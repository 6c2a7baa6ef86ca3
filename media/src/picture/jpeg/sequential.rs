//! Scans of sequential files: each block is coded whole (ITU-T T.81, F.2.2).

use super::channel::Channel;
use super::entropy::{Bits, Table};
use super::planes::{Tables, Units};
use super::transform::NATURAL;
use crate::Rejection;

/// Decodes a scan into samples.
///
/// # Errors
/// It is damaged.
pub(super) fn decode(units: &mut Units, channels: &mut [Channel], tables: &Tables) -> Result<(), Rejection> {
    let mut huffman = Vec::new();
    for (index, numbers) in units.scan.components.iter().zip(&units.scan.tables) {
        let channel = channels.get_mut(*index).ok_or(Rejection::Damaged)?;
        channel.prediction = 0;
        let steps = tables.quantization.get(channel.quantization).and_then(Option::as_deref);
        channel.transform.quantize(steps.ok_or(Rejection::Damaged)?);
        let (dc, ac) = tables.huffman(*numbers);
        huffman.push((dc.ok_or(Rejection::Damaged)?, ac.ok_or(Rejection::Damaged)?));
    }
    let decoded = units.visit(channels, |units, channel, component, place| {
        let (dc, ac) = huffman.get(component)?;
        let mut block = [0; 64];
        read(&mut units.bits, (dc, ac), &mut channel.prediction, &mut block)?;
        channel.write(&block, place)
    });
    decoded.ok_or(Rejection::Damaged)
}

#[inline]
fn read(bits: &mut Bits, (dc, ac): (&Table, &Table), prediction: &mut i16, block: &mut [i16; 64]) -> Option<()> {
    let (0, difference) = dc.read(bits)? else { return None };
    *prediction = prediction.wrapping_add(difference);
    block[0] = *prediction;
    let mut index = 1;
    while index < 64 {
        let (run, value) = ac.read(bits)?;
        if value == 0 {
            if run < 15 {
                break;
            }
            index += 16;
            continue;
        }
        index += usize::from(run);
        let place = usize::from(*NATURAL.get(index)?);
        *block.get_mut(place)? = value;
        index += 1;
    }
    Some(())
}
