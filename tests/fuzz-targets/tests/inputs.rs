//! Every target with the inputs that are kept, among them all that ever failed, and with inputs that were changed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that panics has failed, and says where"
)]

use std::cell::Cell;
use std::fmt::{self, Debug, Formatter};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fuzz_targets::{TARGETS, Target};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// How long each target is tried with changed inputs, in seconds, where `FUZZ_SECONDS` does not say so.
const SECONDS: u64 = 12;
/// An input does not grow beyond this many bytes.
const LONGEST: usize = 64 * 1024;

/// The kept inputs of a target.
fn inputs(target: Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inputs").join(target.name);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// A change of an input, at a place that is a part of its length.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Flip(Index, u8),
    /// A number that is the least or most of something, in so many bytes.
    Number(Index, Vec<u8>),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    /// Bytes of this or another input, from one place to another.
    Copy(Index, Index, Index, usize),
    Truncate(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    let numbers = [0_u32, 1, 127, 128, 255, 256, 32_767, 65_535, 65_536, 8000, 20_001, u32::MAX / 2, u32::MAX];
    let number = (prop::sample::select(numbers.to_vec()), 1_usize..=4, any::<bool>());
    let number = number.prop_map(|(number, width, is_big)| {
        if is_big { number.to_be_bytes()[4 - width..].to_vec() } else { number.to_le_bytes()[..width].to_vec() }
    });
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        4 => (at(), 0_u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        4 => (at(), number).prop_map(|(at, bytes)| Change::Number(at, bytes)),
        2 => (at(), prop::collection::vec(any::<u8>(), 1..16)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (at(), 1_usize..64).prop_map(|(at, count)| Change::Remove(at, count)),
        2 => (at(), at(), at(), 1_usize..256).prop_map(|(to, of, from, count)| Change::Copy(to, of, from, count)),
        1 => at().prop_map(Change::Truncate),
    ]
}

fn changed(inputs: &[(PathBuf, Vec<u8>)], of: &Index, changes: &[Change]) -> Vec<u8> {
    let mut bytes = of.get(inputs).1.clone();
    for change in changes {
        let end = bytes.len();
        let place = |at: &Index| at.index(end + 1);
        match change {
            Change::Set(at, byte) => bytes.iter_mut().skip(place(at)).take(1).for_each(|it| *it = *byte),
            Change::Flip(at, bit) => bytes.iter_mut().skip(place(at)).take(1).for_each(|it| *it ^= 1 << bit),
            Change::Number(at, number) => {
                bytes.iter_mut().skip(place(at)).zip(number).for_each(|(to, from)| *to = *from);
            }
            Change::Insert(at, more) => {
                let at = place(at);
                bytes.splice(at..at, more.iter().copied());
            }
            Change::Remove(at, count) => {
                let at = place(at);
                bytes.drain(at..end.min(at + count));
            }
            Change::Copy(to, of, from, count) => {
                let (to, source) = (place(to), &of.get(inputs).1);
                let from = from.index(source.len() + 1);
                bytes.splice(to..to, source[from..source.len().min(from + count)].iter().copied());
            }
            Change::Truncate(at) => bytes.truncate(place(at)),
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

#[test]
fn kept_inputs_pass() {
    for target in TARGETS {
        let inputs = inputs(target);
        assert!(!inputs.is_empty(), "{} has no inputs", target.name);
        for (path, input) in inputs {
            // Shown if it fails.
            println!("{}", path.display());
            target.check(&input);
        }
    }
}

/// An input, which is shown as a byte string.
struct Input(Vec<u8>);

impl Debug for Input {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

#[track_caller]
fn try_changed(name: &str) {
    let target = Target::named(name).unwrap();
    let seconds = std::env::var("FUZZ_SECONDS").map_or(SECONDS, |seconds| seconds.parse().unwrap());
    let inputs = inputs(target);
    let strategy = (any::<Index>(), prop::collection::vec(change(), 1..8))
        .prop_map(|(of, changes)| Input(changed(&inputs, &of, &changes)));
    let mut runner = TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
    let (started, count) = (Instant::now(), Cell::new(0_u32));
    while started.elapsed() < Duration::from_secs(seconds) {
        let tried = runner.run(&strategy, |Input(bytes)| {
            target.check(&bytes);
            count.set(count.get() + 1);
            Ok(())
        });
        if let Err(failure) = tried {
            panic!("{name}: keep it in inputs/{name}: {failure}");
        }
    }
    println!("{name}: {} inputs", count.get());
}

#[test]
fn changed_pictures_pass() {
    try_changed("picture");
}

#[test]
fn changed_animations_pass() {
    try_changed("animation");
}

#[test]
fn changed_documents_pass() {
    try_changed("document");
}

#[test]
fn changed_forms_pass() {
    try_changed("multipart");
}

#[test]
fn changed_cookies_and_tokens_pass() {
    try_changed("tokens");
}

#[test]
fn changed_cursors_pass() {
    try_changed("cursor");
}
