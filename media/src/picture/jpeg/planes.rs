//! Decoding the usual layouts into planes, one for each component and no larger than needed.
//!
//! A picture that is made smaller is not decoded whole: of each block, only the lowest frequencies become samples, as
//! many as the small picture needs. libjpeg calls this scaling; no permissive library in Rust does it at this speed.

use super::channel::Channel;
use super::entropy::{Bits, Table};
use super::layout::{Layout, Tables as Segment};
use super::segments::Scan;
use super::transform::Levels;
use super::{progressive, sequential};
use crate::Rejection;

/// What a component becomes.
#[derive(Clone, Copy, Debug)]
pub(in crate::picture) struct Wanted {
    /// The plane has at least as many samples across and down, if the component has.
    pub(in crate::picture) size: (u32, u32),
    /// The samples' range.
    pub(in crate::picture) levels: Levels,
}

/// The samples of a component.
pub(in crate::picture) struct Plane {
    pub(in crate::picture) samples: Vec<u8>,
    /// Samples across and down, with those that fill up the last blocks.
    pub(in crate::picture) size: (u32, u32),
    /// The part that the picture covers, from the upper left corner. It may end within a sample.
    pub(in crate::picture) area: (f64, f64),
}

/// The tables in force.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) quantization: [Option<Box<[u16; 64]>>; 4],
    pub(super) dc: [Option<Table>; 4],
    pub(super) ac: [Option<Table>; 4],
}

/// Decodes a file of a usual layout.
///
/// # Errors
/// It is damaged.
pub(super) fn decode(bytes: &[u8], layout: &Layout, wanted: &[Wanted]) -> Result<Vec<Plane>, Rejection> {
    let frame = &layout.frame;
    let channels = frame.components.iter().zip(wanted);
    let mut channels: Vec<_> = channels.map(|(component, wanted)| Channel::new(frame, component, *wanted)).collect();
    let mut tables = Tables::default();
    let mut segments = layout.tables.iter().peekable();
    for scan in &layout.scans {
        while let Some(segment) = segments.next_if(|segment| segment.data.start < scan.coded.start) {
            tables.define(segment, bytes.get(segment.data.clone()).unwrap_or_default())?;
        }
        let mut units = Units::new(scan, bytes.get(scan.coded.clone()).unwrap_or_default());
        let decode = if frame.is_progressive { progressive::decode } else { sequential::decode };
        decode(&mut units, &mut channels, &tables)?;
    }
    channels.into_iter().map(Channel::into_plane).collect()
}

impl Tables {
    /// Reads a segment that defines tables (B.2.4.1, B.2.4.2).
    fn define(&mut self, segment: &Segment, mut data: &[u8]) -> Result<(), Rejection> {
        while let Some((first, rest)) = data.split_first() {
            let (class, number) = (first >> 4, usize::from(first & 15));
            data = if segment.is_huffman {
                let (counts, rest) = rest.split_first_chunk::<16>().ok_or(Rejection::Damaged)?;
                let length = counts.iter().map(|count| usize::from(*count)).sum();
                let (symbols, rest) = rest.split_at_checked(length).ok_or(Rejection::Damaged)?;
                let tables = if class == 0 { &mut self.dc } else { &mut self.ac };
                *tables.get_mut(number).ok_or(Rejection::Damaged)? = Some(Table::new(counts, symbols)?);
                rest
            } else {
                let (steps, rest) = steps(class, rest).ok_or(Rejection::Damaged)?;
                *self.quantization.get_mut(number).ok_or(Rejection::Damaged)? = Some(Box::new(steps));
                rest
            };
        }
        Ok(())
    }

    /// The tables for the DC and AC coefficients of a scan's component. Some scans need only one of them.
    pub(super) fn huffman(&self, (dc, ac): (usize, usize)) -> (Option<&Table>, Option<&Table>) {
        (self.dc.get(dc).and_then(Option::as_ref), self.ac.get(ac).and_then(Option::as_ref))
    }
}

/// The steps of a quantization table, of one or two bytes each.
fn steps(precision: u8, data: &[u8]) -> Option<([u16; 64], &[u8])> {
    let mut steps = [0; 64];
    if precision == 0 {
        let (bytes, rest) = data.split_first_chunk::<64>()?;
        steps.iter_mut().zip(bytes).for_each(|(step, byte)| *step = u16::from(*byte));
        Some((steps, rest))
    } else {
        let (bytes, rest) = data.split_first_chunk::<128>()?;
        steps.iter_mut().zip(bytes.as_chunks().0).for_each(|(step, pair)| *step = u16::from_be_bytes(*pair));
        Some((steps, rest))
    }
}

/// A scan's blocks, in the order in which they are coded (A.2).
pub(super) struct Units<'a> {
    pub(super) scan: &'a Scan,
    pub(super) bits: Bits<'a>,
    /// Blocks that follow without further coefficients, in a progressive scan.
    pub(super) end_run: u32,
}

impl<'a> Units<'a> {
    fn new(scan: &'a Scan, coded: &'a [u8]) -> Self {
        Self { scan, bits: Bits::new(coded), end_run: 0 }
    }

    /// Visits each block: with its channel, its place among the scan's components, and its column and row.
    pub(super) fn visit<F>(&mut self, channels: &mut [Channel], mut block: F) -> Option<()>
    where
        F: FnMut(&mut Self, &mut Channel, usize, (usize, usize)) -> Option<()>,
    {
        let is_alone = self.scan.components.len() == 1;
        let first = channels.get(*self.scan.components.first()?)?;
        let (across, down) = if is_alone { first.lone_blocks } else { first.units() };
        let mut until_restart = self.scan.interval;
        for row in 0..down {
            for column in 0..across {
                if self.scan.interval > 0 && until_restart == 0 {
                    self.restart(channels)?;
                    until_restart = self.scan.interval;
                }
                until_restart = until_restart.wrapping_sub(1);
                for (place, index) in self.scan.components.iter().enumerate() {
                    let channel = channels.get_mut(*index)?;
                    let (wide, high) = if is_alone { (1, 1) } else { channel.unit };
                    for y in 0..high {
                        for x in 0..wide {
                            block(self, channel, place, (column * wide + x, row * high + y))?;
                        }
                    }
                }
            }
            if self.bits.are_overrun() {
                return None;
            }
        }
        Some(())
    }

    fn restart(&mut self, channels: &mut [Channel]) -> Option<()> {
        if self.bits.are_overrun() {
            return None;
        }
        self.bits.restart();
        self.end_run = 0;
        channels.iter_mut().for_each(|channel| channel.prediction = 0);
        Some(())
    }
}
