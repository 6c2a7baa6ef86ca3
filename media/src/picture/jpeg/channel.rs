//! A component while it is decoded.

use super::planes::{Plane, Wanted};
use super::segments::{Component, Frame};
use super::transform::{BLOCK, NATURAL, Transform};
use crate::Rejection;

/// How many times as many samples as needed are decoded, at least. The highest frequencies of what is decoded are cut off
/// at the edges of blocks, which resizing removes if it makes the plane smaller by as much.
const SPARE: f64 = 2.0;

/// A component while it is decoded.
pub(super) struct Channel {
    /// Blocks of a unit, across and down.
    pub(super) unit: (usize, usize),
    /// Blocks of the component, across and down, in whole units.
    blocks: (usize, usize),
    /// Those of a scan of the component alone.
    pub(super) lone_blocks: (usize, usize),
    /// The part of the plane that the picture covers.
    area: (f64, f64),
    /// The number of the quantization table.
    pub(super) quantization: usize,
    pub(super) transform: Transform,
    samples: Vec<u8>,
    /// The first coefficient of the last block that was decoded.
    pub(super) prediction: i16,
    /// Of a progressive file: how many coefficients of each block are kept, and these, in the order of the file.
    pub(super) kept: usize,
    coefficients: Vec<i16>,
    /// Of a progressive file: the coefficients of each block that are not 0, kept or not.
    nonzero: Vec<u64>,
}

impl Channel {
    pub(super) fn new(frame: &Frame, component: &Component, wanted: Wanted) -> Self {
        // The factors of a single component mean nothing.
        let is_alone = frame.components.len() == 1;
        let (most, unit) =
            if is_alone { ((1, 1), (1, 1)) } else { (frame.sampling(), (component.across, component.down)) };
        let across = Side::new(frame.width, unit.0, most.0);
        let down = Side::new(frame.height, unit.1, most.1);
        let side = side((across.samples, down.samples), wanted.size);
        let transform = Transform::new(usize::from(side), wanted.levels);
        let share = f64::from(side) / 8.0;
        let kept = if frame.is_progressive { transform.needed() } else { 0 };
        let blocks = (across.blocks, down.blocks);
        let count = blocks.0 * blocks.1;
        let sample_count = if frame.is_progressive { 0 } else { count * transform.side * transform.side };
        Self {
            unit: (across.unit, down.unit),
            blocks,
            lone_blocks: (across.lone_blocks, down.lone_blocks),
            area: (across.samples * share, down.samples * share),
            quantization: component.quantization,
            transform,
            samples: vec![0; sample_count],
            prediction: 0,
            kept,
            coefficients: vec![0; count * kept],
            nonzero: vec![0; if frame.is_progressive { count } else { 0 }],
        }
    }

    /// The number of units, across and down.
    pub(super) fn units(&self) -> (usize, usize) {
        (self.blocks.0 / self.unit.0, self.blocks.1 / self.unit.1)
    }

    /// Makes samples of a block whose coefficients are in their natural order.
    #[inline]
    pub(super) fn write(&mut self, block: &[i16; 64], (column, row): (usize, usize)) -> Option<()> {
        let (side, stride) = (self.transform.side, self.blocks.0 * self.transform.side);
        let samples = self.samples.get_mut(row * side * stride + column * side..)?;
        self.transform.write(block, samples, stride);
        Some(())
    }

    /// The coefficients of a block that are kept, and which of all are not 0.
    #[inline]
    pub(super) fn block(&mut self, (column, row): (usize, usize)) -> Option<(&mut [i16], &mut u64)> {
        let index = row * self.blocks.0 + column;
        let coefficients = self.coefficients.get_mut(index * self.kept..(index + 1) * self.kept)?;
        Some((coefficients, self.nonzero.get_mut(index)?))
    }

    /// Makes samples of the blocks that were kept, if the file is progressive.
    pub(super) fn into_plane(mut self) -> Result<Plane, Rejection> {
        if self.kept > 0 {
            self.write_kept().ok_or(Rejection::Damaged)?;
        }
        let length = |blocks: usize| u32::try_from(blocks * self.transform.side).map_err(|_| Rejection::Damaged);
        Ok(Plane { size: (length(self.blocks.0)?, length(self.blocks.1)?), area: self.area, samples: self.samples })
    }

    fn write_kept(&mut self) -> Option<()> {
        let coefficients = std::mem::take(&mut self.coefficients);
        self.samples = vec![0; self.blocks.0 * self.blocks.1 * self.transform.side.pow(2)];
        for (index, kept) in coefficients.chunks_exact(self.kept).enumerate() {
            let mut block = [0; 64];
            for (coefficient, place) in kept.iter().zip(NATURAL) {
                *block.get_mut(usize::from(place))? = *coefficient;
            }
            self.write(&block, (index % self.blocks.0, index / self.blocks.0))?;
        }
        Some(())
    }
}

/// Of a component across or down.
struct Side {
    /// Blocks of a unit.
    unit: usize,
    /// Blocks in whole units.
    blocks: usize,
    /// Blocks of a scan of the component alone.
    lone_blocks: usize,
    /// Samples, of which the picture may cover the last in part.
    samples: f64,
}

impl Side {
    fn new(pixels: u16, factor: u8, most: u8) -> Self {
        let (length, unit, whole) = (usize::from(pixels), usize::from(factor), usize::from(most));
        Self {
            unit,
            blocks: length.div_ceil(BLOCK * whole) * unit,
            lone_blocks: (length * unit).div_ceil(whole).div_ceil(BLOCK),
            samples: f64::from(pixels) * f64::from(factor) / f64::from(most),
        }
    }
}

/// The number of samples across and down that a block becomes, 1 to 8, so that `samples` become as many as `size` and
/// some to spare.
fn side(samples: (f64, f64), size: (u32, u32)) -> u8 {
    let is_enough = |side: &u8| {
        let share = f64::from(*side) / 8.0 / SPARE;
        samples.0 * share >= f64::from(size.0) && samples.1 * share >= f64::from(size.1)
    };
    (1..8).find(is_enough).unwrap_or(8)
}
