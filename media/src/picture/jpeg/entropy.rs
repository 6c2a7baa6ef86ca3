//! Entropy-coded data: bits, Huffman codes and coefficients (ITU-T T.81, annexes C, F and G).

use crate::Rejection;

/// Codes of up to this many bits are found in a table, longer ones by comparing.
const LOOKUP_BITS: u32 = 10;
const LOOKUP_ENTRIES: usize = 1 << LOOKUP_BITS;
/// Zeros behind the data, so that the last bytes are loaded like the others.
const PADDING: [u8; 8] = [0; 8];

/// The bits of a scan up to the next restart marker. Behind the last one come zeros; [`Bits::are_overrun`] tells.
pub(super) struct Bits<'a> {
    /// Coded data behind the restart marker.
    rest: &'a [u8],
    /// Data without byte stuffing, then [`PADDING`].
    bytes: Vec<u8>,
    /// The next byte to load.
    at: usize,
    /// Loaded bits, the next one in the highest place.
    buffer: u64,
    /// Number of loaded bits.
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(coded: &'a [u8]) -> Self {
        let mut bits = Self { rest: coded, bytes: Vec::new(), at: 0, buffer: 0, count: 0 };
        bits.restart();
        bits
    }

    /// Goes on behind the next restart marker.
    pub(super) fn restart(&mut self) {
        self.bytes.clear();
        while let Some((before, behind)) =
            memchr::memchr(0xff, self.rest).and_then(|found| self.rest.split_at_checked(found))
        {
            self.bytes.extend(before);
            match behind {
                [0xff, 0x00, rest @ ..] => {
                    self.bytes.push(0xff);
                    self.rest = rest;
                }
                [0xff, 0xff, ..] => self.rest = behind.get(1..).unwrap_or_default(),
                [0xff, 0xd0..=0xd7, rest @ ..] => return self.start(rest),
                _ => return self.start(&[]),
            }
        }
        self.bytes.extend(self.rest);
        self.start(&[]);
    }

    fn start(&mut self, rest: &'a [u8]) {
        self.bytes.extend(PADDING);
        (self.rest, self.at, self.buffer, self.count) = (rest, 0, 0, 0);
    }

    /// Whether more bits were read than there are.
    pub(super) fn are_overrun(&self) -> bool {
        let read = (8 * self.at).saturating_sub(usize::try_from(self.count).unwrap_or(0));
        read > 8 * (self.bytes.len() - PADDING.len())
    }

    /// Loads at least 56 bits: enough for a code and the value behind it.
    #[inline(always)]
    fn refill(&mut self) {
        let next = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk).map_or(0, |next| u64::from_be_bytes(*next));
        self.buffer |= next >> self.count;
        // Bits of a byte that is not counted are loaded again, to the same places.
        self.at += usize::try_from((63 - self.count) / 8).unwrap_or(0);
        self.count |= 56;
    }

    /// The next 1 to 32 bits, which stay.
    #[inline(always)]
    fn peek(&self, count: u32) -> usize {
        usize::try_from(self.buffer >> (64 - count)).unwrap_or(0)
    }

    #[inline(always)]
    fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    /// Reads 1 to 16 bits.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> usize {
        self.refill();
        let taken = self.peek(count);
        self.skip(count);
        taken
    }

    /// Reads as many bits as `count` says, of which the values do not matter.
    pub(super) fn pass(&mut self, mut count: u32) {
        while count > 0 {
            self.refill();
            let passed = count.min(32);
            self.skip(passed);
            count -= passed;
        }
    }
}

/// What the next bits mean.
#[derive(Clone, Copy, Default)]
struct Entry {
    /// The value behind the code; the code's symbol if `length` is 0.
    value: i16,
    /// The zeros before the value; the code's length if `length` is 0.
    run: u8,
    /// Length of code and value in bits; 0 if together they are longer than the lookup.
    length: u8,
}

/// A Huffman table.
pub(super) struct Table {
    entries: Box<[Entry; LOOKUP_ENTRIES]>,
    /// By length: the codes below, as 16 bits, are not longer. And what leads from a code to its symbol.
    lengths: [(usize, usize); 17],
    symbols: [u8; 256],
}

