//! Scans of progressive files: each codes some bits of some coefficients of all blocks (ITU-T T.81, G.1.2 and G.2).
//!
//! Only those coefficients are kept that become samples. Of the others it is known whether they are 0: on that depends
//! how a later scan is read.

use super::channel::Channel;
use super::entropy::{Bits, Table};
use super::planes::{Tables, Units};
use crate::Rejection;

/// Decodes a scan into the channels' coefficients.
///
/// # Errors
/// It is damaged.
pub(super) fn decode(units: &mut Units, channels: &mut [Channel], tables: &Tables) -> Result<(), Rejection> {
    let mut huffman = Vec::new();
    let scan = units.scan;
    let (is_dc, is_first) = (scan.band.start == 0, scan.high == 0);
    for (index, numbers) in scan.components.iter().zip(&scan.tables) {
        let channel = channels.get_mut(*index).ok_or(Rejection::Damaged)?;
        channel.prediction = 0;
        if is_dc && is_first {
            let steps = tables.quantization.get(channel.quantization).and_then(Option::as_deref);
            channel.transform.quantize(steps.ok_or(Rejection::Damaged)?);
        }
        huffman.push(tables.huffman(*numbers));
    }
    let bit = 1_i16.checked_shl(u32::from(scan.low)).ok_or(Rejection::Damaged)?;
    let decoded = match (is_dc, is_first) {
        (true, true) => units.visit(channels, |units, channel, component, place| {
            let (0, difference) = huffman.get(component)?.0?.read(&mut units.bits)? else { return None };
            channel.prediction = channel.prediction.wrapping_add(difference);
            let value = channel.prediction.wrapping_mul(bit);
            *channel.block(place)?.0.first_mut()? = value;
            Some(())
        }),
        (true, false) => units.visit(channels, |units, channel, _, place| {
            if units.bits.take(1) == 1 {
                *channel.block(place)?.0.first_mut()? |= bit;
            }
            Some(())
        }),
        (false, _) => {
            let table = huffman.first().and_then(|(_, ac)| *ac).ok_or(Rejection::Damaged)?;
            let read = if is_first { first } else { refinement };
            units.visit(channels, |units, channel, _, place| {
                let (kept, nonzero) = channel.block(place)?;
                let mut band = Band { start: scan.band.start, end: scan.band.end, bit, kept, nonzero };
                read(&mut band, &mut units.bits, table, &mut units.end_run)
            })
        }
    };
    decoded.ok_or(Rejection::Damaged)
}

/// The coefficients of a block that a scan codes.
struct Band<'a> {
    start: usize,
    end: usize,
    /// What the coded bit is worth.
    bit: i16,
    kept: &'a mut [i16],
    nonzero: &'a mut u64,
}

impl Band<'_> {
    #[inline]
    fn set(&mut self, index: usize, value: i16) -> Option<()> {
        if index >= self.end {
            return None;
        }
        *self.nonzero |= 1 << index;
        if let Some(coefficient) = self.kept.get_mut(index) {
            *coefficient = value.wrapping_mul(self.bit);
        }
        Some(())
    }

    /// Those from `index` on that were not 0 before the scan.
    #[inline]
    fn history(&self, index: usize) -> u64 {
        let below_end = u64::MAX >> (64 - self.end);
        if index < self.end { *self.nonzero & below_end & (u64::MAX << index) } else { 0 }
    }

    /// Reads a bit more of each of `which`.
    #[inline]
    fn refine(&mut self, which: u64, bits: &mut Bits) {
        let is_kept =
            u64::MAX.checked_shl(u32::try_from(self.kept.len()).unwrap_or(64)).map_or(u64::MAX, |above| !above);
        let mut left = which & is_kept;
        while left != 0 {
            let count = left.count_ones().min(16);
            let corrections = bits.take(count);
            for place in (0..count).rev() {
                let index = usize::try_from(left.trailing_zeros()).unwrap_or(0);
                left &= left - 1;
                let Some(coefficient) = self.kept.get_mut(index) else { continue };
                if corrections >> place & 1 == 1 && *coefficient & self.bit == 0 {
                    let bit = if *coefficient < 0 { -self.bit } else { self.bit };
                    *coefficient = coefficient.wrapping_add(bit);
                }
            }
        }
        bits.pass((which & !is_kept).count_ones());
    }
}

/// The bits that a scan is the first to code.
fn first(band: &mut Band, bits: &mut Bits, table: &Table, end_run: &mut u32) -> Option<()> {
    if *end_run > 0 {
        *end_run -= 1;
        return Some(());
    }
    let mut index = band.start;
    while index < band.end {
        let (run, value) = table.read(bits)?;
        if value == 0 {
            if run < 15 {
                *end_run = run_of_ends(run, bits) - 1;
                break;
            }
            index += 16;
            continue;
        }
        index += usize::from(run);
        band.set(index, value)?;
        index += 1;
    }
    Some(())
}

/// One bit more of coefficients that are not 0, and those that become 1 or −1.
fn refinement(band: &mut Band, bits: &mut Bits, table: &Table, end_run: &mut u32) -> Option<()> {
    let mut index = band.start;
    if *end_run == 0 {
        while index < band.end {
            let (run, value) = table.read(bits)?;
            if value == 0 && run < 15 {
                *end_run = run_of_ends(run, bits);
                break;
            }
            if value.unsigned_abs() > 1 {
                return None;
            }
            // The value is behind as many zeros; bits of what is passed on the way come first.
            let at = after_zeros(band, index, run);
            let passed = band.history(index) & !band.history(at);
            band.refine(passed, bits);
            if value != 0 {
                band.set(at, value)?;
            }
            index = at + 1;
        }
    }
    if *end_run > 0 {
        band.refine(band.history(index), bits);
        *end_run -= 1;
    }
    Some(())
}

/// The place of the coefficient behind `run` coefficients that are 0, which is 0 too; or the end.
#[inline]
fn after_zeros(band: &Band, index: usize, run: u8) -> usize {
    let history = band.history(index);
    let mut zeros = !history & (u64::MAX << index);
    for _ in 0..run {
        zeros &= zeros.wrapping_sub(1);
    }
    usize::try_from(zeros.trailing_zeros()).unwrap_or(64).min(band.end)
}

/// Blocks that end here, with this one: 2 to the power of `exponent`, and as many more as its bits say.
fn run_of_ends(exponent: u8, bits: &mut Bits) -> u32 {
    let exponent = u32::from(exponent);
    let more = if exponent == 0 { 0 } else { bits.take(exponent) };
    (1 << exponent) + u32::try_from(more).unwrap_or(0)
}
