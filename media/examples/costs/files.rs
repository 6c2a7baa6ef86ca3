//! Files that cost much for their bytes.

use std::io::{Cursor, Write};

use image::{Rgba, RgbaImage};

/// What a picture shows: 0 one colour, 1 a gradient, 2 noise, 3 and 4 noise of two and of 16 colours, 5 a tile of noise
/// over and over, 6 some specks, 7 stripes, 8 a little noise, 9 blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content(pub(crate) usize);

fn hash(x: u32, y: u32, z: u32) -> u32 {
    let mut value = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ z.wrapping_mul(0xc2b2_ae3d);
    value ^= value >> 15;
    value = value.wrapping_mul(0x2c1b_3c6d);
    value ^= value >> 12;
    value = value.wrapping_mul(0x297a_2d39);
    value ^ value >> 15
}

impl Content {
    fn color(self, x: u32, y: u32, frame: u32) -> [u8; 3] {
        let noise = |mask: u32, shift: u32, x, y| {
            let value = hash(x, y, frame);
            [value, value >> 8, value >> 16].map(|it| ((it & mask) << shift) as u8)
        };
        match self.0 {
            0 => [40, 90, 200],
            1 => [(x / 4) as u8, (y / 4) as u8, (x / 8 + y / 8) as u8],
            2 => noise(0xff, 0, x, y),
            3 => [if hash(x, y, frame) & 1 == 0 { 0 } else { 255 }; 3],
            4 => [(hash(x, y, frame) & 15) as u8 * 17; 3],
            5 => noise(0xff, 0, x % 32, y % 32),
            6 if hash(x, y, frame) & 15 == 0 => [255, 0, 0],
            6 => [0, 0, 90],
            7 => [if (x + y + frame).is_multiple_of(3) { 250 } else { 10 }, (x % 7 * 30) as u8, (y % 5 * 50) as u8],
            8 => noise(3, 5, x, y),
            _ => noise(0xff, 0, x / 8, y / 8),
        }
    }

    fn pixels(self, (width, height): (usize, usize), frame: usize, alpha: usize) -> RgbaImage {
        RgbaImage::from_fn(width as u32, height as u32, |x, y| {
            let [r, g, b] = self.color(x, y, frame as u32);
            let alpha = match alpha {
                0 => 255,
                1 => 128,
                _ => (hash(x, y, 77) >> 3) as u8,
            };
            Rgba([r, g, b, alpha])
        })
    }
}

/// Whether so many pixels are worth writing: more are refused unread.
fn is_much(frames: usize, (width, height): (usize, usize)) -> bool {
    width * height > 64_000_000 || frames * width * height > 110_000_000
}

// ---- GIF

pub(crate) fn gif(
    frames: usize,
    size: (usize, usize),
    content: Content,
    disposal: usize,
    is_transparent: bool,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    if is_much(frames, size) {
        return b"GIF89a".to_vec();
    }
    let palette: Vec<u8> =
        (0..256_u32).flat_map(|at| [(at & 0xe0) as u8, (at << 3 & 0xe0) as u8, (at << 6) as u8]).collect();
    let mut encoder = gif::Encoder::new(&mut bytes, size.0 as u16, size.1 as u16, &palette).unwrap();
    for number in 0..frames {
        let mut indices = Vec::with_capacity(size.0 * size.1);
        for y in 0..size.1 as u32 {
            for x in 0..size.0 as u32 {
                let [r, g, b] = content.color(x, y, number as u32);
                indices.push(r & 0xe0 | g >> 3 & 0x1c | b >> 6);
            }
        }
        let transparent = is_transparent.then_some(0);
        let mut frame = gif::Frame::from_indexed_pixels(size.0 as u16, size.1 as u16, indices, transparent);
        frame.dispose =
            [gif::DisposalMethod::Keep, gif::DisposalMethod::Background, gif::DisposalMethod::Previous][disposal];
        frame.delay = 4 + number as u16 % 3;
        encoder.write_frame(&frame).unwrap();
        if encoder.get_ref().len() > super::BYTES_MAX {
            break;
        }
    }
    drop(encoder);
    bytes
}

