//! How a JPEG file is laid out: its segments, frame and scans (ITU-T T.81, annex B). No coefficient is decoded here.

use std::iter;
use std::ops::Range;

use super::segments::{Colors, Component, Frame, Scan, frame, scan};
use crate::Rejection;

/// Maximum number of scans. Encoders write at most some twenty.
const SCANS_MAX: usize = 100;
/// Maximum number of blocks that all scans together visit: ten passes over the largest picture that is taken, without
/// chroma subsampling. A scan of a few bytes may visit every block, so the number of bytes does not bound the time.
const BLOCK_VISITS_MAX: u64 = 40_000_000;
/// Bytes of the marker `SOI`, with which every file starts.
const START: usize = 2;
/// Not coded by any scan so far.
const UNCODED: u8 = u8::MAX;

/// A file's segments up to the end of its first picture.
#[derive(Debug)]
pub(super) struct Layout {
    /// Size, components and coding process.
    pub(super) frame: Frame,
    /// In the order of the file.
    pub(super) scans: Vec<Scan>,
    /// The segments that define tables, in the order of the file.
    pub(super) tables: Vec<Tables>,
    /// What the components stand for.
    pub(super) colors: Colors,
    /// The EXIF block, without its header.
    pub(super) exif: Option<Range<usize>>,
    /// The colour profile, put together from its segments.
    pub(super) profile: Option<Vec<u8>>,
    /// The end of the picture: behind `EOI`, or the end of the file where there is none.
    pub(super) end: usize,
    /// Whether the picture ends with `EOI`.
    pub(super) has_end_marker: bool,
    /// The segments, where bytes that belong to none stand between them.
    pub(super) pieces: Option<Vec<Range<usize>>>,
}

/// A segment that defines tables.
#[derive(Debug)]
pub(super) struct Tables {
    /// Huffman tables, not those of quantization.
    pub(super) is_huffman: bool,
    pub(super) data: Range<usize>,
}

/// A walk along the markers.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    pieces: Vec<Range<usize>>,
    has_gaps: bool,
}

/// A marker and where its segment's data are; empty for markers without data.
struct Segment {
    marker: u8,
    data: Range<usize>,
}

impl<'a> Walk<'a> {
    /// The next marker. `None` at the end of the file.
    fn next(&mut self) -> Result<Option<Segment>, Rejection> {
        loop {
            let Some(found) = self.bytes.get(self.at..).and_then(|rest| memchr::memchr(0xff, rest)) else {
                return Ok(None);
            };
            self.has_gaps |= found > 0;
            let start = self.at + found;
            // Any number of fill bytes may precede a marker (B.1.1.2).
            let fill = self.bytes.get(start..).unwrap_or_default().iter().take_while(|byte| **byte == 0xff).count();
            let Some(marker) = self.bytes.get(start + fill) else { return Ok(None) };
            self.at = start + fill + 1;
            match marker {
                0x00 => self.has_gaps = true,
                0x01 | 0xd0..=0xd7 => {}
                0xd8 => return Err(Rejection::Damaged),
                0xd9 => {
                    self.pieces.push(start..self.at);
                    return Ok(Some(Segment { marker: *marker, data: self.at..self.at }));
                }
                _ => {
                    let length = self.bytes.get(self.at..self.at + 2).ok_or(Rejection::Damaged)?;
                    let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                    let data = self.at + 2..self.at + length;
                    if length < 2 || data.end > self.bytes.len() {
                        return Err(Rejection::Damaged);
                    }
                    self.at = data.end;
                    self.pieces.push(start..self.at);
                    return Ok(Some(Segment { marker: *marker, data }));
                }
            }
        }
    }

    fn data(&self, segment: &Segment) -> &'a [u8] {
        self.bytes.get(segment.data.clone()).unwrap_or_default()
    }

    /// Steps over a scan's coded data, which end at the first marker other than a restart. Returns where they
    /// are and how many restart markers are among them, which have to come in their order.
    fn coded(&mut self) -> Result<(Range<usize>, u64), Rejection> {
        let (start, mut restarts) = (self.at, 0_u64);
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let found = memchr::memchr(0xff, rest).filter(|found| found + 1 < rest.len());
            let Some(found) = found else {
                self.at = self.bytes.len();
                break;
            };
            self.at += found;
            match self.bytes.get(self.at + 1) {
                Some(0x00) => self.at += 2,
                Some(0xff) => self.at += 1,
                Some(restart @ 0xd0..=0xd7) => {
                    if u64::from(*restart) != 0xd0 + restarts % 8 {
                        return Err(Rejection::Damaged);
                    }
                    restarts += 1;
                    self.at += 2;
                }
                _ => break,
            }
        }
        self.pieces.push(start..self.at);
        Ok((start..self.at, restarts))
    }
}

