//! Random rules in UTC: ours occur when python-dateutil's do. `infra/local/recurrence.py` writes the cases.

use std::time::Duration;

use serde::Deserialize;
use shared::clock::Timestamp;
use shared::domain::zone::Zone;

use super::recurrence;

/// The cases of `make test`; `make fuzz-recurrence` names others in the environment.
const SAMPLE: &str = include_str!("dateutil.jsonl");
const CASES: &str = "RECURRENCE_CASES";
/// Occurrences of a case that are listed. Fewer are all of them.
const LENGTH: usize = 12;

#[derive(Deserialize)]
struct Case {
    rule: String,
    start: Timestamp,
    days: Vec<String>,
}

/// The first occurrences, one asked for after the other.
fn days(case: &Case) -> Vec<String> {
    let Ok(recurrence) = recurrence(&case.rule, case.start, &Zone::UTC) else { return Vec::new() };
    let before = case.start.minus(Duration::from_millis(1));
    let next = |at: &Timestamp| recurrence.next(*at, *at);
    let occurrences = std::iter::successors(next(&before), next).take(LENGTH);
    let start = case.start.to_string();
    let (_, time) = start.split_once('T').unwrap();
    let day = |at: Timestamp| at.to_string().strip_suffix(&format!("T{time}")).unwrap().to_owned();
    occurrences.map(day).collect()
}

#[test]
fn rules_occur_on_the_days_of_python_dateutil() {
    let text = std::env::var(CASES).map(|path| std::fs::read_to_string(path).unwrap());
    let text = text.as_deref().unwrap_or(SAMPLE);
    let cases: Vec<Case> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() >= 500 && cases.iter().any(|case| case.days.is_empty()));
    let differs = |case: &&Case| days(case) != case.days;
    let different: Vec<_> = cases.iter().filter(differs).collect();
    let list = different
        .iter()
        .take(20)
        .map(|case| format!("{} from {}\n  ours {:?}\n  theirs {:?}", case.rule, case.start, days(case), case.days));
    let list: Vec<_> = list.collect();
    assert!(different.is_empty(), "{} of {} differ:\n{}", different.len(), cases.len(), list.join("\n"));
}