/// A canvas of 8×8, and frames behind the first that are far larger, of one colour.
pub(crate) fn gif_frames_beyond(frames: usize, side: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 8, 8, &[0, 0, 0, 255, 255, 255]).unwrap();
    encoder.write_frame(&gif::Frame::from_indexed_pixels(8, 8, vec![0; 64], None)).unwrap();
    drop(encoder);
    bytes.pop();
    let data = lzw_zeros(side * side);
    for _ in 1..frames {
        bytes.extend([0x2c, 0, 0, 0, 0]);
        bytes.extend((side as u16).to_le_bytes());
        bytes.extend((side as u16).to_le_bytes());
        bytes.extend([0, 2]);
        for part in data.chunks(255) {
            bytes.push(part.len() as u8);
            bytes.extend(part);
        }
        bytes.push(0);
        if bytes.len() > super::BYTES_MAX {
            break;
        }
    }
    bytes.push(b';');
    bytes
}

/// So many zeros in LZW of two bits, each code one longer than the one before.
fn lzw_zeros(count: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(4, 3);
    let (mut next, mut width, mut left, mut run) = (6_u64, 3, count, 1);
    let mut is_first = true;
    while left > 0 {
        let length = run.min(left);
        // The code of a run is the entry that was made by the run before.
        let code = if length == 1 { 0 } else { 4 + length as u64 };
        bits.put(code, width);
        left -= length;
        if !is_first && next < 4096 {
            next += 1;
        }
        is_first = false;
        if next == 1 << width && width < 12 {
            width += 1;
        }
        if run < 4000 { run += 1 } else { run = 4000 }
    }
    bits.put(5, width);
    bits.finish()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl Bits {
    /// The lowest bit first.
    fn put(&mut self, value: u64, width: u32) {
        self.pending |= value << self.count;
        self.count += width;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.pending as u8);
        }
        self.bytes
    }
}

// ---- WebP

fn webp_of(pixels: &RgbaImage, is_lossless: bool) -> Vec<u8> {
    let (width, height) = pixels.dimensions();
    let encoder = webpx::Encoder::new_rgba(pixels.as_raw(), width, height);
    encoder.quality(20.0).method(0).lossless(is_lossless).encode(webpx::Unstoppable).unwrap_or_default()
}

pub(crate) fn still_webp(size: (usize, usize), content: Content, is_lossless: bool) -> Vec<u8> {
    if is_much(1, size) || size.0 > 16_383 || size.1 > 16_383 {
        return b"RIFF".to_vec();
    }
    webp_of(&content.pixels(size, 0, 0), is_lossless)
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = name.to_vec();
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes.extend(vec![0; data.len() % 2]);
    bytes
}

fn riff(body: &[u8]) -> Vec<u8> {
    [&b"RIFF"[..], &(body.len() as u32 + 4).to_le_bytes(), b"WEBP", body].concat()
}

/// Three different frames over and over: a decoder reads each of them again.
pub(crate) fn animated_webp(
    frames: usize,
    size: (usize, usize),
    content: Content,
    is_lossless: bool,
    flags: u8,
    has_profile: bool,
) -> Vec<u8> {
    if is_much(frames, size) || size.0 > 16_383 || size.1 > 16_383 {
        return b"RIFF".to_vec();
    }
    let number = |value: usize| (value as u32).to_le_bytes()[..3].to_vec();
    let head = vec![if has_profile { 0x32 } else { 0x12 }, 0, 0, 0];
    let mut body = chunk(b"VP8X", &[head, number(size.0 - 1), number(size.1 - 1)].concat());
    if has_profile {
        body.extend(chunk(b"ICCP", &profile()));
    }
    body.extend(chunk(b"ANIM", &[0; 6]));
    let stills: Vec<Vec<u8>> = (0..3).map(|at| webp_of(&content.pixels(size, at, 0), is_lossless)).collect();
    for at in 0..frames {
        let header = [number(0), number(0), number(size.0 - 1), number(size.1 - 1), number(40)].concat();
        let still = &stills[at % 3];
        let name = if is_lossless { b"VP8L" } else { b"VP8 " };
        let Some(start) = still.windows(4).position(|it| it == name) else { return b"RIFF".to_vec() };
        body.extend(chunk(b"ANMF", &[&header, &vec![flags][..], &still[start..]].concat()));
        if body.len() > super::BYTES_MAX {
            break;
        }
    }
    riff(&body)
}

