//! A source for the decoder that ends where the coded data end.

use zune_jpeg::zune_core::bytestream::{ZByteIoError, ZByteReaderTrait, ZSeekFrom};

/// How far the decoder reads ahead: two refills of four bytes, and one more byte by which it finds the end.
const AHEAD: usize = 12;

/// Coded data without the end marker behind them, and a few zeros instead. Behind an end marker the decoder fills up a
/// picture that breaks off and does not say so; here it reads past the zeros, and fails.
pub(super) struct Padded<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Padded<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn length(&self) -> usize {
        self.bytes.len() + AHEAD
    }
}

impl ZByteReaderTrait for Padded<'_> {
    #[inline]
    fn read_byte_no_error(&mut self) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte
    }

    #[inline]
    fn read_exact_bytes(&mut self, buffer: &mut [u8]) -> Result<(), ZByteIoError> {
        self.peek_exact_bytes(buffer)?;
        self.at += buffer.len();
        Ok(())
    }

    fn read_bytes(&mut self, buffer: &mut [u8]) -> Result<usize, ZByteIoError> {
        let read = self.peek_bytes(buffer)?;
        self.at += read;
        Ok(read)
    }

    fn peek_bytes(&mut self, buffer: &mut [u8]) -> Result<usize, ZByteIoError> {
        let count = buffer.len().min(self.length().saturating_sub(self.at));
        for (to, at) in buffer.iter_mut().zip(self.at..self.at + count) {
            *to = self.bytes.get(at).copied().unwrap_or(0);
        }
        Ok(count)
    }

    #[inline]
    fn peek_exact_bytes(&mut self, buffer: &mut [u8]) -> Result<(), ZByteIoError> {
        if let Some(bytes) = self.bytes.get(self.at..self.at + buffer.len()) {
            buffer.copy_from_slice(bytes);
            return Ok(());
        }
        let left = self.length().saturating_sub(self.at);
        if left < buffer.len() {
            return Err(ZByteIoError::NotEnoughBytes(left, buffer.len()));
        }
        self.peek_bytes(buffer).map(|_| ())
    }

    fn z_seek(&mut self, from: ZSeekFrom) -> Result<u64, ZByteIoError> {
        let to = match from {
            ZSeekFrom::Start(at) => usize::try_from(at).ok(),
            ZSeekFrom::End(by) => self.length().checked_add_signed(isize::try_from(by)?),
            ZSeekFrom::Current(by) => self.at.checked_add_signed(isize::try_from(by)?),
        };
        self.at = to.ok_or(ZByteIoError::SeekError("before the start"))?;
        self.z_position()
    }

    #[inline]
    fn is_eof(&mut self) -> Result<bool, ZByteIoError> {
        Ok(self.at >= self.length())
    }

    fn z_position(&mut self) -> Result<u64, ZByteIoError> {
        Ok(u64::try_from(self.at)?)
    }

    fn read_remaining(&mut self, sink: &mut Vec<u8>) -> Result<usize, ZByteIoError> {
        let before = sink.len();
        sink.extend((self.at..self.length()).map(|at| self.bytes.get(at).copied().unwrap_or(0)));
        self.at = self.at.max(self.length());
        Ok(sink.len() - before)
    }
}