impl Layout {
    /// Walks along the markers to the end of the first picture. What follows is not looked at: phones append films and
    /// second pictures.
    ///
    /// # Errors
    /// A segment breaks off or contradicts another, or the picture is coded in a way that is not supported.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Rejection> {
        let mut walk = Walk { bytes, at: START, pieces: iter::once(0..START).collect(), has_gaps: false };
        let (mut header, mut scans, mut tables, mut interval) = (None, Vec::new(), Vec::new(), 0);
        let (mut colors, mut exif, mut profile) = (Colors::default(), None, Profile::default());
        let mut end = None;
        while let Some(segment) = walk.next()? {
            let data = walk.data(&segment);
            match segment.marker {
                0xd9 => {
                    end = Some(walk.at);
                    break;
                }
                0xc4 | 0xdb => tables.push(Tables { is_huffman: segment.marker == 0xc4, data: segment.data }),
                0xc8 | 0xcc => {}
                0xc0..=0xcf if header.is_some() => return Err(Rejection::Damaged),
                marker @ 0xc0..=0xcf => header = Some(frame(marker, data)?),
                0xdd => interval = data.iter().take(2).fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
                0xda => {
                    let mut scan = scan(data, header.as_ref().ok_or(Rejection::Damaged)?, interval)?;
                    (scan.coded, scan.restarts) = walk.coded()?;
                    scans.push(scan);
                    if scans.len() > SCANS_MAX {
                        return Err(Rejection::Unsupported);
                    }
                }
                0xe0 if data.starts_with(b"JFIF\0") => colors.is_jfif = true,
                0xe1 if data.starts_with(b"Exif\0") && exif.is_none() => {
                    exif = Some((segment.data.start + 6).min(segment.data.end)..segment.data.end);
                }
                0xe2 => profile.add(data),
                0xee if data.starts_with(b"Adobe") => colors.adobe_transform = data.get(11).copied(),
                _ => {}
            }
        }
        let pieces = walk.has_gaps.then_some(walk.pieces);
        let (has_end_marker, end) = (end.is_some(), end.unwrap_or(walk.at));
        let frame = header.ok_or(Rejection::Damaged)?;
        let profile = profile.joined();
        Ok(Self { frame, scans, tables, colors, exif, profile, end, has_end_marker, pieces })
    }

    /// Whether the scans can be those of the frame: every component is coded, in an order that makes sense, and there
    /// are at least as many bytes as the shortest codes take. A header of a few bytes may promise millions of pixels.
    ///
    /// # Errors
    /// They cannot, or decoding would take too long.
    pub(super) fn check(&self) -> Result<(), Rejection> {
        let mut coded = vec![[UNCODED; 64]; self.frame.components.len()];
        let mut visits = 0_u64;
        for scan in &self.scans {
            let (blocks, units) = (self.blocks(scan), self.units(scan));
            visits += blocks;
            let is_dc = !self.frame.is_progressive || scan.band.start == 0;
            let bits = if self.frame.is_progressive { blocks } else { 2 * blocks };
            if is_dc && u64::try_from(scan.coded.len()).is_ok_and(|bytes| 8 * bytes < bits) {
                return Err(Rejection::Damaged);
            }
            if scan.interval > 0 && scan.restarts + 1 < units.div_ceil(scan.interval) {
                return Err(Rejection::Damaged);
            }
            for component in &scan.components {
                let levels = coded.get_mut(*component).ok_or(Rejection::Damaged)?;
                let is_first_band = scan.band.start > 0 && levels.first() == Some(&UNCODED);
                for level in levels.get_mut(scan.band.clone()).ok_or(Rejection::Damaged)? {
                    let expected = if *level == UNCODED { 0 } else { *level };
                    if is_first_band || scan.high != expected || (*level != UNCODED && scan.high == 0) {
                        return Err(Rejection::Damaged);
                    }
                    *level = scan.low;
                }
            }
        }
        if visits > BLOCK_VISITS_MAX {
            return Err(Rejection::Unsupported);
        }
        let is_coded = |levels: &[u8; 64]| levels.first().is_some_and(|level| *level != UNCODED);
        if coded.iter().all(is_coded) { Ok(()) } else { Err(Rejection::Damaged) }
    }

    fn parts<'a>(&'a self, scan: &'a Scan) -> impl Iterator<Item = &'a Component> + 'a {
        scan.components.iter().filter_map(|index| self.frame.components.get(*index))
    }

    /// The number of blocks that a scan codes: those of the component alone where there is one, whole units of all
    /// components otherwise (A.2).
    fn blocks(&self, scan: &Scan) -> u64 {
        let per_unit: u64 = if scan.components.len() == 1 {
            1
        } else {
            self.parts(scan).map(|it| u64::from(it.across * it.down)).sum()
        };
        self.units(scan) * per_unit
    }

    fn units(&self, scan: &Scan) -> u64 {
        let (across, down) = self.frame.sampling();
        let (across, down) = (u64::from(across), u64::from(down));
        let (width, height) = (u64::from(self.frame.width), u64::from(self.frame.height));
        match (self.parts(scan).next(), scan.components.len()) {
            (Some(component), 1) => {
                let columns = (width * u64::from(component.across)).div_ceil(across).div_ceil(8);
                columns * (height * u64::from(component.down)).div_ceil(down).div_ceil(8)
            }
            _ => width.div_ceil(8 * across) * height.div_ceil(8 * down),
        }
    }
}

/// The pieces of a colour profile (ICC.1:2022, annex B.4), by their number.
#[derive(Default)]
struct Profile(Vec<(u8, Vec<u8>)>);

impl Profile {
    fn add(&mut self, data: &[u8]) {
        if let Some([number, _, piece @ ..]) = data.strip_prefix(b"ICC_PROFILE\0") {
            self.0.push((*number, piece.to_vec()));
        }
    }

    fn joined(mut self) -> Option<Vec<u8>> {
        self.0.sort_by_key(|(number, _)| *number);
        let joined: Vec<u8> = self.0.into_iter().flat_map(|(_, piece)| piece).collect();
        (!joined.is_empty()).then_some(joined)
    }
}
