use proptest::prelude::*;
use serde_json::json;

use super::*;

fn rating() -> impl Strategy<Value = Rating> {
    prop::sample::select(vec![Rating::Again, Rating::Hard, Rating::Good, Rating::Easy])
}

fn retention() -> impl Strategy<Value = Retention> {
    (Retention::MIN..=Retention::MAX).prop_map(Retention)
}

proptest! {
    #[test]
    fn intervals_never_shrink_for_good_ratings_in_time(
        first in rating(), history in prop::collection::vec((rating(), 0_u32..400), 0..8), retention in retention(),
    ) {
        let start = MemoryState::first(first);
        let mut state = history.into_iter().fold(start, |state, (rating, days)| state.after(rating, days));
        for _ in 0..40 {
            let interval = state.interval_days(retention);
            state = state.after(Rating::Good, interval);
            prop_assert!(state.interval_days(retention) >= interval, "{state:?}");
        }
    }

    #[test]
    fn every_history_stays_within_the_bounds(
        first in rating(), history in prop::collection::vec((rating(), 0_u32..100_000), 0..60), retention in retention(),
    ) {
        let mut state = MemoryState::first(first);
        for (rating, days) in history {
            state = state.after(rating, days);
            prop_assert!((STABILITY.0..=STABILITY.1).contains(&state.stability), "{state:?}");
            prop_assert!((DIFFICULTY.0..=DIFFICULTY.1).contains(&state.difficulty), "{state:?}");
            prop_assert!((1..=LONGEST).contains(&state.interval_days(retention)));
        }
    }

    #[test]
    fn a_better_rating_never_gives_a_shorter_interval(
        first in rating(), history in prop::collection::vec((rating(), 0_u32..400), 0..8), days in 0_u32..1000, retention in retention(),
    ) {
        let start = MemoryState::first(first);
        let state = history.into_iter().fold(start, |state, (rating, days)| state.after(rating, days));
        let ratings = [Rating::Again, Rating::Hard, Rating::Good, Rating::Easy];
        let intervals = ratings.map(|rating| state.after(rating, days).interval_days(retention));
        prop_assert!(intervals.is_sorted(), "{state:?} {intervals:?}");
    }
}

#[test]
fn at_the_default_retention_the_interval_is_the_stability() {
    for (rating, days) in [(Rating::Again, 1), (Rating::Hard, 1), (Rating::Good, 2), (Rating::Easy, 8)] {
        assert_eq!(MemoryState::first(rating).interval_days(Retention::default()), days);
    }
}

#[test]
fn retention_is_a_number_within_its_bounds() {
    let read = |value: Value| Retention::read("Retention", &value);
    for good in [json!(0.7), json!(0.9), json!(0.97)] {
        assert!(read(good.clone()).is_ok(), "{good}");
    }
    for bad in [json!(0.699_999), json!(0.970_001), json!(1), json!(0), json!(-0.9), json!(1e300)] {
        assert_eq!(read(bad).unwrap_err(), "Retention must be between 0.7 and 0.97");
    }
    for bad in [json!("0.9"), json!(true), json!([0.9]), json!({"$gt": 0})] {
        assert_eq!(read(bad).unwrap_err(), "Retention must be a number");
    }
}

/// The reference, with its own copy of the default parameters.
fn reference() -> fsrs::FSRS {
    fsrs::FSRS::new(&[]).unwrap()
}

/// The reference's state after a rating; `None` before the first one.
fn reference_step(
    model: &fsrs::FSRS,
    state: Option<fsrs::MemoryState>,
    (rating, days): (Rating, u32),
    retention: Retention,
) -> fsrs::ItemState {
    #[expect(clippy::cast_possible_truncation, reason = "the reference computes in f32")]
    let states = model.next_states(state, retention.0 as f32, days).unwrap();
    match rating {
        Rating::Again => states.again,
        Rating::Hard => states.hard,
        Rating::Good => states.good,
        Rating::Easy => states.easy,
    }
}

/// Within 1e-4, of the number itself where that is greater than 1: the reference has seven digits.
#[track_caller]
fn assert_close(ours: f64, reference: f32, what: &str) {
    let reference = f64::from(reference);
    assert!((ours - reference).abs() <= 1e-4 * reference.abs().max(1.0), "{what}: {ours}, not {reference}");
}

/// Follows a history in both. The days of a review are those of `elapsed`, which gets the interval.
#[track_caller]
fn assert_equal(ratings: &[Rating], elapsed: impl Fn(u32) -> u32, retention: Retention) -> usize {
    let model = reference();
    let (mut ours, mut theirs): (Option<MemoryState>, Option<fsrs::MemoryState>) = (None, None);
    let mut days = 0;
    for (at, rating) in ratings.iter().enumerate() {
        let next = ours.map_or_else(|| MemoryState::first(*rating), |state| state.after(*rating, days));
        let expected = reference_step(&model, theirs, (*rating, days), retention);
        let what = format!("{:?} with {days} days at {retention:?}", &ratings[..=at]);
        assert_close(next.stability, expected.memory.stability, &what);
        assert_close(next.difficulty, expected.memory.difficulty, &what);
        let interval = next.interval_days(retention);
        let longest = f64::from(LONGEST);
        let rounded = f64::from(expected.interval).round().clamp(1.0, longest);
        // The reference has seven digits, and each step rounds again: where that ends in the middle between two days, either is right.
        let precision = 1e-6 * f64::from(u32::try_from(at + 1).unwrap());
        let middle = (f64::from(expected.interval).fract() - 0.5).abs();
        let between = middle < precision * f64::from(expected.interval).max(1.0);
        assert!(f64::from(interval) == rounded || between, "{what}: {interval}, not {}", expected.interval);
        (ours, theirs) = (Some(next), Some(expected.memory));
        days = elapsed(interval);
    }
    ratings.len()
}

const RATINGS: [Rating; 4] = [Rating::Again, Rating::Hard, Rating::Good, Rating::Easy];

#[test]
fn every_history_of_six_ratings_is_that_of_the_reference() {
    let mut compared = 0;
    for number in 0..4_usize.pow(6) {
        let ratings: Vec<Rating> = (0..6).map(|place| RATINGS[number / 4_usize.pow(place) % 4]).collect();
        for retention in [0.7, 0.9, 0.97].map(Retention) {
            compared += assert_equal(&ratings, |interval| interval, retention);
        }
        compared += assert_equal(&ratings, |interval| interval * 3 + 2, Retention::default());
        compared += assert_equal(&ratings, |interval| interval / 2, Retention::default());
        compared += assert_equal(&ratings, |_| 0, Retention::default());
    }
    assert_eq!(compared, 4096 * 6 * 6);
}

proptest! {
    #[test]
    fn random_histories_are_those_of_the_reference(
        history in prop::collection::vec((rating(), 0_u32..2000), 1..40), retention in retention(),
    ) {
        let ratings: Vec<Rating> = history.iter().map(|(rating, _)| *rating).collect();
        let days = std::cell::Cell::new(0);
        let elapsed = |_| {
            days.set(days.get() + 1);
            history[(days.get() - 1) % history.len()].1
        };
        assert_equal(&ratings, elapsed, retention);
    }
}

#[test]
fn the_published_parameters_are_the_references() {
    let published: Vec<f64> = fsrs::DEFAULT_PARAMETERS.iter().map(|number| f64::from(*number)).collect();
    assert_eq!(published.len(), W.len());
    for (ours, theirs) in W.iter().zip(published) {
        assert!((ours - theirs).abs() < 1e-6, "{ours}, not {theirs}");
    }
}
