//! JPEG files whose picture is known, in any layout.

use image::RgbaImage;
use media::picture::{FIT, frames};
use media::{Kind, Rejection};

use crate::jpeg_encoder::{Layout, Scan, encode};

/// A soft picture: what sampling chroma less often takes from it is not seen.
fn color(x: f64, y: f64) -> [f64; 3] {
    let wave = |at: f64, length: f64| (at / length * std::f64::consts::TAU).sin();
    [
        128.0 + 90.0 * wave(x + 0.4 * y, 97.0),
        128.0 + 90.0 * wave(y - 0.3 * x + 20.0, 83.0),
        128.0 + 90.0 * wave(x + y + 50.0, 131.0),
    ]
}

fn ycc([r, g, b]: [f64; 3]) -> [f64; 3] {
    [
        0.299 * r + 0.587 * g + 0.114 * b,
        128.0 - 0.168_736 * r - 0.331_264 * g + 0.5 * b,
        128.0 + 0.5 * r - 0.418_688 * g - 0.081_312 * b,
    ]
}

/// The samples of a file: YCbCr, RGB, inks as Adobe stores them, or grey.
fn sample(layout: &Layout, component: usize, x: usize, y: usize) -> f64 {
    let (x, y) = (x as f64, y as f64);
    match (layout.factors.len(), layout.adobe) {
        (1, _) => ycc(color(x, y))[0],
        (3, Some(0)) | (4, Some(0)) if component < 3 => color(x, y)[component],
        (_, Some(0)) | (4, _) if component == 3 => 230.0,
        // Of four components the three first are inks, of which more takes more light.
        (4, _) => ycc(color(x, y).map(|light| 255.0 - light))[component],
        _ => ycc(color(x, y))[component],
    }
}

fn wanted(layout: &Layout, x: f64, y: f64) -> [f64; 3] {
    match layout.factors.len() {
        1 => [ycc(color(x, y))[0]; 3],
        4 => color(x, y).map(|light| light * 230.0 / 255.0),
        _ => color(x, y),
    }
}

fn scan(components: &[usize], band: (usize, usize), bits: (u8, u8)) -> Scan {
    Scan { components: components.to_vec(), band, bits }
}

/// Ways to divide a picture of so many components into scans.
pub(crate) fn scripts(count: usize) -> Vec<(bool, Vec<Scan>)> {
    let all: Vec<usize> = (0..count).collect();
    let every = (0, 63);
    let each = |band, bits| all.iter().map(move |index| scan(&[*index], band, bits)).collect::<Vec<_>>();
    let mut found = vec![
        (false, vec![scan(&all, every, (0, 0))]),
        (false, each(every, (0, 0))),
        (true, [vec![scan(&all, (0, 0), (0, 0))], each((1, 63), (0, 0))].concat()),
        (true, [each((0, 0), (0, 0)), each((1, 5), (0, 0)), each((6, 63), (0, 0))].concat()),
        (
            true,
            [
                vec![scan(&all, (0, 0), (0, 1))],
                each((1, 9), (0, 2)),
                each((10, 63), (0, 1)),
                each((1, 9), (2, 1)),
                vec![scan(&all, (0, 0), (1, 0))],
                each((1, 63), (1, 0)),
            ]
            .concat(),
        ),
    ];
    if count == 3 {
        found.push((false, vec![scan(&[0], every, (0, 0)), scan(&[1, 2], every, (0, 0))]));
        found.push((false, vec![scan(&[2], every, (0, 0)), scan(&[0, 1], every, (0, 0))]));
        let dc = vec![scan(&[0, 1], (0, 0), (0, 0)), scan(&[2], (0, 0), (0, 0))];
        found.push((true, [dc, each((1, 63), (0, 0))].concat()));
    }
    found
}

/// Mean and largest difference from the picture that was encoded.
pub(crate) fn difference(layout: &Layout, bytes: &[u8]) -> Result<(f64, f64), Rejection> {
    Ok(difference_of(layout, &frames(Kind::Jpeg, bytes)?.swap_remove(0).pixels))
}

/// The same of a picture that was made of it, of the size that it has when fitted.
pub(crate) fn difference_of(layout: &Layout, shown: &RgbaImage) -> (f64, f64) {
    let (width, height) = (layout.size.0 as f64, layout.size.1 as f64);
    let scale = (FIT.0 as f64 / width).min(FIT.1 as f64 / height).min(1.0);
    let fitted = |side: f64| (side * scale).round().max(1.0) as u32;
    assert_eq!(shown.dimensions(), (fitted(width), fitted(height)), "{:?}", layout.size);
    let (across, down) = (width / f64::from(shown.width()), height / f64::from(shown.height()));
    let (mut sum, mut most) = (0.0, 0.0_f64);
    for (x, y, pixel) in shown.enumerate_pixels() {
        let at = ((f64::from(x) + 0.5) * across - 0.5, (f64::from(y) + 0.5) * down - 0.5);
        for (is, was) in pixel.0.into_iter().zip(wanted(layout, at.0, at.1)) {
            let error = (f64::from(is) - was).abs();
            sum += error;
            most = most.max(error);
        }
    }
    (sum / (3 * shown.width() * shown.height()) as f64, most)
}

pub(crate) fn encoded(layout: &Layout) -> Vec<u8> {
    encode(layout, &|component, x, y| sample(layout, component, x, y))
}

/// The most blocks of a unit (B.2.3).
const UNIT_MAX: usize = 10;

/// Whether no unit has more blocks than allowed.
pub(crate) fn is_legal(layout: &Layout) -> bool {
    let blocks =
        |scan: &Scan| scan.components.iter().map(|index| layout.factors[*index]).map(|it| it.0 * it.1).sum::<usize>();
    layout.scans.iter().all(|scan| scan.components.len() == 1 || blocks(scan) <= UNIT_MAX)
}
