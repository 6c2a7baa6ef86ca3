//! From coefficients to samples: the inverse cosine transform (ITU-T T.81, A.3.3), of as many samples as are needed.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

/// Samples of a block, across and down, as it is coded.
pub(super) const BLOCK: usize = 8;

/// The place of a coefficient in its block, by its place in the file.
#[rustfmt::skip]
pub(super) const NATURAL: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The numbers that stand for the darkest and the brightest light in the result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Levels {
    /// Of the darkest.
    pub(super) least: f32,
    /// Of the middle, which a block without coefficients has.
    pub(super) middle: f32,
    /// Of the brightest.
    pub(super) most: f32,
}

impl Levels {
    /// As JPEG stores them.
    pub(super) const FULL: Self = Self { least: 0.0, middle: 128.0, most: 255.0 };
    /// Luma as video and WebP store it (ITU-R BT.601).
    pub(super) const LUMA: Self = Self { least: 16.0, middle: 16.0 + 128.0 / 255.0 * 219.0, most: 235.0 };
    /// Chroma as video and WebP store it.
    pub(super) const CHROMA: Self = Self { least: 16.0, middle: 128.0, most: 240.0 };
}

/// The transform of a component.
#[derive(Clone, Debug)]
pub(super) struct Transform {
    /// Samples that a block becomes, across and down.
    pub(super) side: usize,
    inverse: Inverse,
    tables: Tables,
}

type Inverse = fn(&[i16; 64], &Tables, &mut [u8], usize);

#[derive(Clone, Debug)]
struct Tables {
    /// What a step of each coefficient is worth.
    steps: [f32; 64],
    /// By coefficient and sample.
    waves: [[f32; BLOCK]; BLOCK],
    levels: Levels,
}

impl Transform {
    /// From blocks to `side` × `side` samples, 1 to 8. Fewer than 8 are made of the lowest `side` × `side` frequencies.
    pub(super) fn new(side: usize, levels: Levels) -> Self {
        let inverse = match side {
            1 => inverse::<1, 4>,
            2 => inverse::<2, 4>,
            3 => inverse::<3, 4>,
            4 => inverse::<4, 4>,
            5 => inverse::<5, 8>,
            6 => inverse::<6, 8>,
            7 => inverse::<7, 8>,
            _ => inverse::<8, 8>,
        };
        let count = f32::from(u8::try_from(side).unwrap_or(8));
        let mut waves = [[0.0; BLOCK]; BLOCK];
        for (wave, frequency) in waves.iter_mut().zip(0_u8..).take(side) {
            let weight = if frequency == 0 { 0.5 * FRAC_1_SQRT_2 } else { 0.5 };
            for (value, at) in wave.iter_mut().zip(0_u8..).take(side) {
                *value = weight * (f32::from(2 * at + 1) * f32::from(frequency) * PI / (2.0 * count)).cos();
            }
        }
        Self { side, inverse, tables: Tables { steps: [0.0; 64], waves, levels } }
    }

    /// Sets the quantization table, which is in the order of the file.
    pub(super) fn quantize(&mut self, steps: &[u16; 64]) {
        let levels = self.tables.levels;
        for (step, place) in steps.iter().zip(NATURAL) {
            if let Some(value) = self.tables.steps.get_mut(usize::from(place)) {
                *value = f32::from(*step) * (levels.most - levels.least) / 255.0;
            }
        }
    }

    /// The number of coefficients that count, in the order of the file.
    pub(super) fn needed(&self) -> usize {
        let is_needed = |place: &u8| usize::from(place % 8) < self.side && usize::from(place / 8) < self.side;
        NATURAL.iter().rposition(is_needed).map_or(0, |last| last + 1)
    }

    /// Writes a block's samples to `samples`, whose rows are `stride` long.
    #[inline]
    pub(super) fn write(&self, block: &[i16; 64], samples: &mut [u8], stride: usize) {
        (self.inverse)(block, &self.tables, samples, stride);
    }
}

/// First down, then across, of `N` frequencies to `N` samples. `L` is `N` or more, so that the loops become vectors; what is
/// too much is weighed with 0.
fn inverse<const N: usize, const L: usize>(block: &[i16; 64], tables: &Tables, samples: &mut [u8], stride: usize) {
    let mut columns = [[0.0; L]; N];
    let rows = block.as_chunks::<BLOCK>().0.iter().zip(tables.steps.as_chunks::<BLOCK>().0);
    for ((row, steps), wave) in rows.zip(&tables.waves).take(N) {
        let mut values = [0.0; L];
        for ((value, level), step) in values.iter_mut().zip(row).zip(steps) {
            *value = f32::from(*level) * step;
        }
        for (column, weight) in columns.iter_mut().zip(wave) {
            for (sum, value) in column.iter_mut().zip(&values) {
                *sum += weight * value;
            }
        }
    }
    let Levels { least, middle, most } = tables.levels;
    for (column, line) in columns.iter().zip(samples.chunks_mut(stride)) {
        let mut sums = [middle; L];
        for (value, wave) in column.iter().zip(&tables.waves).take(N) {
            for (sum, weight) in sums.iter_mut().zip(wave) {
                *sum += value * weight;
            }
        }
        let whole = sums.map(|sum| {
            let sum = if sum < least { least } else { sum };
            rounded(if sum > most { most } else { sum })
        });
        for (sample, whole) in line.iter_mut().zip(whole).take(N) {
            *sample = whole;
        }
    }
}

/// Of 0 to 255. Adding 1.5 × 2²³ leaves the rounded number in the lowest bits.
#[inline(always)]
fn rounded(value: f32) -> u8 {
    (value + 12_582_912.0).to_bits().to_le_bytes()[0]
}
