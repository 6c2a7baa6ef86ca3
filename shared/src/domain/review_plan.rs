//! Plans of spaced reviews: how long until the next one.
//!
//! Intervals are whole days from the user's local day of the last rating, or from that on which the plan began.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::body::Body;
use crate::domain::field::{Field, Fields, Patch};
use crate::domain::fsrs::{MemoryState, Rating, Retention};
use crate::domain::minutes::whole;
use crate::domain::review::Opening;
use crate::domain::user::{LocalTime, User};
use crate::id::ReminderId;
#[cfg(feature = "schema")]
use crate::schema::ObjectSchema;
use crate::{body, inline_schema, word_type};

/// The most intervals of a list.
const MOST_DAYS: usize = 30;
/// The longest interval of a list: ten years.
const LONGEST_DAYS: u32 = 3650;
/// Until the first review of a plan that models the memory.
const FIRST_DAYS: u32 = 1;

word_type! {
    /// How a plan finds its intervals.
    PlanKind {
        /// In a list.
        Fixed = "fixed",
        /// By FSRS-6, a model of memory.
        Fsrs = "fsrs",
    }
}

/// The intervals of a list, in days. They need not rise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReviewDays(Vec<u32>);

impl ReviewDays {
    fn last_step(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// The interval of a step; behind the last one, that of the last.
    fn at(&self, step: usize) -> u32 {
        self.0.get(step.min(self.last_step())).copied().unwrap_or(FIRST_DAYS)
    }
}

impl Field for ReviewDays {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let list = value.as_array().filter(|list| (1..=MOST_DAYS).contains(&list.len()));
        let list = list.ok_or_else(|| format!("{label} must be a list of 1 to {MOST_DAYS} numbers"))?;
        let days = list.iter().map(|days| whole(label, days, 1, LONGEST_DAYS));
        let days = days.collect::<Result<_, _>>().map(Self);
        days.map_err(|_| format!("{label} must be whole numbers between 1 and {LONGEST_DAYS}"))
    }
}

inline_schema!(ReviewDays, {
    "type": "array",
    "items": { "type": "integer", "minimum": 1, "maximum": LONGEST_DAYS },
    "minItems": 1,
    "maxItems": MOST_DAYS,
    "examples": [[1, 3, 7, 14, 30]],
});

body! {
    /// Fields of a plan, each by itself.
    struct PlanFields {
        /// `fixed` takes the intervals from `days`; `fsrs` computes them with FSRS-6, a model of memory.
        kind: PlanKind = required "kind",
        /// The intervals of a `fixed` plan, which needs them, in days. The last one repeats.
        days: Option<ReviewDays> = optional "days",
        /// With which probability the memory is to be there at a review of an `fsrs` plan; 0.9 by default.
        retention: Option<Retention> = optional "retention",
        /// The local time of day of the reviews. Without one, or with null, it is `morning_digest.time`, and follows that.
        time: Patch<LocalTime> = patch "time",
    }
}

/// What a caller asks for: how intervals are found, and when on a day reviews are.
#[derive(Clone, Debug)]
pub struct PlanInput {
    /// How intervals are found.
    pub method: MethodInput,
    /// When on a day reviews are.
    pub time: Patch<LocalTime>,
}

/// How intervals are to be found.
#[derive(Clone, Debug)]
pub enum MethodInput {
    /// In this list.
    Fixed(ReviewDays),
    /// By the model of memory; without a retention, that of the present plan or else the default.
    Fsrs(Option<Retention>),
}

impl Body for PlanInput {
    fn read(fields: &mut Fields) -> Option<Self> {
        let has_days = fields.has_value("days");
        let PlanFields { kind, days, retention, time } = PlanFields::read(fields)?;
        let method = match kind {
            PlanKind::Fixed if !has_days => {
                fields.reject("days", "Days is required");
                return None;
            }
            PlanKind::Fixed => MethodInput::Fixed(days?),
            PlanKind::Fsrs => MethodInput::Fsrs(retention),
        };
        Some(Self { method, time })
    }

    #[cfg(feature = "schema")]
    fn describe(object: &mut ObjectSchema<'_>) {
        PlanFields::describe(object);
        object.required_where(("kind", PlanKind::Fixed.as_str()), "days");
    }
}

/// How a plan finds its intervals, and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Method {
    Fixed {
        days: ReviewDays,
        /// The index of the interval that leads to the open review.
        step: usize,
    },
    Fsrs {
        retention: Retention,
        /// Missing before the first rating.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        memory: Option<MemoryState>,
    },
}

/// A rating that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenRating {
    /// How well the user remembered.
    pub rating: Rating,
    /// When the user said so.
    pub at: Timestamp,
    /// When it was written, which is later: whoever came in between did not know of it.
    pub written_at: Timestamp,
}

/// A task's plan of reviews, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewPlan {
    #[serde(flatten)]
    method: Method,
    /// When on a local day reviews are; missing for those that follow the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<LocalTime>,
    /// Its reminder, the open review.
    pub reminder_id: ReminderId,
    /// The local day that the present interval counts from.
    since: Date,
    /// The last rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_review: Option<GivenRating>,
    /// How many ratings were given.
    pub reviews: u64,
}

