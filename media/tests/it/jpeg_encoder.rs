//! Writes JPEG in any layout that ITU-T T.81 allows: any sampling factors, any division into scans, baseline and
//! progressive, with restart markers. It is slow, and its Huffman tables fit every picture and none well.

use std::f64::consts::PI;

/// How a picture is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) size: (usize, usize),
    /// Sampling factors of each component, across and down.
    pub(crate) factors: Vec<(usize, usize)>,
    pub(crate) scans: Vec<Scan>,
    pub(crate) is_progressive: bool,
    /// Units between restart markers, 0 for none.
    pub(crate) interval: usize,
    /// The transform that the Adobe segment names; no JFIF segment then.
    pub(crate) adobe: Option<u8>,
}

/// A scan: its components, its band of coefficients, and the bit positions before and after it.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) components: Vec<usize>,
    pub(crate) band: (usize, usize),
    pub(crate) bits: (u8, u8),
}

/// The division of every coefficient.
const STEP: i32 = 3;
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// One component's coefficients, in the order of the zigzag, by blocks.
struct Plane {
    blocks: Vec<[i32; 64]>,
    across: usize,
    /// Blocks of the component by itself, without those that fill up the last units.
    own: (usize, usize),
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.pending = self.pending << 1 | (value >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                let byte = self.pending as u8;
                self.bytes.push(byte);
                if byte == 0xff {
                    self.bytes.push(0);
                }
                (self.pending, self.count) = (0, 0);
            }
        }
    }

    fn flush(&mut self) {
        while self.count > 0 {
            self.put(1, 1);
        }
    }

    fn dc(&mut self, difference: i32) {
        let category = 32 - difference.unsigned_abs().leading_zeros();
        self.put(category, 4);
        self.extra(difference, category);
    }

    fn extra(&mut self, value: i32, category: u32) {
        let value = if value < 0 { value + (1 << category) - 1 } else { value };
        self.put(value as u32, category);
    }

    /// The table holds every symbol, the last two with nine bits.
    fn ac(&mut self, symbol: u32) {
        if symbol < 254 { self.put(symbol, 8) } else { self.put(508 + symbol - 254, 9) }
    }
}

/// Encodes the samples that `sample(component, x, y)` gives for whole pixels, 0 to 255; of a component that is sampled
/// less often, the mean over the pixels that a sample covers.
pub(crate) fn encode(layout: &Layout, sample: &dyn Fn(usize, usize, usize) -> f64) -> Vec<u8> {
    let most =
        (layout.factors.iter().map(|it| it.0).max().unwrap(), layout.factors.iter().map(|it| it.1).max().unwrap());
    let units = (layout.size.0.div_ceil(8 * most.0), layout.size.1.div_ceil(8 * most.1));
    let planes: Vec<Plane> = (0..layout.factors.len()).map(|index| plane(layout, index, most, units, sample)).collect();
    let mut bytes = head(layout);
    for scan in &layout.scans {
        bytes.extend([0xff, 0xda, 0, 6 + 2 * scan.components.len() as u8, scan.components.len() as u8]);
        bytes.extend(scan.components.iter().flat_map(|component| [*component as u8 + 1, 0]));
        bytes.extend([scan.band.0 as u8, scan.band.1 as u8, scan.bits.0 << 4 | scan.bits.1]);
        bytes.extend(coded(layout, scan, &planes, units));
    }
    bytes.extend(b"\xff\xd9");
    bytes
}

