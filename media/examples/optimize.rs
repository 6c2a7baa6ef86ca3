//! `optimize PICTURE ROUNDS FOLDER`: makes the picture small, ROUNDS times over, writes `picture` and `thumbnail` into
//! FOLDER, and prints a line of JSON. `make bench-images` compares what it takes.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use media::{Kind, Processed, process};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, rounds, folder] = arguments.as_slice() else {
        return Err("usage: optimize PICTURE ROUNDS FOLDER".into());
    };
    let extension = path.rsplit('.').next().unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|kind| kind.extensions().contains(&extension)).ok_or("of no kind")?;
    let bytes = std::fs::read(path)?;
    let mut made = process(kind, &bytes)?;
    for _ in 1..rounds.parse::<usize>()? {
        made = process(kind, &bytes)?;
    }
    let Processed::Picture(picture) = made else {
        return Err("not a picture".into());
    };
    std::fs::write(Path::new(folder).join("picture"), &picture.bytes)?;
    std::fs::write(Path::new(folder).join("thumbnail"), &picture.thumbnail)?;
    let kind = picture.kind.extensions().first().ok_or("of no kind")?;
    let (width, height, bytes) = (picture.width, picture.height, picture.bytes.len());
    writeln!(std::io::stdout(), r#"{{"kind":"{kind}","width":{width},"height":{height},"bytes":{bytes}}}"#)?;
    Ok(())
}
