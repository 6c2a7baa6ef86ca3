//! What `make fuzz-images` runs.
//!
//! - `differ check CASES SEED`: compares random layouts of JPEG with the pictures that were encoded, and random
//!   animations with a compositor; prints the differences.
//! - `differ write CASES SEED FOLDER`: writes random layouts of JPEG, for another decoder to read, and colour profiles.
//! - `differ read`: reads the files whose paths come on the standard input, and writes the pixels of all frames of each
//!   into a file beside it, and a line of JSON.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "it shares the encoder and the compositor with the tests"
)]

#[path = "../tests/it/cmyk_profile.rs"]
mod cmyk_profile;
#[path = "../tests/it/compositor.rs"]
mod compositor;
#[path = "../tests/it/jpeg_cases.rs"]
mod jpeg_cases;
#[path = "../tests/it/jpeg_encoder.rs"]
mod jpeg_encoder;

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::path::Path;

use media::picture::frames;
use media::{Kind, Rejection};
use moxcms::ColorProfile;

use self::compositor::{Random, first_difference, gif, random_patches, webp};
use self::jpeg_cases::{difference, encoded, is_legal, scripts};
use self::jpeg_encoder::{Layout, Scan};

/// Mean and largest difference of a JPEG: of quantisation, and of chroma that is sampled less often.
const DIFFERENCE_MAX: (f64, f64) = (5.0, 24.0);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["check", cases, seed] => check(cases.parse()?, seed.parse()?),
        ["write", cases, seed, folder] => write(cases.parse()?, seed.parse()?, Path::new(folder)),
        ["read"] => read(),
        _ => Err("usage: differ check CASES SEED | write CASES SEED FOLDER | read".into()),
    }
}

fn check(cases: u32, seed: u64) -> Result<(), Box<dyn Error>> {
    let (mut refused, mut wrong) = (0, 0);
    let mut random = Random(seed | 1);
    for case in 0..cases {
        let found = match case % 3 {
            0 => {
                let layout = layout(&mut random);
                match difference(&layout, &encoded(&layout)) {
                    Ok((mean, most)) if mean < DIFFERENCE_MAX.0 && most < DIFFERENCE_MAX.1 => None,
                    Err(Rejection::Unsupported) => {
                        refused += 1;
                        None
                    }
                    found => Some(format!("{found:?}: {layout:?}")),
                }
            }
            number => animation(&mut random, number == 1),
        };
        if let Some(found) = found {
            wrong += 1;
            writeln!(stdout(), "case {case}: {found}")?;
        }
    }
    writeln!(stdout(), "{cases} cases, {refused} refused as not supported, {wrong} wrong")?;
    if wrong == 0 { Ok(()) } else { Err("there are differences".into()) }
}

fn animation(random: &mut Random, is_webp: bool) -> Option<String> {
    let size = (2 + random.below(50), 2 + random.below(50));
    let patches = random_patches(random, size, is_webp);
    let (kind, bytes) =
        if is_webp { (Kind::Webp, webp(size, &patches, &[])) } else { (Kind::Gif, gif(size, &patches)) };
    match frames(kind, &bytes) {
        Ok(found) => first_difference(&found, size, &patches).map(|found| format!("{kind:?} of {size:?}: {found}")),
        Err(refusal) => Some(format!("{kind:?}: {refusal}")),
    }
}

/// Any sampling factors, sizes around the edges of blocks, some of them so long that the picture is made smaller, and any of the scripts with its scans in another order.
fn layout(random: &mut Random) -> Layout {
    loop {
        let count = [1, 3, 3, 3, 4][random.below(5) as usize];
        let factor = |random: &mut Random| [1, 1, 2, 1, 2, 4, 3][random.below(7) as usize];
        let mut factors: Vec<(usize, usize)> = (0..count).map(|_| (factor(random), factor(random))).collect();
        if random.below(2) == 0 {
            factors.iter_mut().skip(1).for_each(|chroma| *chroma = (1, 1));
        }
        let mut scripts = scripts(count);
        let (is_progressive, mut scans) = scripts.swap_remove(random.below(scripts.len() as u32) as usize);
        shuffle(random, &mut scans);
        let side = |random: &mut Random| 1 + random.below(70) as usize;
        let long = |random: &mut Random| 1900 + random.below(14_000) as usize;
        let size = match random.below(12) {
            0 => (long(random), side(random).min(20)),
            1 => (side(random).min(20), long(random)),
            _ => (side(random), side(random)),
        };
        let interval = [0, 0, 1, 2, 7][random.below(5) as usize];
        let adobe = match count {
            1 => None,
            3 => [None, None, Some(0), Some(1)][random.below(4) as usize],
            _ => Some(2 * random.below(2) as u8),
        };
        let layout = Layout { size, factors, scans, is_progressive, interval, adobe };
        if is_legal(&layout) {
            return layout;
        }
    }
}

/// Exchanges neighbours that may stand in either order: those of different components.
fn shuffle(random: &mut Random, scans: &mut [Scan]) {
    for _ in 0..4 * scans.len() {
        let at = random.below(scans.len() as u32) as usize;
        let is_free =
            |(one, other): (&Scan, &Scan)| one.components.iter().all(|index| !other.components.contains(index));
        if scans.get(at).zip(scans.get(at + 1)).is_some_and(is_free) {
            scans.swap(at, at + 1);
        }
    }
}

fn write(cases: u32, seed: u64, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut random = Random(seed | 1);
    for case in 0..cases {
        std::fs::write(folder.join(format!("layout-{case}.jpg")), encoded(&layout(&mut random)))?;
    }
    for (name, profile) in [
        ("adobe", ColorProfile::new_adobe_rgb().encode()?),
        ("p3", ColorProfile::new_display_p3().encode()?),
        ("prophoto", ColorProfile::new_pro_photo_rgb().encode()?),
        ("grey-1.8", ColorProfile::new_gray_with_gamma(1.8).encode()?),
        ("grey-2.2", ColorProfile::new_gray_with_gamma(2.2).encode()?),
        ("inks", cmyk_profile::encoded()),
    ] {
        std::fs::write(folder.join(format!("{name}.icc")), profile)?;
    }
    Ok(())
}

fn read() -> Result<(), Box<dyn Error>> {
    for line in stdin().lock().lines() {
        let path = line?;
        let extension = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let kind =
            Kind::ALL.into_iter().find(|kind| kind.extensions().contains(&extension.as_str())).ok_or("of no kind")?;
        let bytes = std::fs::read(&path)?;
        match media::content::verify(kind, &bytes).and_then(|()| frames(kind, &bytes)) {
            Ok(found) => {
                let (width, height) = found.first().map(|frame| frame.pixels.dimensions()).unwrap_or_default();
                let pixels: Vec<u8> = found.iter().flat_map(|frame| frame.pixels.as_raw()).copied().collect();
                std::fs::write(format!("{path}.rgba"), pixels)?;
                let durations: Vec<u32> = found.iter().map(|frame| frame.duration_ms).collect();
                writeln!(stdout(), r#"{{"width":{width},"height":{height},"durations":{durations:?}}}"#)?;
            }
            Err(refusal) => writeln!(stdout(), r#"{{"refused":"{refusal}"}}"#)?,
        }
        stdout().flush()?;
    }
    Ok(())
}
