//! `score REFERENCE PICTURE…`: a line of JSON, the SSIMULACRA2 score of each picture against the reference: 100 is the
//! same, 90 is not to be told apart, 70 is good. Where there is transparency, the worse of the scores on black and on white.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::Write;

use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};
use image::{ImageReader, RgbImage, RgbaImage};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let pictures = std::env::args().skip(1).map(|path| read(&path)).collect::<Outcome<Vec<_>>>()?;
    let (reference, others) = pictures.split_first().ok_or("usage: score REFERENCE PICTURE…")?;
    let see_through = pictures.iter().any(|picture| picture.pixels().any(|pixel| pixel.0[3] < u8::MAX));
    let grounds: &[u8] = if see_through { &[0, u8::MAX] } else { &[0] };
    let mut worst = vec![f64::INFINITY; others.len()];
    for ground in grounds {
        let wanted = over(reference, *ground);
        let wanted = Ssimulacra2Reference::new(&slice(&wanted)?)?;
        for (score, picture) in worst.iter_mut().zip(others) {
            *score = score.min(wanted.compare(&slice(&over(picture, *ground))?)?);
        }
    }
    let scores: Vec<String> = worst.iter().map(|score| format!("{score:.3}")).collect();
    writeln!(std::io::stdout(), "[{}]", scores.join(","))?;
    Ok(())
}

fn read(path: &str) -> Outcome<RgbaImage> {
    Ok(ImageReader::open(path)?.with_guessed_format()?.decode()?.into_rgba8())
}

/// The picture on a ground of this grey.
fn over(picture: &RgbaImage, ground: u8) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b, a] = picture.get_pixel(x, y).0.map(u32::from);
        let mixed = [r, g, b].map(|channel| (channel * a + u32::from(ground) * (255 - a) + 127) / 255);
        image::Rgb(mixed.map(|channel| u8::try_from(channel).unwrap_or(u8::MAX)))
    })
}

fn slice(picture: &RgbImage) -> Outcome<PixelSlice<'_>> {
    let stride = usize::try_from(picture.width())? * 3;
    PixelSlice::new(picture.as_raw(), picture.width(), picture.height(), stride, PixelDescriptor::RGB8_SRGB)
        .map_err(|error| format!("{error:?}").into())
}