/// A lossless picture with so many groups of Huffman codes, each of which is a table for the decoder. `depth` is the
/// length of the longest code.
pub(crate) fn webp_groups(groups: usize, depth: usize, side: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0x2f, 8);
    bits.put(side as u64 - 1, 14);
    bits.put(side as u64 - 1, 14);
    // No alpha, version 0, no transform, no colour cache.
    bits.put(0, 1 + 3 + 1 + 1);
    // Groups by squares of 512 pixels; the picture of them has no cache, and one colour.
    bits.put(1, 1);
    bits.put(7, 3);
    bits.put(0, 1);
    let last = groups as u64 - 1;
    for symbol in [last & 0xff, last >> 8, 0, 0, 0] {
        // A simple code of one symbol of eight bits.
        bits.put(0b101, 3);
        bits.put(symbol, 8);
    }
    for _ in 0..groups {
        for _ in 0..5 {
            deep_code(&mut bits, depth as u64);
        }
        if bits.bytes.len() > super::BYTES_MAX {
            break;
        }
    }
    // The shortest code is one bit.
    for _ in 0..side * side * 4 / 8 {
        bits.put(0, 8);
    }
    riff(&chunk(b"VP8L", &bits.finish()))
}

/// Code lengths 1, 2, … up to `depth`, twice, for the first symbols.
fn deep_code(bits: &mut Bits, depth: u64) {
    const ORDER: [u64; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    bits.put(0, 1);
    bits.put(19 - 4, 4);
    // Of the lengths 0 to 15 each has a code of four bits.
    for symbol in ORDER {
        bits.put(if symbol < 16 { 4 } else { 0 }, 3);
    }
    // So many lengths follow.
    bits.put(1, 1);
    bits.put(1, 3);
    bits.put(depth + 1 - 2, 4);
    let reversed = |value: u64| (0..4).fold(0, |sum, bit| sum | (value >> bit & 1) << (3 - bit));
    for length in (1..=depth).chain([depth]) {
        bits.put(reversed(length), 4);
    }
}

// ---- PNG

pub(crate) fn png(
    size: (usize, usize),
    content: Content,
    color: u8,
    bits: u8,
    is_interlaced: bool,
    has_profile: bool,
    alpha: usize,
) -> Vec<u8> {
    if is_much(1, size) {
        return b"\x89PNG\r\n\x1a\n".to_vec();
    }
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [
        &(size.0 as u32).to_be_bytes()[..],
        &(size.1 as u32).to_be_bytes(),
        &[bits, color, 0, 0, u8::from(is_interlaced)],
    ];
    png_chunk(&mut bytes, b"IHDR", &header.concat());
    if has_profile {
        let mut packed = flate2::write::ZlibEncoder::new(b"p\0\0".to_vec(), flate2::Compression::best());
        packed.write_all(&profile()).unwrap();
        png_chunk(&mut bytes, b"iCCP", &packed.finish().unwrap());
    }
    let passes: &[(usize, usize, usize, usize)] = if is_interlaced {
        &[(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    } else {
        &[(0, 0, 1, 1)]
    };
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    for (left, top, across, down) in passes {
        for y in (*top..size.1).step_by(*down) {
            let mut row = vec![0];
            for x in (*left..size.0).step_by(*across) {
                let [r, g, b] = content.color(x as u32, y as u32, 0);
                let alpha = [255, 128, (hash(x as u32, y as u32, 77) >> 3) as u8][alpha];
                let samples: &[u8] = match color {
                    0 => &[r],
                    2 => &[r, g, b],
                    4 => &[r, alpha],
                    _ => &[r, g, b, alpha],
                };
                for sample in samples {
                    row.push(*sample);
                    if bits == 16 {
                        row.push(*sample);
                    }
                }
            }
            if row.len() > 1 {
                packed.write_all(&row).unwrap();
            }
        }
        if packed.get_ref().len() > super::BYTES_MAX {
            break;
        }
    }
    png_chunk(&mut bytes, b"IDAT", &packed.finish().unwrap());
    png_chunk(&mut bytes, b"IEND", b"");
    bytes
}

fn png_chunk(bytes: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    bytes.extend((data.len() as u32).to_be_bytes());
    let mut checksum = flate2::Crc::new();
    checksum.update(name);
    checksum.update(data);
    bytes.extend(name);
    bytes.extend(data);
    bytes.extend(checksum.sum().to_be_bytes());
}

/// Colours that have to be converted pixel by pixel before the picture is made small.
fn profile() -> Vec<u8> {
    moxcms::ColorProfile::new_pro_photo_rgb().encode().unwrap()
}

// ---- JPEG

/// Progressive, with `levels` passes over the high coefficients that refine them bit by bit, each in `bands` scans, or
/// baseline without any. The coefficients are zeros, which take few bytes; with noise, some are not.
pub(crate) fn jpeg_scans(
    size: (usize, usize),
    components: usize,
    sampling: usize,
    levels: usize,
    bands: usize,
    has_noise: bool,
    has_profile: bool,
) -> Vec<u8> {
    if is_much(1, size) {
        return b"\xff\xd8\xff".to_vec();
    }
    let mut bytes = b"\xff\xd8".to_vec();
    if components == 4 {
        bytes.extend(b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0");
    }
    if has_profile {
        segment(&mut bytes, 0xe2, &[&b"ICC_PROFILE\0\x01\x01"[..], &profile()].concat());
    }
    segment(&mut bytes, 0xdb, &[&[0][..], &[3; 64]].concat());
    let mut frame = vec![8];
    frame.extend((size.1 as u16).to_be_bytes());
    frame.extend((size.0 as u16).to_be_bytes());
    frame.push(components as u8);
    let factor = |index: usize| if index == 0 { sampling } else { 1 };
    for index in 0..components {
        frame.extend([index as u8 + 1, (factor(index) << 4 | factor(index)) as u8, 0]);
    }
    segment(&mut bytes, if levels == 0 { 0xc0 } else { 0xc2 }, &frame);
    let zeros = |count: usize| vec![0_u8; count];
    segment(&mut bytes, 0xc4, &[&[0][..], &[0, 0, 0, 12], &zeros(12), &(0..12).collect::<Vec<u8>>()].concat());
    let all: Vec<u8> = (0..=255).collect();
    segment(&mut bytes, 0xc4, &[&[0x10][..], &zeros(7), &[254, 2], &zeros(7), &all].concat());
    let units = size.0.div_ceil(8 * sampling) * size.1.div_ceil(8 * sampling);
    let per_unit: usize = (0..components).map(|index| factor(index) * factor(index)).sum();
    let everything: Vec<u8> = (0..components as u8).collect();
    if levels == 0 {
        scan(&mut bytes, &everything, (0, 63), (0, 0));
        coded(&mut bytes, units * per_unit, |bits, at| {
            bits.dc(0);
            if has_noise && at.is_multiple_of(2) {
                (0..8).for_each(|_| bits.ac(1, 1));
            }
            bits.symbol(0);
        });
    } else {
        scan(&mut bytes, &everything, (0, 0), (0, 0));
        coded(&mut bytes, units * per_unit, |bits, _| bits.dc(0));
        for level in (0..levels as u8).rev() {
            for index in 0..components {
                let blocks =
                    size.0.div_ceil(8 * sampling / factor(index)) * size.1.div_ceil(8 * sampling / factor(index));
                for band in 0..bands {
                    let (from, to) = (1 + band * 63 / bands, (band + 1) * 63 / bands);
                    let high = if level + 1 == levels as u8 { 0 } else { level + 1 };
                    scan(&mut bytes, &[index as u8], (from as u8, to as u8), (high, level));
                    if has_noise && high == 0 {
                        // A coefficient in every block, which each later pass refines.
                        coded(&mut bytes, blocks, |bits, _| {
                            bits.ac(1, 1);
                            bits.symbol(0);
                        });
                    } else if has_noise {
                        coded(&mut bytes, blocks, |bits, _| {
                            bits.symbol(0);
                            bits.put(0, 1);
                        });
                    } else {
                        runs(&mut bytes, blocks);
                    }
                }
            }
        }
    }
    bytes.extend(b"\xff\xd9");
    bytes
}

fn segment(bytes: &mut Vec<u8>, marker: u8, data: &[u8]) {
    bytes.extend([0xff, marker]);
    bytes.extend((data.len() as u16 + 2).to_be_bytes());
    bytes.extend(data);
}

fn scan(bytes: &mut Vec<u8>, components: &[u8], band: (u8, u8), bits: (u8, u8)) {
    let mut data = vec![components.len() as u8];
    data.extend(components.iter().flat_map(|index| [index + 1, 0]));
    data.extend([band.0, band.1, bits.0 << 4 | bits.1]);
    segment(bytes, 0xda, &data);
}

/// Of a scan, the highest bit first.
#[derive(Default)]
struct Coded {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Coded {
    fn put(&mut self, value: u32, width: u32) {
        for bit in (0..width).rev() {
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

    fn dc(&mut self, category: u32) {
        self.put(category, 4);
    }

    fn symbol(&mut self, symbol: u32) {
        if symbol < 254 { self.put(symbol, 8) } else { self.put(508 + symbol - 254, 9) }
    }

    fn ac(&mut self, symbol: u32, extra: u32) {
        self.symbol(symbol);
        self.put(extra, 1);
    }
}

fn coded(bytes: &mut Vec<u8>, blocks: usize, each: impl Fn(&mut Coded, usize)) {
    let mut bits = Coded::default();
    for at in 0..blocks {
        each(&mut bits, at);
        if bits.bytes.len() > super::BYTES_MAX {
            break;
        }
    }
    while bits.count > 0 {
        bits.put(1, 1);
    }
    bytes.extend(bits.bytes);
}

/// All blocks of a scan are empty: runs of 32,767 of them.
fn runs(bytes: &mut Vec<u8>, blocks: usize) {
    let mut bits = Coded::default();
    let mut left = blocks as u32;
    while left > 0 {
        let exponent = left.min(32_767).ilog2();
        let run = left.min((2 << exponent) - 1).min(32_767);
        bits.symbol(exponent << 4);
        bits.put(run - (1 << exponent), exponent);
        left -= run;
    }
    while bits.count > 0 {
        bits.put(1, 1);
    }
    bytes.extend(bits.bytes);
}

/// Code tables over and over before a picture of 8×8.
pub(crate) fn jpeg_tables(tables: usize, components: usize, symbols: usize) -> Vec<u8> {
    let plain = jpeg_scans((8, 8), components, 1, 0, 1, false, false);
    let mut bytes = plain[..2].to_vec();
    let mut lengths = [0; 16];
    for (at, length) in lengths.iter_mut().enumerate().skip(7) {
        *length = (symbols / 9 + usize::from(at - 7 < symbols % 9)) as u8;
    }
    let count: usize = lengths.iter().map(|it| usize::from(*it)).sum();
    let values: Vec<u8> = (0..count).map(|at| at as u8).collect();
    for _ in 0..tables {
        segment(&mut bytes, 0xc4, &[&[0x10][..], &lengths, &values].concat());
        if bytes.len() > super::BYTES_MAX {
            break;
        }
    }
    bytes.extend(&plain[2..]);
    bytes
}

// ---- Packages

const MAIN: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";

fn types(more: &str) -> String {
    format!(r#"<Types xmlns="t"><Override PartName="/word/document.xml" ContentType="{MAIN}"/>{more}</Types>"#)
}

fn archive(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, data) in entries {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(data).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn package(types: String, more: Vec<(String, Vec<u8>)>) -> Vec<u8> {
    let relationships =
        br#"<Relationships xmlns="r"><Relationship Id="a" Type="x/officeDocument" Target="word/document.xml"/></Relationships>"#;
    let mut entries = vec![
        ("[Content_Types].xml".to_owned(), types.into_bytes()),
        ("_rels/.rels".to_owned(), relationships.to_vec()),
        ("word/document.xml".to_owned(), b"<document/>".to_vec()),
    ];
    entries.extend(more);
    archive(&entries)
}

/// A list of types with an element of very many attributes, with very many name spaces, or with as many of both.
pub(crate) fn colliding_attributes(count: usize, kind: usize) -> Vec<u8> {
    let more = match kind {
        0 => format!("<A {}/>", (0..count).map(|at| format!("a{at}=\"\" ")).collect::<String>()),
        1 => format!("<A {}/>", (0..count.min(65_000)).map(|at| format!("xmlns:a{at}=\"{at}\" ")).collect::<String>()),
        _ => {
            let spaces: String = (0..count.min(30_000)).map(|at| format!("xmlns:a{at}=\"{at}\" ")).collect();
            format!("<A {spaces}>{}</A>", "<b xmlns:c=\"d\"/>".repeat(count.min(60_000)))
        }
    };
    package(types(&more), Vec::new())
}

pub(crate) fn package_of_entries(entries: usize, kilobytes: usize) -> Vec<u8> {
    if entries * kilobytes > 520_000 {
        return b"PK\x03\x04".to_vec();
    }
    let data = vec![0; kilobytes * 1024];
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    all.extend((0..entries).map(|at| (format!("word/media/{at}"), data.clone())));
    package(types(""), all)
}

/// Packages within packages, each with a list of relationships of so many kilobytes.
pub(crate) fn nested_package(depth: usize, within: usize, list: usize) -> Vec<u8> {
    if within.pow(depth.min(2) as u32) * list > 600_000 {
        return b"PK\x03\x04".to_vec();
    }
    let list = "<Relationship Id=\"a\"/>".repeat(list * 1024 / 22);
    let list =
        ("word/_rels/document.xml.rels".to_owned(), format!("<Relationships>{list}</Relationships>").into_bytes());
    let mut inner = package(types(""), vec![list.clone()]);
    for level in 0..depth {
        let count = if level == 0 { within } else { within.min(4) };
        let copies = (0..count).map(|at| (format!("word/embeddings/{at}.docx"), inner.clone()));
        inner = package(types(""), copies.chain([list.clone()]).collect());
        if inner.len() > super::BYTES_MAX {
            break;
        }
    }
    inner
}

/// A compound file of so many storages, each within the one before, or side by side, in a package.
pub(crate) fn compound_deep(entries: usize, is_nested: bool, name: usize) -> Vec<u8> {
    let file = compound(entries, is_nested, name);
    package(types(""), vec![("word/embeddings/a.bin".to_owned(), file)])
}

pub(crate) fn compound(entries: usize, is_nested: bool, name: usize) -> Vec<u8> {
    const SECTOR: usize = 4096;
    const NONE: u32 = u32::MAX;
    const END: u32 = 0xffff_fffe;
    let directory = (entries + 2).div_ceil(SECTOR / 128);
    let fats = (directory + 130).div_ceil(SECTOR / 4);
    let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    bytes.extend([0; 16]);
    bytes.extend([0x3e, 0, 4, 0, 0xfe, 0xff, 12, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    for number in [directory as u32, fats as u32, fats as u32, 0, 4096, END, 0, END, 0] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend((0..109).flat_map(|at| (if at < fats { at as u32 } else { NONE }).to_le_bytes()));
    bytes.resize(SECTOR, 0);
    let mut fat: Vec<u32> = vec![0xffff_fffd; fats];
    fat.extend((1..directory).map(|at| (fats + at) as u32));
    fat.push(END);
    fat.resize(fats * SECTOR / 4, NONE);
    bytes.extend(fat.iter().flat_map(|it| it.to_le_bytes()));
    let mut entry = |name: &str, kind: u8, right: u32, left: u32, child: u32| {
        let start = bytes.len();
        bytes.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
        bytes.resize(start + 64, 0);
        bytes.extend((2 * name.len() as u16 + 2).to_le_bytes());
        bytes.extend([kind, 1]);
        for link in [left, right, child] {
            bytes.extend(link.to_le_bytes());
        }
        bytes.resize(start + 116, 0);
        bytes.extend(if kind == 1 { 0 } else { END }.to_le_bytes());
        bytes.resize(start + 128, 0);
    };
    entry("Root Entry", 5, NONE, NONE, 1);
    entry("WordDocument", 2, if name > 12 { 2 } else { NONE }, if name > 12 { NONE } else { 2 }, NONE);
    for at in 0..entries {
        let next = if at + 1 < entries { at as u32 + 3 } else { NONE };
        let text = if is_nested { "X".repeat(name) } else { format!("{at:0>width$}", width = name.max(8)) };
        let (right, child) = if is_nested { (NONE, next) } else { (next, NONE) };
        entry(&text, 1, right, NONE, child);
    }
    bytes.resize((1 + fats + directory) * SECTOR, 0);
    bytes
}
