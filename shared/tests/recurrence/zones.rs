//! Around every change of every IANA time zone from 2000 to 2037, a daily rule keeps its local time.

use std::collections::HashSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan};
use shared::clock::Timestamp;
use shared::domain::zone::Zone;

use super::recurrence;

fn timestamp(instant: Instant) -> Timestamp {
    Timestamp::parse(&instant.to_string()).unwrap()
}

/// A change of a zone's clocks.
struct Change {
    at: Instant,
    /// What the clocks would have shown without it, and what they show.
    local: [DateTime; 2],
}

fn changes(rules: &TimeZone) -> impl Iterator<Item = Change> {
    let (first, last) = ("2000-01-01T00:00:00Z".parse::<Instant>().unwrap(), "2038-01-01T00:00:00Z".parse().unwrap());
    let transitions = rules.following(first).map(|transition| transition.timestamp());
    transitions.take_while(move |at| *at < last).map(move |at| {
        let before = rules.to_offset(at.checked_sub(1.second()).unwrap());
        Change { at, local: [before.to_datetime(at), rules.to_offset(at).to_datetime(at)] }
    })
}

/// The first minute around `change` at which the clock shows `local` or a later time, found by looking at each of them.
fn first_minute(rules: &TimeZone, change: &Change, local: DateTime) -> Instant {
    let [without, with] = change.local;
    let reach = with.duration_since(without).abs().as_secs() / 60 + 5;
    let mut minutes = (-reach..=reach).map(|minute| change.at.checked_add(minute.minutes()).unwrap());
    minutes.find(|at| rules.to_datetime(*at) >= local).unwrap()
}

#[test]
fn a_daily_rule_keeps_its_local_time_around_every_change_of_every_zone() {
    let mut seen = HashSet::new();
    let (mut zones, mut checked) = (0, 0);
    for name in jiff::tz::db().available() {
        let Ok(zone) = Zone::parse(name.as_str()) else { continue };
        let rules = zone.rules();
        zones += 1;
        for change in changes(rules) {
            let [without, with] = change.local;
            // The same change of another zone has the same result.
            if without == with || !seen.insert((change.at, without, with)) {
                continue;
            }
            let (low, high) = (without.min(with), without.max(with));
            let inside = low.checked_add(high.duration_since(low) / 2).unwrap();
            let inside = inside.with().second(0).subsec_nanosecond(0).build().unwrap();
            for local in
                [low.checked_sub(1.minute()).unwrap(), low, inside, high, high.checked_add(1.minute()).unwrap()]
            {
                let start = local.checked_sub(3.days()).unwrap();
                let due = timestamp(rules.to_ambiguous_zoned(start).earlier().unwrap().timestamp());
                let daily = recurrence("FREQ=DAILY", due, &zone).unwrap();
                assert_eq!(daily.start, start, "{name} {start}");
                let expected = timestamp(first_minute(rules, &change, local));
                let before = timestamp(change.at.checked_sub(40.hours()).unwrap());
                let occurrences = std::iter::successors(daily.next(before, before), |at| daily.next(*at, *at));
                let found = occurrences.take(6).find(|at| *at >= expected);
                assert_eq!(found, Some(expected), "{name} {local}");
                checked += 1;
            }
        }
    }
    assert!(zones > 400 && checked > 5_000, "{zones} zones, {checked} times");
}
