use std::collections::BTreeSet;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, date, time};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::body::testing::parsed;
use crate::domain::reminder::Channel;
use crate::domain::task::NewTask;
use crate::id::UserId;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn digest(text: &str) -> MorningDigest {
    MorningDigest { enabled: true, time: text.to_owned() }
}

/// Whether a wall clock of the zone ever shows this.
fn exists(local: DateTime, zone: &Zone) -> bool {
    !matches!(zone.rules().to_ambiguous_zoned(local).offset(), jiff::tz::AmbiguousOffset::Gap { .. })
}

/// Runs a user's digests from `from` to `to`, each handled `late` after its moment: days and moments, in order.
fn run(digest: &MorningDigest, zone: &Zone, from: Timestamp, to: Timestamp, late: Duration) -> Vec<PlannedDigest> {
    let mut settled = passed(digest, zone, from);
    let (mut now, mut sent) = (from, Vec::new());
    while let Some(planned) = next(digest, zone, settled, now).filter(|planned| planned.at < to) {
        sent.push(planned);
        settled = Some(planned.day);
        now = planned.at.plus(late);
    }
    sent
}

/// Asserts that every local day between the first and the last digest has one, at its time or the next that exists.
fn assert_one_a_day(sent: &[PlannedDigest], digest: &MorningDigest, zone: &Zone) {
    let days: Vec<Date> = sent.iter().map(|planned| planned.day).collect();
    let mut wanted = Vec::new();
    let mut day = days[0];
    while day <= days[days.len() - 1] {
        if bounds(day, zone).is_some() {
            wanted.push(day);
        }
        day = day.tomorrow().unwrap();
    }
    assert_eq!(days, wanted, "{}", zone.name());
    let stated: Time = digest.time.parse().unwrap();
    for planned in sent {
        let shown = planned.at.in_zone(zone.rules()).datetime();
        let stated = planned.day.to_datetime(stated);
        if exists(stated, zone) {
            assert_eq!(shown, stated, "{}", zone.name());
        } else {
            assert!(shown > stated, "{} {shown} {stated}", zone.name());
            let just_before = planned.at.minus(Duration::from_millis(1)).in_zone(zone.rules()).datetime();
            assert!(just_before < stated, "{}: {just_before} was earlier and existed", zone.name());
        }
    }
}

#[test]
fn every_zone_gives_every_day_of_four_years_one_digest_at_five() {
    let (from, to) = (at("2024-01-01T12:00:00Z"), at("2028-01-01T12:00:00Z"));
    let zones = every_zone();
    assert!(zones.len() > 400, "{}", zones.len());
    for zone in zones {
        let sent = run(&digest("05:00"), &zone, from, to, MINUTE);
        assert!((1459..=1462).contains(&sent.len()), "{}: {}", zone.name(), sent.len());
        assert_one_a_day(&sent, &digest("05:00"), &zone);
    }
}