fn plane(
    layout: &Layout,
    index: usize,
    most: (usize, usize),
    units: (usize, usize),
    sample: &dyn Fn(usize, usize, usize) -> f64,
) -> Plane {
    let factor = layout.factors[index];
    let (across, down) = (units.0 * factor.0, units.1 * factor.1);
    let own = (
        (layout.size.0 * factor.0).div_ceil(most.0).div_ceil(8),
        (layout.size.1 * factor.1).div_ceil(most.1).div_ceil(8),
    );
    let cover = |at: usize, factor: usize, most: usize, size: usize| {
        let (from, to) = (at * most / factor, ((at + 1) * most).div_ceil(factor));
        (from.min(size - 1), to.clamp(1, size).max(from.min(size - 1) + 1))
    };
    let value = |x: usize, y: usize| {
        let (left, right) = cover(x, factor.0, most.0, layout.size.0);
        let (top, bottom) = cover(y, factor.1, most.1, layout.size.1);
        let mut sum = 0.0;
        for y in top..bottom {
            sum += (left..right).map(|x| sample(index, x, y)).sum::<f64>();
        }
        sum / ((right - left) * (bottom - top)) as f64
    };
    let block = |at: usize| {
        let (left, top) = (at % across * 8, at / across * 8);
        transformed(&|x, y| value(left + x, top + y) - 128.0)
    };
    Plane { blocks: (0..across * down).map(block).collect(), across, own }
}

fn transformed(value: &dyn Fn(usize, usize) -> f64) -> [i32; 64] {
    let wave = |at: usize, frequency: usize| {
        let scale = if frequency == 0 { (0.5_f64).sqrt() } else { 1.0 };
        scale * 0.5 * ((2 * at + 1) as f64 * frequency as f64 * PI / 16.0).cos()
    };
    let values: Vec<f64> = (0..64).map(|at| value(at % 8, at / 8)).collect();
    let rows: Vec<f64> = (0..64).map(|at| (0..8).map(|x| values[at / 8 * 8 + x] * wave(x, at % 8)).sum()).collect();
    let mut coefficients = [0; 64];
    for (to, from) in ZIGZAG.iter().enumerate() {
        let sum: f64 = (0..8).map(|y| rows[y * 8 + from % 8] * wave(y, from / 8)).sum();
        coefficients[to] = (sum / f64::from(STEP)).round() as i32;
    }
    coefficients
}

