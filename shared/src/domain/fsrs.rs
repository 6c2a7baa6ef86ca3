//! FSRS-6, the model of memory behind plans of the kind `fsrs`: <https://github.com/open-spaced-repetition/fsrs4anki/wiki/The-Algorithm>.
//!
//! Stability is the number of days after which a memory is still there with a probability of 90 %; difficulty is a number from 1
//! to 10. Computed in `f64` with the published default parameters, without fuzz. The reference is the crate `fsrs`, against which
//! the tests compare it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::field::Field;
use crate::{inline_schema, word_type};

word_type! {
    /// How well the user remembered.
    Rating {
        /// Not at all.
        Again = "again",
        /// With difficulty.
        Hard = "hard",
        /// Well.
        Good = "good",
        /// Without effort.
        Easy = "easy",
    }
}

/// The default parameters of FSRS-6, w0 to w20.
const W: [f64; 21] = [
    0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796, 1.4835, 0.0614, 0.2629,
    1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542,
];
const INITIAL_STABILITY: [f64; 4] = [W[0], W[1], W[2], W[3]];
const DECAY: f64 = -W[20];

/// Least and greatest stability, in days.
const STABILITY: (f64, f64) = (0.001, 36_500.0);
/// Least and greatest difficulty.
const DIFFICULTY: (f64, f64) = (1.0, 10.0);
/// The longest interval, in days: a century.
pub const LONGEST: u32 = 36_500;

/// The probability with which a memory is to be there at its next review, from 0.7 to 0.97.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Retention(f64);

impl Retention {
    const MIN: f64 = 0.7;
    const MAX: f64 = 0.97;
}

impl Default for Retention {
    fn default() -> Self {
        Self(0.9)
    }
}

impl Field for Retention {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let number = value.as_f64().ok_or_else(|| format!("{label} must be a number"))?;
        if (Self::MIN..=Self::MAX).contains(&number) {
            return Ok(Self(number));
        }
        Err(format!("{label} must be between {} and {}", Self::MIN, Self::MAX))
    }
}

inline_schema!(Retention, { "type": "number", "minimum": Self::MIN, "maximum": Self::MAX });

/// The state of a memory after a review.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryState {
    /// Days until it is there with a probability of 90 %.
    pub stability: f64,
    /// How hard it is to keep, from 1 to 10.
    pub difficulty: f64,
}

impl MemoryState {
    /// The state after the first review.
    pub fn first(rating: Rating) -> Self {
        let [again, hard, good, easy] = INITIAL_STABILITY;
        let stability = match rating {
            Rating::Again => again,
            Rating::Hard => hard,
            Rating::Good => good,
            Rating::Easy => easy,
        };
        Self { stability: clamped(stability, STABILITY), difficulty: clamped(first_difficulty(rating), DIFFICULTY) }
    }

    /// The state after a review that comes so many whole days after the last one.
    #[must_use]
    pub fn after(self, rating: Rating, elapsed_days: u32) -> Self {
        let stability = match rating {
            _ if elapsed_days == 0 => self.stability_within_a_day(rating),
            Rating::Again => self.stability_forgotten(elapsed_days),
            Rating::Hard => self.stability_recalled(elapsed_days, W[15]),
            Rating::Good => self.stability_recalled(elapsed_days, 1.0),
            Rating::Easy => self.stability_recalled(elapsed_days, W[16]),
        };
        Self { stability: clamped(stability, STABILITY), difficulty: self.next_difficulty(rating) }
    }

    /// The days until the memory is there with the probability `retention`: 1 to [`LONGEST`].
    pub fn interval_days(self, retention: Retention) -> u32 {
        let days = self.stability / factor() * (retention.0.powf(1.0 / DECAY) - 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and within bounds")]
        let days = clamped(days.round(), (1.0, f64::from(LONGEST))) as u32;
        days
    }

    /// The probability that it is there after so many days.
    fn retrievability(self, elapsed_days: u32) -> f64 {
        (f64::from(elapsed_days) / self.stability * factor() + 1.0).powf(DECAY)
    }

    fn stability_recalled(self, elapsed_days: u32, bonus: f64) -> f64 {
        let forgotten = 1.0 - self.retrievability(elapsed_days);
        let growth = W[8].exp()
            * (11.0 - self.difficulty)
            * self.stability.powf(-W[9])
            * ((forgotten * W[10]).exp() - 1.0)
            * bonus;
        self.stability * (growth + 1.0)
    }

    fn stability_forgotten(self, elapsed_days: u32) -> f64 {
        let forgotten = 1.0 - self.retrievability(elapsed_days);
        let relearned = W[11]
            * self.difficulty.powf(-W[12])
            * ((self.stability + 1.0).powf(W[13]) - 1.0)
            * (forgotten * W[14]).exp();
        relearned.min(self.stability / (W[17] * W[18]).exp())
    }

    fn stability_within_a_day(self, rating: Rating) -> f64 {
        let growth = (W[17] * (grade(rating) - 3.0 + W[18])).exp() * self.stability.powf(-W[19]);
        self.stability * if rating == Rating::Again { growth } else { growth.max(1.0) }
    }

    fn next_difficulty(self, rating: Rating) -> f64 {
        let change = -W[6] * (grade(rating) - 3.0);
        let damped = self.difficulty + (10.0 - self.difficulty) * change / 9.0;
        let reverted = W[7] * (first_difficulty(Rating::Easy) - damped) + damped;
        clamped(reverted, DIFFICULTY)
    }
}

fn grade(rating: Rating) -> f64 {
    match rating {
        Rating::Again => 1.0,
        Rating::Hard => 2.0,
        Rating::Good => 3.0,
        Rating::Easy => 4.0,
    }
}

fn first_difficulty(rating: Rating) -> f64 {
    W[4] - (W[5] * (grade(rating) - 1.0)).exp() + 1.0
}

/// What makes the curve of forgetting pass through 90 % at the stability.
fn factor() -> f64 {
    0.9_f64.powf(1.0 / DECAY) - 1.0
}

/// The number within its bounds; the lower one for what is no number.
fn clamped(number: f64, (least, greatest): (f64, f64)) -> f64 {
    number.max(least).min(greatest)
}

#[cfg(test)]
#[path = "fsrs_tests.rs"]
mod tests;
