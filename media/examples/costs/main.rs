//! Searches for the files of at most 10 MB that take the most time and memory.
//!
//! - `costs search SECONDS [FAMILY]`: hill-climbs from random parameters of each family of files, so long for each, with
//!   CPU time as the target; prints the worst of each family, accepted and refused.
//! - `costs write FILE FAMILY VALUE…`: writes the file of these values.
//! - `costs measure FILE`: processes one file, and prints what it took.
//!
//! Each file is measured by a process of its own, which may die of it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "a tool for developers"
)]

mod families;
mod files;

use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use media::{Kind, process};

use self::families::{FAMILIES, Family, Random};

/// The most that is taken as an upload.
const BYTES_MAX: usize = 10 * 1024 * 1024;
/// A file that takes longer is ended.
const PATIENCE: Duration = Duration::from_secs(90);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["search", seconds] => search(seconds.parse()?, ""),
        ["search", seconds, family] => search(seconds.parse()?, family),
        ["measure", path] => measure(Path::new(path)),
        ["write", path, family, values @ ..] => write(Path::new(path), family, values),
        _ => Err("usage: costs search SECONDS [FAMILY] | write FILE FAMILY VALUE… | measure FILE".into()),
    }
}

#[derive(Clone, Debug)]
struct Cost {
    seconds: f64,
    megabytes: u64,
    outcome: String,
}

#[derive(Clone, Debug)]
struct Found {
    cost: Cost,
    parameters: Vec<usize>,
    bytes: usize,
}

fn search(seconds: u64, only: &str) -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("costs-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    for family in FAMILIES.iter().filter(|family| family.name.contains(only)) {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let (mut best, mut worst): (Option<Found>, [Option<Found>; 2]) = (None, [None, None]);
        let (mut tried, mut stale) = (0, 0);
        while Instant::now() < deadline {
            // After some tries that bring nothing it starts elsewhere.
            let parameters = match &best {
                Some(best) if stale < 12 => neighbour(family, &best.parameters, &mut random),
                _ => {
                    (best, stale) = (None, 0);
                    family.parameters.iter().map(|(_, choices)| random.below(choices.len())).collect()
                }
            };
            let Some(found) = evaluate(family, parameters, &folder)? else { continue };
            tried += 1;
            let place = &mut worst[usize::from(found.cost.outcome != "accepted")];
            if place.as_ref().is_none_or(|place| place.cost.seconds < found.cost.seconds) {
                *place = Some(found.clone());
            }
            if best.as_ref().is_none_or(|best| best.cost.seconds < found.cost.seconds) {
                (best, stale) = (Some(found), 0);
            } else {
                stale += 1;
            }
        }
        for found in worst.into_iter().flatten() {
            println!(
                "{:<22} {:>10} bytes {:>7.2} s {:>5} MB  {} {}  ({tried} tried)",
                family.name,
                found.bytes,
                found.cost.seconds,
                found.cost.megabytes,
                found.cost.outcome,
                described(family, &found.parameters),
            );
        }
    }
    fs::remove_dir_all(&folder)?;
    Ok(())
}

fn write(path: &Path, family: &str, values: &[&str]) -> Result<(), Box<dyn Error>> {
    let family = FAMILIES.iter().find(|it| it.name == family).ok_or("there is no such family")?;
    let values = values.iter().map(|value| value.parse()).collect::<Result<Vec<usize>, _>>()?;
    if values.len() != family.parameters.len() {
        return Err("another number of values".into());
    }
    Ok(fs::write(path, (family.make)(&values))?)
}

fn neighbour(family: &Family, parameters: &[usize], random: &mut Random) -> Vec<usize> {
    let mut next = parameters.to_vec();
    for _ in 0..=random.below(2) {
        let at = random.below(next.len());
        next[at] = random.below(family.parameters[at].1.len());
    }
    next
}

fn described(family: &Family, parameters: &[usize]) -> String {
    let words =
        family.parameters.iter().zip(parameters).map(|((name, choices), at)| format!("{name}={}", choices[*at]));
    words.collect::<Vec<_>>().join(" ")
}

/// `None` for a file that is larger than an upload may be.
fn evaluate(family: &Family, parameters: Vec<usize>, folder: &Path) -> Result<Option<Found>, Box<dyn Error>> {
    let values: Vec<usize> = family.parameters.iter().zip(&parameters).map(|((_, choices), at)| choices[*at]).collect();
    let file = (family.make)(&values);
    if file.len() > BYTES_MAX {
        return Ok(None);
    }
    let path = folder.join(format!("{}.{}", family.name.replace(' ', "-"), family.extension));
    fs::write(&path, &file)?;
    let cost = measured(&path)?;
    if std::env::var_os("VERBOSE").is_some() {
        println!("  {} {cost:?} {}", family.name, described(family, &parameters));
    }
    Ok(Some(Found { cost, parameters, bytes: file.len() }))
}

/// What a process of its own takes for the file.
fn measured(path: &Path) -> Result<Cost, Box<dyn Error>> {
    let started = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .arg("measure")
        .arg(path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            let mut line = String::new();
            child.stdout.take().ok_or("no output")?.read_to_string(&mut line)?;
            let mut words = line.trim().splitn(3, ' ');
            let mut word = || words.next().unwrap_or_default().to_owned();
            let (seconds, megabytes, outcome) = (word(), word(), word());
            let outcome = if status.success() { outcome } else { format!("died: {status}") };
            let seconds = seconds.parse().unwrap_or(started.elapsed().as_secs_f64());
            return Ok(Cost { seconds, megabytes: megabytes.parse().unwrap_or(0), outcome });
        }
        if started.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(Cost { seconds: PATIENCE.as_secs_f64(), megabytes: 0, outcome: "ended".to_owned() });
        }
        #[expect(clippy::disallowed_methods, reason = "it waits for the process that it measures")]
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn measure(path: &Path) -> Result<(), Box<dyn Error>> {
    let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|kind| kind.extensions().contains(&extension)).ok_or("of no kind")?;
    let bytes = fs::read(path)?;
    let before = cpu_seconds()?;
    let outcome = match process(kind, &bytes) {
        Ok(_) => "accepted".to_owned(),
        Err(refusal) => format!("{refusal:?}"),
    };
    println!("{:.3} {} {outcome}", cpu_seconds()? - before, peak_megabytes()?);
    Ok(())
}

/// Time on a processor, of this thread (proc_pid_schedstat).
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9)
}

fn peak_megabytes() -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}
