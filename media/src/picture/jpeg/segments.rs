//! The headers of a JPEG's frame and scans (ITU-T T.81, B.2.2 and B.2.3).

use std::ops::Range;

use crate::Rejection;

/// A frame header (`SOFn`).
#[derive(Debug)]
pub(super) struct Frame {
    /// Pixels across.
    pub(super) width: u16,
    /// Pixels down.
    pub(super) height: u16,
    pub(super) is_progressive: bool,
    pub(super) components: Vec<Component>,
}

/// A component of a frame and its sampling factors.
#[derive(Debug)]
pub(super) struct Component {
    id: u8,
    pub(super) across: u8,
    pub(super) down: u8,
    /// The number of its quantization table.
    pub(super) quantization: usize,
}

/// A scan header (`SOS`), and what is known of the coded data behind it.
#[derive(Debug)]
pub(super) struct Scan {
    /// Indices into the frame's components.
    pub(super) components: Vec<usize>,
    /// The numbers of each component's Huffman tables, for DC and AC coefficients.
    pub(super) tables: Vec<(usize, usize)>,
    /// The coefficients that it codes.
    pub(super) band: Range<usize>,
    /// The bit positions of the scan before and of this one, in successive approximation.
    pub(super) high: u8,
    pub(super) low: u8,
    /// Units between restart markers; 0 for none.
    pub(super) interval: u64,
    /// The coded data.
    pub(super) coded: Range<usize>,
    /// Restart markers within them.
    pub(super) restarts: u64,
}

/// What tells the colours apart.
#[derive(Debug, Default)]
pub(super) struct Colors {
    pub(super) is_jfif: bool,
    pub(super) adobe_transform: Option<u8>,
}

/// What the components of a frame stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColorModel {
    Grey,
    YCbCr,
    Rgb,
    Cmyk,
    Ycck,
}

impl Frame {
    /// The largest sampling factors, across and down.
    pub(super) fn sampling(&self) -> (u8, u8) {
        let largest = |of: fn(&Component) -> u8| self.components.iter().map(of).max().unwrap_or(1);
        (largest(|it| it.across), largest(|it| it.down))
    }

    /// The sampling factors of each component.
    pub(super) fn factors(&self) -> Vec<(u8, u8)> {
        self.components.iter().map(|it| (it.across, it.down)).collect()
    }

    /// By the rules of libjpeg, which browsers use.
    pub(super) fn color_model(&self, colors: &Colors) -> Result<ColorModel, Rejection> {
        let ids: Vec<u8> = self.components.iter().map(|it| it.id).collect();
        match (ids.as_slice(), colors.adobe_transform) {
            ([_], _) => Ok(ColorModel::Grey),
            ([_, _, _], _) if colors.is_jfif => Ok(ColorModel::YCbCr),
            ([_, _, _], Some(0)) | (b"RGB", None) => Ok(ColorModel::Rgb),
            ([_, _, _], _) => Ok(ColorModel::YCbCr),
            ([_, _, _, _], Some(2)) => Ok(ColorModel::Ycck),
            ([_, _, _, _], _) => Ok(ColorModel::Cmyk),
            _ => Err(Rejection::Unsupported),
        }
    }
}

/// Reads a frame header. Arithmetic coding, lossless and hierarchical processes and samples of more than 8 bits are not
/// supported, as in browsers.
pub(super) fn frame(marker: u8, data: &[u8]) -> Result<Frame, Rejection> {
    let &[precision, h1, h0, w1, w0, count, ref components @ ..] = data else { return Err(Rejection::Damaged) };
    if !matches!(marker, 0xc0..=0xc2) || precision != 8 {
        return Err(Rejection::Unsupported);
    }
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
    if width == 0 || height == 0 || components.len() != 3 * usize::from(count) || !(1..=4).contains(&count) {
        return Err(Rejection::Damaged);
    }
    let component = |data: &[u8]| match data {
        &[id, factors, quantization] if (1..=4).contains(&(factors >> 4)) && (1..=4).contains(&(factors & 15)) => {
            Ok(Component { id, across: factors >> 4, down: factors & 15, quantization: usize::from(quantization) })
        }
        _ => Err(Rejection::Damaged),
    };
    let components = components.chunks_exact(3).map(component).collect::<Result<_, _>>()?;
    Ok(Frame { width, height, is_progressive: marker == 0xc2, components })
}

/// Reads a scan header.
pub(super) fn scan(data: &[u8], frame: &Frame, interval: u64) -> Result<Scan, Rejection> {
    let (count, rest) = data.split_first().ok_or(Rejection::Damaged)?;
    let (selectors, parameters) = rest.split_at_checked(2 * usize::from(*count)).ok_or(Rejection::Damaged)?;
    let &[first, last, bits, ..] = parameters else { return Err(Rejection::Damaged) };
    let (mut components, mut tables) = (Vec::new(), Vec::new());
    for [id, numbers] in selectors.as_chunks().0 {
        let index = frame.components.iter().position(|it| it.id == *id);
        let index = index.filter(|index| !components.contains(index)).ok_or(Rejection::Damaged)?;
        components.push(index);
        tables.push((usize::from(numbers >> 4), usize::from(numbers & 15)));
    }
    let (band, high, low) = if frame.is_progressive {
        (usize::from(first)..usize::from(last) + 1, bits >> 4, bits & 15)
    } else {
        (0..64, 0, 0)
    };
    let is_alone = components.len() == 1;
    let is_band = band.end <= 64 && if band.start == 0 { band.end == 1 || !frame.is_progressive } else { is_alone };
    if components.is_empty() || band.is_empty() || !is_band || low > 13 || (high > 0 && high != low + 1) {
        return Err(Rejection::Damaged);
    }
    Ok(Scan { components, tables, band, high, low, interval, coded: 0..0, restarts: 0 })
}