#[test]
fn around_every_change_of_clocks_of_every_zone_each_day_has_one_digest() {
    let (from, to) = ("2000-01-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
    // Zones that kept the same time are tried once.
    let (mut histories, mut seen) = (BTreeSet::new(), 0);
    for zone in every_zone() {
        let changes = changes(zone.rules(), from, to);
        let history: Vec<String> = changes.iter().map(|at| at.to_zoned(zone.rules().clone()).to_string()).collect();
        let offsets: Vec<String> = history.iter().filter_map(|at| at.split('[').next().map(str::to_owned)).collect();
        if !histories.insert(offsets) {
            continue;
        }
        for change in changes {
            // The times of day that the change leaves out or repeats, and those at its edges.
            let local = change.to_zoned(zone.rules().clone()).datetime();
            for minutes in [-60, -30, -1, 0, 1, 30, 59] {
                let stated = local.checked_add(minutes.minutes()).unwrap().strftime("%H:%M").to_string();
                let start = at(&(change - 52.hours()).to_string());
                let sent = run(&digest(&stated), &zone, start, start.plus(HOUR * 120), MINUTE);
                assert_one_a_day(&sent, &digest(&stated), &zone);
                seen += 1;
            }
        }
    }
    assert!(seen > 10_000, "{seen}");
}

#[test]
fn a_time_that_the_spring_change_leaves_out_runs_at_the_next_one_there_is() {
    let berlin = zone("Europe/Berlin");
    let planned = moment(date(2026, 3, 29), &digest("02:30"), &berlin).unwrap();
    assert_eq!(planned.to_string(), "2026-03-29T01:00:00.000Z");
    assert_eq!(planned.in_zone(berlin.rules()).time(), time(3, 0, 0, 0));
}

#[test]
fn a_time_that_the_autumn_change_repeats_runs_once_at_its_first() {
    let berlin = zone("Europe/Berlin");
    let sent = run(&digest("02:30"), &berlin, at("2026-10-23T12:00:00Z"), at("2026-10-27T12:00:00Z"), MINUTE);
    let moments: Vec<String> = sent.iter().map(|planned| planned.at.to_string()).collect();
    let wanted = [
        "2026-10-24T00:30:00.000Z",
        "2026-10-25T00:30:00.000Z",
        "2026-10-26T01:30:00.000Z",
        "2026-10-27T01:30:00.000Z",
    ];
    assert_eq!(moments, wanted);
}

#[test]
fn a_day_that_a_zone_skipped_has_no_digest() {
    let apia = zone("Pacific/Apia");
    assert_eq!(bounds(date(2011, 12, 30), &apia), None);
    let sent = run(&digest("05:00"), &apia, at("2011-12-28T20:00:00Z"), at("2012-01-01T15:00:00Z"), MINUTE);
    let days: Vec<String> = sent.iter().map(|planned| planned.day.to_string()).collect();
    assert_eq!(days, ["2011-12-29", "2011-12-31", "2012-01-01"]);
}

#[test]
fn whoever_begins_after_todays_moment_waits_for_tomorrow() {
    let kolkata = zone("Asia/Kolkata");
    for (now, day) in [("2026-01-01T12:00:00Z", date(2026, 1, 2)), ("2025-12-31T23:00:00Z", date(2026, 1, 1))] {
        let now = at(now);
        let settled = passed(&digest("05:00"), &kolkata, now);
        assert_eq!(next(&digest("05:00"), &kolkata, settled, now).unwrap().day, day);
    }
}

#[test]
fn without_a_digest_nothing_is_planned() {
    let off = MorningDigest { enabled: false, time: "05:00".to_owned() };
    assert_eq!(next(&off, &zone("Asia/Kolkata"), None, at("2026-01-01T12:00:00Z")), None);
}

#[test]
fn todays_moment_that_a_change_moved_into_the_past_is_due_at_once() {
    let kolkata = zone("Asia/Kolkata");
    let now = at("2026-01-01T04:30:00Z");
    let planned = next(&digest("09:00"), &kolkata, Some(date(2025, 12, 31)), now).unwrap();
    assert_eq!((planned.day, planned.at), (date(2026, 1, 1), now));
}

fn any_zone() -> impl Strategy<Value = Zone> {
    proptest::sample::select(every_zone())
}

proptest! {
    /// Whatever a user changes and whenever, and however late each digest is handled: no day twice, and none left
    /// out between the first and the last but those that a move westward or a later time repeats.
    #[test]
    fn changes_of_zone_and_time_never_give_a_day_two_digests(
        begin in 1_700_000_000i64..1_800_000_000,
        steps in proptest::collection::vec((any_zone(), 0u8..24, 0u8..60, 0u64..300_000, any::<bool>()), 1..12),
    ) {
        let mut now = Timestamp::from_second(begin).unwrap();
        let (mut settled, mut days): (Option<Date>, Vec<Date>) = (None, Vec::new());
        for (zone, hour, minute, wait, enabled) in steps {
            let digest = MorningDigest { enabled, time: format!("{hour:02}:{minute:02}") };
            let until = now.plus(Duration::from_secs(wait));
            while let Some(planned) = next(&digest, &zone, settled, now).filter(|planned| planned.at <= until) {
                prop_assert!(planned.at >= now);
                prop_assert!(settled.is_none_or(|settled| planned.day > settled));
                // The day is the user's today, or one that was just settled's next.
                days.push(planned.day);
                settled = Some(planned.day);
                now = planned.at;
            }
            now = now.max(until);
        }
        let distinct: BTreeSet<Date> = days.iter().copied().collect();
        prop_assert_eq!(distinct.len(), days.len());
    }

    #[test]
    fn days_of_a_zone_follow_each_other_without_gap_or_overlap(zone in any_zone(), offset in 0i32..25_000) {
        let day = date(1972, 1, 1).checked_add(offset.days()).unwrap();
        let next_day = day.tomorrow().unwrap();
        if let (Some((start, end)), Some((next_start, _))) = (bounds(day, &zone), bounds(next_day, &zone)) {
            prop_assert!(start < end);
            prop_assert_eq!(end, next_start);
        }
    }

    #[test]
    fn a_digest_lies_within_its_day_or_right_behind_it(zone in any_zone(), offset in 0i32..20_000, hour in 0u8..24, minute in 0u8..60) {
        let day = date(1972, 1, 1).checked_add(offset.days()).unwrap();
        if let Some((start, end)) = bounds(day, &zone) {
            let at = moment(day, &digest(&format!("{hour:02}:{minute:02}")), &zone).unwrap();
            prop_assert!(start <= at && at <= end.plus(HOUR * 2), "{} {day} {start} {at} {end}", zone.name());
        }
    }
}

/// A task with reminders: channel, status, hours after the day's beginning.
fn task(title: &str, due: Option<Timestamp>, cards: &[(Channel, ReminderStatus, Timestamp)]) -> Task {
    let input = parsed::<NewTask>(json!({"title": title, "dueDate": due})).unwrap();
    let mut task = Task::new(UserId::new(), input, &Zone::UTC, at("2026-01-01T00:00:00Z")).unwrap();
    for (channel, status, scheduled_at) in cards.iter().copied() {
        task.reminders.insert(
            ReminderId::new(),
            ReminderCard {
                scheduled_at,
                channel,
                status,
                kind: ReminderKind::Reminder,
                offset_minutes: None,
                counted: None,
            },
        );
    }
    task
}

#[test]
fn it_lists_each_task_of_the_day_once_by_due_time() {
    use Channel::{Both, Email, Push};
    use ReminderStatus::{Completed, Pending, Skipped};
    let day = bounds(date(2026, 1, 5), &Zone::UTC).unwrap();
    let on = |hour: u32| day.0.plus(HOUR * hour);
    let tomorrow = on(30);
    let mut done = task("Done", Some(on(9)), &[(Email, Pending, on(9))]);
    done.status = TaskStatus::Completed;
    let tasks = vec![
        task("Due, reminded of twice", Some(on(18)), &[(Email, Pending, on(8)), (Both, Pending, on(9))]),
        task("Due, reminded of tomorrow", Some(on(7)), &[(Email, Pending, tomorrow)]),
        task("Reminded of, without a date", None, &[(Both, Pending, on(10)), (Push, Pending, on(2))]),
        task("Reminded of, due tomorrow", Some(tomorrow), &[(Email, Pending, on(6))]),
        task("Due, by push only", Some(on(5)), &[(Push, Pending, on(5))]),
        task("Due, its reminder over", Some(on(5)), &[(Email, Completed, on(4)), (Email, Skipped, on(5))]),
        task("Due, without a reminder", Some(on(5)), &[]),
        task("Due when the day is over", Some(day.1), &[(Email, Pending, day.1)]),
        done,
    ];
    let found = select(tasks.clone().into_iter().chain(tasks).collect(), day, None).unwrap();
    let titles: Vec<&str> = found.tasks.iter().map(|task| task.title.as_str()).collect();
    let wanted = [
        "Reminded of, due tomorrow",
        "Due, reminded of tomorrow",
        "Reminded of, without a date",
        "Due, reminded of twice",
    ];
    assert_eq!(titles, wanted);
    assert_eq!((found.total, found.reminders.len()), (4, 5));
}

#[test]
fn a_long_day_is_counted_whole_and_listed_in_part() {
    let day = bounds(date(2026, 1, 5), &Zone::UTC).unwrap();
    let reminder = (Channel::Email, ReminderStatus::Pending, day.0);
    let tasks = (0..MAX_LISTED + 7).map(|n| task(&format!("Task {n}"), Some(day.0), &[reminder])).collect();
    let found = select(tasks, day, None).unwrap();
    assert_eq!((found.total, found.tasks.len()), (MAX_LISTED + 7, MAX_LISTED));
    assert_eq!(sentence(1), "You have 1 task due today");
    assert_eq!(sentence(found.total), "You have 57 tasks due today");
}

#[test]
fn a_day_with_nothing_has_no_digest() {
    let day = bounds(date(2026, 1, 5), &Zone::UTC).unwrap();
    assert_eq!(select(vec![task("Some day", None, &[])], day, None), None);
}
