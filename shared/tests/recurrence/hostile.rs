//! Rules that were made to take long.

use std::time::Duration;

use cpu_time::ThreadTime;
use shared::clock::Timestamp;
use shared::domain::recurrence::{Anchor, Recurrence, RecurrenceIn, Rule};
use shared::domain::zone::Zone;

/// Of the processor, in a debug build.
const BOUND: Duration = Duration::from_secs(5);

fn set(rule: &str, anchor: Anchor, due: &str) -> Option<Recurrence> {
    let input = RecurrenceIn { rrule: Rule::parse(rule).unwrap(), anchor, timezone: None };
    Recurrence::new(input, Timestamp::parse(due).unwrap(), &Zone::UTC).ok()
}

fn in_bounded_time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = ThreadTime::now();
    let done = work();
    assert!(begun.elapsed() < BOUND, "{what} took {:?}", begun.elapsed());
    done
}

#[test]
fn a_rule_that_never_happens_is_found_out_in_bounded_time() {
    let weekdays = "MO,TU,WE,TH,FR,SA,SU";
    let many: Vec<String> = (1..=50).map(|nth| format!("{nth}MO")).collect();
    let ordinals = many.join(",");
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2,4,6,9,11;BYMONTHDAY=31",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30,31",
        "FREQ=DAILY;INTERVAL=999;BYMONTH=2;BYMONTHDAY=30",
        &format!("FREQ=DAILY;BYDAY={weekdays};BYSETPOS=2"),
        &format!("FREQ=WEEKLY;BYDAY={weekdays};BYSETPOS=8"),
        &format!("FREQ=MONTHLY;BYDAY={weekdays};BYSETPOS=32"),
        &format!("FREQ=YEARLY;BYDAY={weekdays};BYMONTHDAY=1;BYSETPOS=13"),
        &format!("FREQ=YEARLY;BYDAY={ordinals};BYSETPOS=366"),
    ] {
        for anchor in [Anchor::Due, Anchor::Completion] {
            let set = in_bounded_time(rule, || set(rule, anchor, "2026-03-02T09:00:00Z"));
            assert!(set.is_none(), "{rule}");
        }
    }
}

#[test]
fn the_next_occurrence_is_found_in_bounded_time_however_far_it_is() {
    let first = "1970-01-01T00:00:00Z";
    let end = Timestamp::parse("9999-12-30T00:00:00Z").unwrap();
    for rule in [
        "FREQ=DAILY",
        "FREQ=DAILY;COUNT=10000",
        "FREQ=DAILY;BYMONTHDAY=1;BYDAY=TH;COUNT=10000",
        "FREQ=WEEKLY;COUNT=10000",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-1;COUNT=10000",
        "FREQ=YEARLY;BYMONTHDAY=1,2,3,4,5,6,7,8,9,10;BYSETPOS=1,2,3;COUNT=10000",
    ] {
        for anchor in [Anchor::Due, Anchor::Completion] {
            let recurrence = set(rule, anchor, first).unwrap();
            in_bounded_time(rule, || recurrence.next(end, end));
        }
    }
}
