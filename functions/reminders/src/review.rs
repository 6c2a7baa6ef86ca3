//! `POST /api/reminders/{id}/review`

use std::cell::OnceCell;

use serde::Serialize;
use shared::domain::fsrs::Rating;
use shared::domain::reminder::{Reminder, ReminderOut};
use shared::domain::review_plan::PlanOut;
use shared::domain::task_plan::{PlanChange, PlannedReview, RatingInput};
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success, WithHead, retry_conflicts};
use shared::id::ReminderId;
use shared::store::review_plans::ReviewToRate;

use crate::REMINDER;

shared::body! {
    /// A rating of a review.
    #[derive(Clone, Copy, Debug)]
    pub struct Review {
        /// How well the user remembered: not at all, with difficulty, well, or without effort.
        pub rating: Rating = required "rating",
    }
}

/// The review and its plan after a rating.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct RatedReview {
    /// The next review.
    reminder: ReminderOut,
    plan: Option<PlanOut>,
}

pub const OPERATION: Operation<Review, Success<RatedReview>> = Operation::post(
    "/api/reminders/{id}/review",
    "Rate the open review of a plan, and plan the next one",
)
.describe(
    "A review can be rated from the beginning of its local day on, before and after its mail. The rating counts as a \
             completed reminder of the day on which it is given. Of two ratings at once the first counts; the other one \
             gets the same response if it is equal, else 409.",
)
.if_match()
.etag()
.idempotent()
.errors(&[ErrorCode::NotOpen]);

const NOT_OPEN: &str = "The reminder is no review that is open to be rated";

pub async fn handle(app: &App, request: &Request<'_, Review>) -> Result<Success<RatedReview>, ApiError> {
    let id = request.path_id(REMINDER, ReminderId::parse)?;
    let Review { rating } = request.body(app)?;
    let seen = OnceCell::new();
    let rated = retry_conflicts(async || {
        let found = app.store.review_to_rate(request.caller()?.id, id, request.now()).await?;
        let ReviewToRate { reminder, user, days } = found.ok_or_else(|| ApiError::not_found(REMINDER))?;
        request.check_match(reminder.version)?;
        let not_open = || ApiError::new(ErrorCode::NotOpen).with_message(NOT_OPEN);
        if !reminder.is_review() {
            return Err(not_open());
        }
        let row = app.store.task(user.id, reminder.task_id).await?.ok_or_else(|| ApiError::not_found(REMINDER))?;
        let reviews = row.task.plan.as_ref().map(|plan| plan.reviews).unwrap_or_default();
        let input = RatingInput {
            rating,
            at: request.now(),
            received_at: request.received_at(),
            written_at: app.clock.now(),
            seen: *seen.get_or_init(|| reviews),
        };
        let change = row.task.rate(&reminder, input, &user).map_err(|_| not_open())?;
        let reminder = next_review(reminder, &change);
        let version = reminder.version;
        let next_review = change.task.next_review();
        let plan = change.task.plan.clone().map(|plan| PlanOut::new(plan, next_review));
        let answer = Success::new("Review rated successfully", RatedReview { reminder: reminder.into(), plan });
        let answer = answer.etag(version);
        request.answer_once(app, answer, async |permit| app.store.change_plan(permit, &row, &change, &days).await).await
    })
    .await;
    // Sent again, it finds the next review, which is not open yet.
    request.or_first_answer(app, rated).await
}

fn next_review(present: Reminder, change: &PlanChange) -> Reminder {
    match &change.review {
        PlannedReview::Change(change) => change.next.clone(),
        PlannedReview::Open(_) | PlannedReview::Close(_) | PlannedReview::Keep => present,
    }
}