impl Table {
    /// `counts` are the numbers of codes of 1 to 16 bits.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, Rejection> {
        let mut table =
            Self { entries: Box::new([Entry::default(); LOOKUP_ENTRIES]), lengths: [(0, 0); 17], symbols: [0; 256] };
        table.symbols.get_mut(..symbols.len()).ok_or(Rejection::Damaged)?.copy_from_slice(symbols);
        let (mut code, mut first) = (0_usize, 0_usize);
        for ((count, length), limit) in counts.iter().zip(1_u32..).zip(table.lengths.iter_mut().skip(1)) {
            let number = usize::from(*count);
            let codes = symbols.get(first..first + number).ok_or(Rejection::Damaged)?;
            for (code, symbol) in (code..).zip(codes).filter(|_| length <= LOOKUP_BITS) {
                let span = 1 << (LOOKUP_BITS - length);
                let entries = table.entries.get_mut(code * span..(code + 1) * span).ok_or(Rejection::Damaged)?;
                for (following, entry) in entries.iter_mut().enumerate() {
                    *entry = Entry::new(*symbol, length, following);
                }
            }
            // A wrapping difference: it is added to codes of this length only.
            *limit = ((code + number) << (16 - length), first.wrapping_sub(code));
            if limit.0 > 1 << 16 {
                return Err(Rejection::Damaged);
            }
            (code, first) = ((code + number) << 1, first + number);
        }
        Ok(table)
    }

    /// Reads a code and the value behind it: the zeros before the value, and the value. Without a value the first is
    /// that of the code: 0 ends a block, 15 stands for sixteen zeros. `None` if there is no such code.
    #[inline(always)]
    pub(super) fn read(&self, bits: &mut Bits) -> Option<(u8, i16)> {
        bits.refill();
        let entry = self.entries.get(bits.peek(LOOKUP_BITS))?;
        if entry.length == 0 {
            return self.read_long(bits, *entry);
        }
        bits.skip(u32::from(entry.length));
        Some((entry.run, entry.value))
    }

    fn read_long(&self, bits: &mut Bits, entry: Entry) -> Option<(u8, i16)> {
        let (symbol, length) = match entry.run {
            0 => self.search(bits.peek(16))?,
            length => (u8::try_from(entry.value).ok()?, u32::from(length)),
        };
        bits.skip(length);
        let size = u32::from(symbol & 15);
        let value = if size == 0 { 0 } else { value(bits.peek(size), size) };
        bits.skip(size);
        Some((symbol >> 4, value))
    }

    fn search(&self, code: usize) -> Option<(u8, u32)> {
        let longer = self.lengths.iter().zip(0_u32..).skip(1);
        let ((_, to_symbol), length) = longer.into_iter().find(|((limit, _), _)| code < *limit)?;
        let symbol = self.symbols.get((code >> (16 - length)).wrapping_add(*to_symbol))?;
        Some((*symbol, length))
    }
}

impl Entry {
    /// A code of `length` bits, and the bits that follow it within the lookup.
    fn new(symbol: u8, length: u32, following: usize) -> Self {
        let (size, left) = (u32::from(symbol & 15), LOOKUP_BITS - length);
        let narrow = |bits: u32| u8::try_from(bits).unwrap_or(0);
        match size {
            0 => Self { value: 0, run: symbol >> 4, length: narrow(length) },
            _ if size <= left => {
                let value = value(following >> (left - size), size);
                Self { value, run: symbol >> 4, length: narrow(length + size) }
            }
            _ => Self { value: i16::from(symbol), run: narrow(length), length: 0 },
        }
    }
}

/// The value that 1 to 15 bits stand for (F.2.2.1, EXTEND).
fn value(bits: usize, size: u32) -> i16 {
    let (bits, half) = (i32::try_from(bits).unwrap_or(0), 1 << (size - 1));
    i16::try_from(if bits < half { bits - 2 * half + 1 } else { bits }).unwrap_or(0)
}