impl ReviewPlan {
    /// A plan that begins on the local day `today`.
    pub(super) fn begin(input: PlanInput, reminder_id: ReminderId, today: Date) -> Self {
        let method = match input.method {
            MethodInput::Fixed(days) => Method::Fixed { days, step: 0 },
            MethodInput::Fsrs(retention) => Method::Fsrs { retention: retention.unwrap_or_default(), memory: None },
        };
        let mut time = None;
        input.time.apply(&mut time);
        Self { method, time, reminder_id, since: today, last_review: None, reviews: 0 }
    }

    /// The plan with other settings; its progress stays. `None` for settings of another kind.
    pub(super) fn with(&self, input: &PlanInput) -> Option<Self> {
        let method = match (&self.method, &input.method) {
            (Method::Fixed { step, .. }, MethodInput::Fixed(days)) => {
                Method::Fixed { step: (*step).min(days.last_step()), days: days.clone() }
            }
            (Method::Fsrs { retention, memory }, MethodInput::Fsrs(wanted)) => {
                Method::Fsrs { retention: wanted.unwrap_or(*retention), memory: *memory }
            }
            (Method::Fixed { .. }, MethodInput::Fsrs(_)) | (Method::Fsrs { .. }, MethodInput::Fixed(_)) => return None,
        };
        let mut plan = Self { method, ..self.clone() };
        input.time.clone().apply(&mut plan.time);
        Some(plan)
    }

    /// The plan once its open review is rated on the local day `today`.
    pub(super) fn rated(&self, given: GivenRating, today: Date) -> Self {
        let method = match &self.method {
            Method::Fixed { days, step } => {
                let step = match given.rating {
                    Rating::Again => 0,
                    Rating::Hard => *step,
                    Rating::Good => step + 1,
                    Rating::Easy => step + 2,
                };
                Method::Fixed { step: step.min(days.last_step()), days: days.clone() }
            }
            Method::Fsrs { retention, memory } => {
                let next = match memory {
                    None => MemoryState::first(given.rating),
                    Some(memory) => memory.after(given.rating, days_between(self.since, today)),
                };
                Method::Fsrs { retention: *retention, memory: Some(next) }
            }
        };
        // The zone may have taken the day back; intervals never begin before an earlier one did.
        let since = today.max(self.since);
        Self { method, since, last_review: Some(given), reviews: self.reviews + 1, ..self.clone() }
    }

    /// The local day of the open review.
    pub(super) fn day(&self) -> Date {
        let days = match &self.method {
            Method::Fixed { days, step } => days.at(*step),
            Method::Fsrs { memory: None, .. } => FIRST_DAYS,
            Method::Fsrs { memory: Some(memory), retention } => memory.interval_days(*retention),
        };
        self.since.checked_add(i64::from(days).days()).unwrap_or(Date::MAX)
    }

    /// When the open review opens.
    pub(super) fn opening(&self, user: &User, now: Timestamp) -> Opening {
        Opening::on(self.day(), self.time.as_ref().map(LocalTime::as_str), user, now)
    }
}

/// Whole days from one local day to a later one; none to an earlier one.
fn days_between(from: Date, to: Date) -> u32 {
    from.until(to).ok().and_then(|span| u32::try_from(span.get_days()).ok()).unwrap_or_default()
}

/// A task's plan of reviews. What belongs to the other kind is null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Plan"))]
pub struct PlanOut {
    pub kind: PlanKind,
    /// The intervals of a `fixed` plan, in days.
    pub days: Option<ReviewDays>,
    /// Which of `days`, from 0, leads to the open review.
    pub step: Option<usize>,
    /// With which probability the memory is to be there at a review of an `fsrs` plan.
    pub retention: Option<Retention>,
    /// Days after which the memory is there with a probability of 90 %; null before the first rating.
    pub stability: Option<f64>,
    /// How hard the memory is to keep, from 1 to 10; null before the first rating.
    pub difficulty: Option<f64>,
    /// The local time of day of the reviews; null where it follows `morning_digest.time`.
    pub time: Option<LocalTime>,
    /// The reminder that is the open review.
    pub reminder_id: ReminderId,
    /// When the last rating was given.
    pub last_review: Option<Timestamp>,
    pub last_rating: Option<Rating>,
    /// When the open review is. It can be rated from the beginning of its local day on.
    pub next_review: Option<Timestamp>,
    /// How many ratings were given.
    pub reviews: u64,
}

impl PlanOut {
    /// A plan for callers; its open review is at `next_review`.
    pub fn new(plan: ReviewPlan, next_review: Option<Timestamp>) -> Self {
        let ReviewPlan { method, time, reminder_id, since: _, last_review, reviews } = plan;
        let mut out = Self {
            kind: PlanKind::Fixed,
            days: None,
            step: None,
            retention: None,
            stability: None,
            difficulty: None,
            time,
            reminder_id,
            last_review: last_review.map(|given| given.at),
            last_rating: last_review.map(|given| given.rating),
            next_review,
            reviews,
        };
        match method {
            Method::Fixed { days, step } => (out.days, out.step) = (Some(days), Some(step)),
            Method::Fsrs { retention, memory } => {
                out.kind = PlanKind::Fsrs;
                out.retention = Some(retention);
                out.stability = memory.map(|memory| memory.stability);
                out.difficulty = memory.map(|memory| memory.difficulty);
            }
        }
        out
    }
}