fn head(layout: &Layout) -> Vec<u8> {
    let mut bytes = b"\xff\xd8".to_vec();
    match layout.adobe {
        None => bytes.extend(b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        Some(transform) => {
            bytes.extend(b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0");
            bytes.push(transform);
        }
    }
    bytes.extend(b"\xff\xdb\0\x43\0");
    bytes.extend([STEP as u8; 64]);
    let count = layout.factors.len();
    bytes.extend([0xff, if layout.is_progressive { 0xc2 } else { 0xc0 }, 0, 8 + 3 * count as u8, 8]);
    bytes.extend((layout.size.1 as u16).to_be_bytes());
    bytes.extend((layout.size.0 as u16).to_be_bytes());
    bytes.push(count as u8);
    for (index, (across, down)) in layout.factors.iter().enumerate() {
        bytes.extend([index as u8 + 1, (across << 4 | down) as u8, 0]);
    }
    bytes.extend(b"\xff\xc4\0\x1f\0");
    bytes.extend([0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(0..12);
    bytes.extend(b"\xff\xc4\x01\x13\x10");
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 254, 2, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(0..=255);
    if layout.interval > 0 {
        bytes.extend(b"\xff\xdd\0\x04");
        bytes.extend((layout.interval as u16).to_be_bytes());
    }
    bytes
}

/// The blocks of each unit of a scan: component and place.
fn units_of(layout: &Layout, scan: &Scan, planes: &[Plane], units: (usize, usize)) -> Vec<Vec<(usize, usize)>> {
    if let [index] = scan.components.as_slice() {
        let plane = &planes[*index];
        let places = (0..plane.own.1).flat_map(|y| (0..plane.own.0).map(move |x| y * plane.across + x));
        return places.map(|at| vec![(*index, at)]).collect();
    }
    let blocks = |unit: usize| {
        let (column, row) = (unit % units.0, unit / units.0);
        let of = |index: &usize| {
            let (index, factor) = (*index, layout.factors[*index]);
            let place = move |y: usize, x: usize| (row * factor.1 + y) * planes[index].across + column * factor.0 + x;
            (0..factor.1).flat_map(move |y| (0..factor.0).map(move |x| (index, place(y, x)))).collect::<Vec<_>>()
        };
        scan.components.iter().flat_map(of).collect()
    };
    (0..units.0 * units.1).map(blocks).collect()
}

fn coded(layout: &Layout, scan: &Scan, planes: &[Plane], units: (usize, usize)) -> Vec<u8> {
    let (mut bits, mut before, mut run) = (Bits::default(), [0; 4], 0);
    for (number, unit) in units_of(layout, scan, planes, units).into_iter().enumerate() {
        if layout.interval > 0 && number > 0 && number % layout.interval == 0 {
            end_run(&mut bits, &mut run);
            bits.flush();
            bits.bytes.extend([0xff, 0xd0 + (number / layout.interval - 1) as u8 % 8]);
            before = [0; 4];
        }
        for (index, at) in unit {
            let block = &planes[index].blocks[at];
            let low = scan.bits.1;
            if !layout.is_progressive {
                bits.dc(block[0] - before[index]);
                before[index] = block[0];
                sequential(&mut bits, block);
            } else if scan.band.0 == 0 && scan.bits.0 == 0 {
                bits.dc((block[0] >> low) - before[index]);
                before[index] = block[0] >> low;
            } else if scan.band.0 == 0 {
                bits.put((block[0] >> low) as u32 & 1, 1);
            } else if scan.bits.0 == 0 {
                first(&mut bits, block, scan, &mut run);
            } else {
                refined(&mut bits, block, scan);
            }
        }
    }
    end_run(&mut bits, &mut run);
    bits.flush();
    bits.bytes
}

fn sequential(bits: &mut Bits, block: &[i32; 64]) {
    let mut zeros = 0;
    for value in &block[1..] {
        if *value == 0 {
            zeros += 1;
            continue;
        }
        nonzero(bits, *value, &mut zeros);
    }
    if zeros > 0 {
        bits.ac(0);
    }
}

fn nonzero(bits: &mut Bits, value: i32, zeros: &mut u32) {
    while *zeros > 15 {
        bits.ac(0xf0);
        *zeros -= 16;
    }
    let category = 32 - value.unsigned_abs().leading_zeros();
    bits.ac(*zeros << 4 | category);
    bits.extra(value, category);
    *zeros = 0;
}

/// Figure G.3.
fn first(bits: &mut Bits, block: &[i32; 64], scan: &Scan, run: &mut u32) {
    let mut zeros = 0;
    for value in &block[scan.band.0..=scan.band.1] {
        let value = (value.abs() >> scan.bits.1) * value.signum();
        if value == 0 {
            zeros += 1;
            continue;
        }
        end_run(bits, run);
        nonzero(bits, value, &mut zeros);
    }
    if zeros > 0 {
        *run += 1;
    }
    if *run == 0x7fff {
        end_run(bits, run);
    }
}

fn end_run(bits: &mut Bits, run: &mut u32) {
    if *run > 0 {
        let category = run.ilog2();
        bits.ac(category << 4);
        bits.put(*run, category);
        *run = 0;
    }
}

/// Figure G.7, without runs of blocks.
fn refined(bits: &mut Bits, block: &[i32; 64], scan: &Scan) {
    let shifted: Vec<u32> = block[..=scan.band.1].iter().map(|value| value.unsigned_abs() >> scan.bits.1).collect();
    let last_new = (scan.band.0..=scan.band.1).rev().find(|at| shifted[*at] == 1).unwrap_or(0);
    let (mut zeros, mut corrections) = (0, Vec::new());
    let correct = |bits: &mut Bits, corrections: &mut Vec<u32>| corrections.drain(..).for_each(|bit| bits.put(bit, 1));
    for at in scan.band.0..=scan.band.1 {
        if shifted[at] == 0 {
            zeros += 1;
            continue;
        }
        while zeros > 15 && at <= last_new {
            bits.ac(0xf0);
            correct(bits, &mut corrections);
            zeros -= 16;
        }
        if shifted[at] > 1 {
            corrections.push(shifted[at] & 1);
            continue;
        }
        bits.ac(zeros << 4 | 1);
        bits.put(u32::from(block[at] > 0), 1);
        correct(bits, &mut corrections);
        zeros = 0;
    }
    if zeros > 0 || !corrections.is_empty() {
        bits.ac(0);
        correct(bits, &mut corrections);
    }
}
