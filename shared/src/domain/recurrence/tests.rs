use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::body::testing::parsed;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn recurrence(rrule: &str, anchor: &str, timezone: &str, due: &str) -> Recurrence {
    let input = parsed(json!({"rrule": rrule, "anchor": anchor, "timezone": timezone})).unwrap();
    Recurrence::new(input, at(due), &Zone::UTC).unwrap()
}

/// The occurrences that follow `due`, each completed when it is due, `count` of them at most.
fn followers(recurrence: &Recurrence, due: &str, count: usize) -> Vec<String> {
    let mut recurrence = recurrence.clone();
    let step = |due: &Timestamp| {
        let next = recurrence.next(*due, *due);
        recurrence.take(*due);
        next
    };
    std::iter::successors(Some(at(due)), step).skip(1).take(count).map(|due| due.to_string()).collect()
}

fn days(rrule: &str, due: &str, count: usize) -> Vec<String> {
    let followers = followers(&recurrence(rrule, "due", "UTC", due), due, count);
    followers.iter().filter_map(|due| due.split('T').next()).map(str::to_owned).collect()
}

fn parse_error(rrule: &str) -> String {
    Rule::parse(rrule).unwrap_err().to_string()
}

#[test]
fn any_spelling_of_a_rule_is_stored_as_one() {
    for (typed, canonical) in [
        ("rrule:freq=weekly;byday=fr,mo,mo", "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("  RRULE:FREQ=DAILY;INTERVAL=1;WKST=MO ", "FREQ=DAILY"),
        (
            "WKST=SU;COUNT=010;BYDAY=+1MO,-1FR,MO;INTERVAL=002;FREQ=MONTHLY",
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=MO,1MO,-1FR;WKST=SU;COUNT=10",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,15,1,-2", "FREQ=MONTHLY;BYMONTHDAY=1,15,-2,-1"),
        ("FREQ=YEARLY;BYMONTH=12,1;BYDAY=SU;BYSETPOS=-1,2", "FREQ=YEARLY;BYMONTH=1,12;BYDAY=SU;BYSETPOS=2,-1"),
        ("FREQ=DAILY;UNTIL=20301231", "FREQ=DAILY;UNTIL=20301231"),
        ("freq=daily;until=20301231t235959z", "FREQ=DAILY;UNTIL=20301231T235959Z"),
    ] {
        let rule = Rule::parse(typed).unwrap();
        assert_eq!(rule.to_string(), canonical);
        assert_eq!(Rule::parse(canonical).unwrap(), rule);
        assert_eq!(serde_json::from_value::<Rule>(json!(typed)).unwrap(), rule);
        assert_eq!(serde_json::to_value(rule).unwrap(), json!(canonical));
    }
}

#[test]
fn what_is_no_rule_or_no_supported_part_is_refused_with_a_reason() {
    let long = format!("FREQ=DAILY;BYMONTH=1{}", ",1".repeat(2500));
    for (rule, reason) in [
        (long.as_str(), "cannot exceed 1000 characters"),
        ("", "parts like"),
        ("FREQ=DAILY;", "parts like"),
        ("FREQ=DAILY BYDAY=MO", "FREQ=DAILY, WEEKLY"),
        ("BYDAY=MO", "FREQ=DAILY, WEEKLY"),
        ("FREQ=HOURLY", "FREQ=DAILY, WEEKLY"),
        ("FREQ=MINUTELY", "FREQ=DAILY, WEEKLY"),
        ("FREQ=SECONDLY", "FREQ=DAILY, WEEKLY"),
        ("FREQ=DAILY;FREQ=DAILY", "a part twice"),
        ("FREQ=DAILY;COUNT=2;COUNT=2", "a part twice"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20301231", "both COUNT and UNTIL"),
        ("FREQ=DAILY;COUNT=0", "COUNT from"),
        ("FREQ=DAILY;COUNT=10001", "COUNT from"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL from"),
        ("FREQ=DAILY;INTERVAL=1000", "INTERVAL from"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL from"),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "INTERVAL from"),
        ("FREQ=DAILY;UNTIL=20300230", "UNTIL like"),
        ("FREQ=DAILY;UNTIL=20301231T235959", "UNTIL like"),
        ("FREQ=DAILY;UNTIL=2030123", "UNTIL like"),
        ("FREQ=DAILY;UNTIL=+0301231", "UNTIL like"),
        ("FREQ=DAILY;UNTIL=20301231T2ü595Z", "UNTIL like"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH"),
        ("FREQ=YEARLY;BYMONTH=", "BYMONTH"),
        ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=+-1", "BYMONTHDAY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY when FREQ is WEEKLY"),
        ("FREQ=WEEKLY;BYDAY=1MO", "numbers in BYDAY"),
        ("FREQ=DAILY;BYDAY=-1MO", "numbers in BYDAY"),
        ("FREQ=MONTHLY;BYDAY=0MO", "weekdays like"),
        ("FREQ=MONTHLY;BYDAY=54MO", "weekdays like"),
        ("FREQ=MONTHLY;BYDAY=M", "weekdays like"),
        ("FREQ=MONTHLY;BYDAY=XX", "weekdays like"),
        ("FREQ=MONTHLY;BYDAY=é", "weekdays like"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "BYSETPOS"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS without"),
        ("FREQ=WEEKLY;WKST=1MO", "WKST"),
        ("FREQ=DAILY;BYHOUR=9", "must not have BYHOUR"),
        ("FREQ=DAILY;BYMINUTE=9", "must not have BYHOUR"),
        ("FREQ=DAILY;BYSECOND=9", "must not have BYHOUR"),
        ("FREQ=YEARLY;BYWEEKNO=20", "must not have BYHOUR"),
        ("FREQ=YEARLY;BYYEARDAY=100", "must not have BYHOUR"),
        ("FREQ=DAILY;EXDATE=20300101", "no other parts"),
        ("DTSTART=20300101;FREQ=DAILY", "no other parts"),
        ("DTSTART:20300101\nRRULE:FREQ=DAILY", "no other parts"),
        ("FREQ=DAILY;RSCALE=GREGORIAN", "no other parts"),
    ] {
        let error = parse_error(rule);
        assert!(error.contains(reason), "{rule}: {error}");
    }
    assert!(Rule::parse(&format!("FREQ=MONTHLY;BYMONTHDAY=10{}", ",1".repeat(487))).is_ok(), "1,000 characters");
}

#[test]
fn a_rule_without_an_occurrence_is_refused() {
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
        "FREQ=DAILY;BYDAY=MO;BYSETPOS=2",
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=DAILY;UNTIL=20270222",
        "FREQ=DAILY;UNTIL=20270223T085959Z",
    ] {
        let input = parsed(json!({"rrule": rule, "anchor": "due"})).unwrap();
        let refused = Recurrence::new(input, at("2027-02-23T09:00:00Z"), &Zone::UTC);
        assert_eq!(refused, Err(NoOccurrence), "{rule}");
    }
}

#[test]
fn the_31st_is_skipped_and_minus_one_is_the_last_day() {
    assert_eq!(days("FREQ=MONTHLY", "2026-01-31T09:00:00Z", 3), ["2026-03-31", "2026-05-31", "2026-07-31"]);
    let last = days("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31T09:00:00Z", 3);
    assert_eq!(last, ["2026-02-28", "2026-03-31", "2026-04-30"]);
}

#[test]
fn the_29th_of_february_comes_in_leap_years_also_around_2100() {
    assert_eq!(days("FREQ=YEARLY", "2024-02-29T09:00:00Z", 2), ["2028-02-29", "2032-02-29"]);
    assert_eq!(days("FREQ=YEARLY", "2096-02-29T09:00:00Z", 1), ["2104-02-29"]);
    assert_eq!(days("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29", "2096-02-29T09:00:00Z", 1), ["2104-02-29"]);
    let mondays = days("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2072-02-29T09:00:00Z", 1);
    assert_eq!(mondays, ["2112-02-29"], "forty years on");
}

#[test]
fn ordinals_count_in_the_month_or_in_the_year() {
    assert_eq!(days("FREQ=MONTHLY;BYDAY=-1FR", "2026-01-30T09:00:00Z", 2), ["2026-02-27", "2026-03-27"]);
    assert_eq!(days("FREQ=YEARLY;BYDAY=20MO", "1997-05-19T09:00:00Z", 2), ["1998-05-18", "1999-05-17"]);
    let labor_day = days("FREQ=YEARLY;BYMONTH=9;BYDAY=1MO", "2026-09-07T09:00:00Z", 2);
    assert_eq!(labor_day, ["2027-09-06", "2028-09-04"]);
    assert_eq!(days("FREQ=YEARLY;BYDAY=53FR", "2010-12-31T09:00:00Z", 1), ["2016-12-30"]);
    let any = days("FREQ=MONTHLY;BYDAY=1MO,TU", "2026-03-02T09:00:00Z", 3);
    assert_eq!(any, ["2026-03-03", "2026-03-10", "2026-03-17"], "a number counts for its own entry only");
}

#[test]
fn positions_choose_among_the_days_of_a_period() {
    let last_weekday = days("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-30T09:00:00Z", 3);
    assert_eq!(last_weekday, ["2026-02-27", "2026-03-31", "2026-04-30"]);
    let both = days("FREQ=YEARLY;BYDAY=MO;BYSETPOS=1,-1", "2026-01-05T09:00:00Z", 3);
    assert_eq!(both, ["2026-12-28", "2027-01-04", "2027-12-27"]);
}

#[test]
fn the_start_of_the_week_decides_which_weeks_an_interval_takes() {
    // The example of RFC 5545 §3.3.10.
    let rule = "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=";
    let monday = days(&format!("{rule}MO"), "1997-08-05T09:00:00Z", 9);
    assert_eq!(monday, ["1997-08-10", "1997-08-19", "1997-08-24"]);
    let sunday = days(&format!("{rule}SU"), "1997-08-05T09:00:00Z", 9);
    assert_eq!(sunday, ["1997-08-17", "1997-08-19", "1997-08-31"]);
}

#[test]
fn a_start_that_does_not_match_is_not_counted() {
    let wednesday = "2026-03-04T09:00:00Z";
    assert_eq!(days("FREQ=WEEKLY;BYDAY=MO;COUNT=2", wednesday, 9), ["2026-03-09", "2026-03-16"]);
    let monday = "2026-03-02T09:00:00Z";
    assert_eq!(days("FREQ=WEEKLY;BYDAY=MO;COUNT=2", monday, 9), ["2026-03-09"]);
}

#[test]
fn count_counts_occurrences_that_were_jumped_over() {
    let daily = recurrence("FREQ=DAILY;COUNT=5", "due", "UTC", "2026-03-01T09:00:00Z");
    let due = at("2026-03-01T09:00:00Z");
    assert_eq!(daily.next(due, at("2026-03-03T12:00:00Z")), Some(at("2026-03-04T09:00:00Z")));
    assert_eq!(daily.next(due, at("2026-03-05T09:00:00Z")), None);
}

#[test]
fn until_is_inclusive_as_an_instant_and_as_a_day_of_the_zone() {
    assert_eq!(days("FREQ=DAILY;UNTIL=20260303T090000Z", "2026-03-01T09:00:00Z", 9), ["2026-03-02", "2026-03-03"]);
    assert_eq!(days("FREQ=DAILY;UNTIL=20260303T085959Z", "2026-03-01T09:00:00Z", 9), ["2026-03-02"]);
    // 23:00 in Los Angeles is the next day in UTC.
    let late = recurrence("FREQ=DAILY;UNTIL=20260303", "due", "America/Los_Angeles", "2026-03-02T07:00:00Z");
    let followers = followers(&late, "2026-03-02T07:00:00Z", 9);
    assert_eq!(followers, ["2026-03-03T07:00:00.000Z", "2026-03-04T07:00:00.000Z"]);
}

#[test]
fn nine_o_clock_stays_nine_o_clock() {
    let berlin = recurrence("FREQ=DAILY", "due", "Europe/Berlin", "2026-03-28T08:00:00Z");
    let followers = followers(&berlin, "2026-03-28T08:00:00Z", 2);
    assert_eq!(followers, ["2026-03-29T07:00:00.000Z", "2026-03-30T07:00:00.000Z"]);
}

#[test]
fn a_time_that_is_left_out_is_the_next_and_of_two_it_is_the_first() {
    let gap = recurrence("FREQ=DAILY", "due", "Europe/Berlin", "2026-03-28T01:30:00Z");
    let spring = followers(&gap, "2026-03-28T01:30:00Z", 2);
    assert_eq!(spring, ["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"], "03:00, then 02:30 again");
    let overlap = recurrence("FREQ=DAILY", "due", "Europe/Berlin", "2026-10-24T00:30:00Z");
    let autumn = followers(&overlap, "2026-10-24T00:30:00Z", 2);
    assert_eq!(autumn, ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"]);
    let skipped_day = recurrence("FREQ=DAILY", "due", "Pacific/Apia", "2011-12-29T19:00:00Z");
    let apia = followers(&skipped_day, "2011-12-29T19:00:00Z", 2);
    assert_eq!(apia, ["2011-12-30T10:00:00.000Z", "2011-12-30T19:00:00.000Z"], "30 December did not exist");
}

#[test]
fn the_end_of_a_day_stays_the_end_of_a_day() {
    let kolkata = recurrence("FREQ=DAILY", "due", "Asia/Kolkata", "2026-03-01T18:29:59.999Z");
    assert_eq!(followers(&kolkata, "2026-03-01T18:29:59.999Z", 1), ["2026-03-02T18:29:59.999Z"]);
    // The clock is put back from midnight to 23:00: the day has 25 hours.
    let santiago = recurrence("FREQ=DAILY", "due", "America/Santiago", "2026-04-04T02:59:59.999Z");
    assert_eq!(followers(&santiago, "2026-04-04T02:59:59.999Z", 1), ["2026-04-05T03:59:59.999Z"]);
}

#[test]
fn the_next_one_is_never_in_the_past_and_follows_a_due_date_that_was_moved() {
    let weekly = recurrence("FREQ=WEEKLY;BYDAY=MO", "due", "UTC", "2026-03-02T09:00:00Z");
    let cases = [
        // Completed early, three weeks late, at the very moment of the next.
        ("2026-03-02T09:00:00Z", "2026-02-27T09:00:00Z", "2026-03-09T09:00:00.000Z"),
        ("2026-03-02T09:00:00Z", "2026-03-25T09:00:00Z", "2026-03-30T09:00:00.000Z"),
        ("2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z", "2026-03-16T09:00:00.000Z"),
        // Moved by hand to a Thursday, beyond the next Monday, and before the start.
        ("2026-03-05T15:00:00Z", "2026-03-05T16:00:00Z", "2026-03-09T09:00:00.000Z"),
        ("2026-03-12T15:00:00Z", "2026-03-05T16:00:00Z", "2026-03-16T09:00:00.000Z"),
        ("2026-02-20T15:00:00Z", "2026-02-21T16:00:00Z", "2026-03-02T09:00:00.000Z"),
    ];
    for (due, now, next) in cases {
        assert_eq!(weekly.next(at(due), at(now)).unwrap().to_string(), next, "{due} {now}");
    }
}

#[test]
fn a_completion_counts_from_its_own_local_day() {
    let after = |rule: &str, zone: &str, due: &str, now: &str| {
        recurrence(rule, "completion", zone, due).next(at(due), at(now)).unwrap().to_string()
    };
    let due = "2026-03-02T09:00:00Z";
    for (rule, now, next) in [
        ("FREQ=DAILY;INTERVAL=3", "2026-03-10T23:00:00Z", "2026-03-13T09:00:00.000Z"),
        ("FREQ=WEEKLY", "2026-03-05T23:00:00Z", "2026-03-12T09:00:00.000Z"),
        ("FREQ=MONTHLY", "2026-01-31T12:00:00Z", "2026-02-28T09:00:00.000Z"),
        ("FREQ=YEARLY", "2028-02-29T12:00:00Z", "2029-02-28T09:00:00.000Z"),
        ("FREQ=WEEKLY;BYDAY=MO", "2026-03-09T08:00:00Z", "2026-03-16T09:00:00.000Z"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "2026-03-11T08:00:00Z", "2026-03-13T09:00:00.000Z"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2026-03-11T08:00:00Z", "2026-03-23T09:00:00.000Z"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-02-28T08:00:00Z", "2026-03-31T09:00:00.000Z"),
        // What the rule leaves open stays that of the due date.
        ("FREQ=YEARLY;BYMONTH=3", "2026-05-31T08:00:00Z", "2027-03-02T09:00:00.000Z"),
        // No June has a 31st.
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "2026-06-30T08:00:00Z", "2026-07-31T09:00:00.000Z"),
    ] {
        assert_eq!(after(rule, "UTC", due, now), next, "{rule}");
    }
    // 23:00 UTC is the next day in Tokyo.
    let tokyo = after("FREQ=DAILY", "Asia/Tokyo", "2026-03-02T00:00:00Z", "2026-03-10T23:00:00Z");
    assert_eq!(tokyo, "2026-03-12T00:00:00.000Z");
}

#[test]
fn count_of_completions_ends_after_so_many_however_late_they_were() {
    let mut twice = recurrence("FREQ=DAILY;COUNT=2", "completion", "UTC", "2026-03-02T09:00:00Z");
    let late = at("2026-04-01T09:00:00Z");
    assert_eq!(twice.next(at("2026-03-02T09:00:00Z"), late), Some(at("2026-04-02T09:00:00Z")));
    twice.take(late);
    assert_eq!(twice.next(at("2026-04-02T09:00:00Z"), late), None);
    let until = recurrence("FREQ=WEEKLY;UNTIL=20260312", "completion", "UTC", "2026-03-02T09:00:00Z");
    assert_eq!(until.next(at("2026-03-02T09:00:00Z"), at("2026-03-05T09:00:00Z")), Some(at("2026-03-12T09:00:00Z")));
    assert_eq!(until.next(at("2026-03-02T09:00:00Z"), at("2026-03-06T09:00:00Z")), None);
}

#[test]
fn nothing_follows_the_year_9999() {
    for anchor in ["due", "completion"] {
        let last = recurrence("FREQ=YEARLY", anchor, "UTC", "9999-06-01T09:00:00Z");
        assert_eq!(last.next(at("9999-06-01T09:00:00Z"), at("9999-06-01T09:00:00Z")), None);
    }
    let max = recurrence("FREQ=DAILY", "due", "Pacific/Kiritimati", "9999-12-31T00:00:00Z");
    assert_eq!(max.next(Timestamp::MAX, at("2026-01-01T00:00:00Z")), None);
}

#[test]
fn the_same_rule_in_another_spelling_is_the_same() {
    let weekly = recurrence("FREQ=WEEKLY;BYDAY=MO", "due", "Europe/Berlin", "2026-03-02T09:00:00Z");
    let is = |body| weekly.is(&parsed(body).unwrap());
    assert!(is(json!({"rrule": "rrule:byday=mo;freq=weekly", "anchor": "DUE"})));
    assert!(is(json!({"rrule": "FREQ=WEEKLY;BYDAY=MO", "anchor": "due", "timezone": "europe/berlin"})));
    assert!(!is(json!({"rrule": "FREQ=WEEKLY;BYDAY=MO", "anchor": "completion"})));
    assert!(!is(json!({"rrule": "FREQ=WEEKLY;BYDAY=MO", "anchor": "due", "timezone": "UTC"})));
    assert!(!is(json!({"rrule": "FREQ=WEEKLY;BYDAY=TU", "anchor": "due"})));
}

#[test]
fn the_zone_is_the_users_unless_it_is_given() {
    let input = |body| parsed::<RecurrenceIn>(body).unwrap();
    let due = at("2026-03-02T20:00:00Z");
    let own = Recurrence::new(input(json!({"rrule": "FREQ=WEEKLY", "anchor": "due"})), due, &zone("Asia/Tokyo"));
    assert_eq!(own.unwrap().start.to_string(), "2026-03-03T05:00:00");
    let given = json!({"rrule": "FREQ=WEEKLY", "anchor": "due", "timezone": "UTC"});
    assert_eq!(Recurrence::new(input(given), due, &zone("Asia/Tokyo")).unwrap().timezone, Zone::UTC);
}

#[test]
fn every_bad_field_of_it_is_named() {
    let bad = json!({"rrule": "FREQ=HOURLY", "anchor": "never", "timezone": "Mars/Olympus"});
    let errors = parsed::<RecurrenceIn>(bad).unwrap_err();
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_ref()).collect();
    assert_eq!(fields, ["rrule", "anchor", "timezone"]);
}

/// Texts that look like rules.
fn rule_like() -> impl Strategy<Value = String> {
    let frequency = "(DAILY|WEEKLY|MONTHLY|YEARLY)";
    let part = prop_oneof![
        "INTERVAL=[0-9]{1,4}",
        "BYMONTH=[0-9,]{1,9}",
        "BYMONTHDAY=[-0-9,]{1,9}",
        "BYDAY=([-0-9]{0,3}(MO|TU|WE|TH|FR|SA|SU),?){1,4}",
        "BYSETPOS=[-0-9,]{1,9}",
        "WKST=(MO|SU)",
        "(COUNT=[0-9]{1,5}|UNTIL=2[0-9]{7})",
    ];
    let parts = proptest::collection::vec(part, 0..5);
    (frequency, parts).prop_map(|(frequency, parts)| format!("FREQ={frequency};{}", parts.join(";")))
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic_and_what_it_reads_it_reads_again(text in prop_oneof![rule_like(), ".{0,80}"]) {
        if let Ok(rule) = Rule::parse(&text) {
            prop_assert_eq!(Rule::parse(&rule.to_string()), Ok(rule));
        }
    }
}
