//! Plans of reviews in their tasks: beginning, changing and ending one, and rating its open review.

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::domain::counters::{CounterChange, CounterMark, local_day};
use crate::domain::fsrs::Rating;
use crate::domain::reminder::{Reminder, ReminderKind, ReminderStatus};
use crate::domain::reminder_change::{ChangeCause, ReminderChange};
use crate::domain::review_plan::{GivenRating, PlanInput, ReviewPlan};
use crate::domain::task::{ReminderCard, Task, TaskStatus};
use crate::domain::task_change::TaskChange;
use crate::domain::user::User;
use crate::id::ReminderId;

/// A change of a task's plan that was read, with what it does to the open review.
#[derive(Clone, Debug)]
pub struct PlanChange {
    /// The task from now on, the card of its review included.
    pub task: Task,
    /// What becomes of the review.
    pub review: PlannedReview,
    /// By how much the counters change, besides what the review's own change does.
    pub counters: CounterChange,
    /// When it is made.
    pub at: Timestamp,
}

/// What a change of a plan does to its review.
#[derive(Clone, Debug)]
pub enum PlannedReview {
    /// It is new.
    Open(Box<Reminder>),
    /// It moves, is rated, or stays where it is.
    Change(Box<ReminderChange>),
    /// It is deleted.
    Close(ReminderId),
    /// Nothing, and nothing else changes.
    Keep,
}

/// Why a task gets no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlan {
    /// It is completed.
    Completed,
    /// It recurs.
    Recurs,
}

/// A task recurs or has a plan, not both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanExists;

/// Why a review is not rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRatable;

/// A rating on its way.
#[derive(Clone, Copy, Debug)]
pub struct RatingInput {
    /// How well the user remembered.
    pub rating: Rating,
    /// When the user gives it.
    pub at: Timestamp,
    /// When the request was received.
    pub received_at: Timestamp,
    /// The time while it is written.
    pub written_at: Timestamp,
    /// The ratings that the plan had when the request read it first.
    pub seen: u64,
}

impl Task {
    /// The task with a plan like `input`: a new one, the present one with other settings, or, of another kind, one that starts anew.
    /// `open` is the review of the present plan.
    ///
    /// # Errors
    /// It recurs or is completed.
    pub fn set_plan(
        &self,
        input: PlanInput,
        open: Option<&Reminder>,
        user: &User,
        now: Timestamp,
    ) -> Result<PlanChange, NoPlan> {
        if self.status == TaskStatus::Completed {
            return Err(NoPlan::Completed);
        }
        if self.recurrence.is_some() {
            return Err(NoPlan::Recurs);
        }
        let today = local_day(now, &user.timezone);
        let Some((present, open)) = self.plan.as_ref().zip(open) else {
            let plan = ReviewPlan::begin(input, ReminderId::new(), today);
            let review = Reminder::review((user, self.id), plan.reminder_id, plan.opening(user, now), now);
            return Ok(self.open_review(plan, review, now));
        };
        match present.with(&input) {
            Some(plan) if plan == *present => Ok(PlanChange::nothing(self, now)),
            Some(plan) => {
                let opening = plan.opening(user, now);
                let is_pending = open.status == ReminderStatus::Pending;
                let waits = is_pending && open.scheduled_at <= now && plan.day() <= today;
                let is_there = is_pending && open.scheduled_at == opening.at && open.review == Some(opening.review);
                let change = if waits || is_there {
                    ReminderChange { read: open.clone(), next: open.clone(), at: now, cause: ChangeCause::Moved }
                } else {
                    open.reopened(opening, ChangeCause::Moved, now)
                };
                Ok(self.change_review(plan, change, now))
            }
            None => {
                let plan = ReviewPlan::begin(input, open.id, today);
                let change = open.reopened(plan.opening(user, now), ChangeCause::Moved, now);
                Ok(self.change_review(plan, change, now))
            }
        }
    }

    /// The task without its plan; `None` when it has none.
    pub fn end_plan(&self, now: Timestamp) -> Option<PlanChange> {
        let reminder = self.plan.as_ref()?.reminder_id;
        let mut task = self.changed(None, now);
        let card = task.reminders.remove(&reminder);
        let mut counters = CounterChange::default();
        counters.recount(card.and_then(|card| card.counted), None);
        Some(PlanChange { task, review: PlannedReview::Close(reminder), counters, at: now })
    }

    /// The task once its open review is rated. Of two ratings at once the first counts: for an equal one nothing changes.
    ///
    /// # Errors
    /// `review` is not the open review of the task, its day has not come, or another rating was faster.
    pub fn rate(&self, review: &Reminder, input: RatingInput, user: &User) -> Result<PlanChange, NotRatable> {
        let RatingInput { rating, at, received_at, written_at, seen } = input;
        let plan = self.plan.as_ref().filter(|plan| plan.reminder_id == review.id).ok_or(NotRatable)?;
        if let Some(last) = plan.last_review.filter(|last| plan.reviews > seen || last.written_at > received_at) {
            return if last.rating == rating { Ok(PlanChange::nothing(self, at)) } else { Err(NotRatable) };
        }
        let today: Date = local_day(at, &user.timezone);
        if !review.is_open_on(today) {
            return Err(NotRatable);
        }
        let plan = plan.rated(GivenRating { rating, at, written_at }, today);
        let change = review.reopened(plan.opening(user, at), ChangeCause::Rated(today), at);
        Ok(self.change_review(plan, change, at))
    }

    /// The task with its plan and its review as they were before the last rating, which counted on `counted_on`.
    pub(super) fn take_back_rating(
        &self,
        before: &ReviewPlan,
        (review, review_before): (&Reminder, &Reminder),
        counted_on: Option<Date>,
        now: Timestamp,
    ) -> PlanChange {
        let restored = review.restore(review_before, now);
        let cause = counted_on.map_or(restored.cause, ChangeCause::RatingTakenBack);
        self.change_review(before.clone(), ReminderChange { cause, ..restored }, now)
    }

    /// That it does not begin to recur while it has a plan.
    ///
    /// # Errors
    /// It does.
    pub fn require_no_plan(&self, change: &TaskChange) -> Result<(), PlanExists> {
        let begins = self.plan.is_some() && change.task.recurrence.is_some();
        if begins { Err(PlanExists) } else { Ok(()) }
    }

    fn open_review(&self, plan: ReviewPlan, review: Reminder, now: Timestamp) -> PlanChange {
        let review = Reminder { counted: Some(CounterMark::Pending), ..review };
        let mut task = self.changed(Some(plan), now);
        task.reminders.insert(review.id, ReminderCard::from(&review));
        let mut counters = CounterChange::default();
        counters.recount(None, review.counted);
        PlanChange { task, review: PlannedReview::Open(Box::new(review)), counters, at: now }
    }

    fn change_review(&self, plan: ReviewPlan, change: ReminderChange, now: Timestamp) -> PlanChange {
        let mut task = self.changed(Some(plan), now);
        task.reminders.insert(change.read.id, ReminderCard::from(&change.next));
        PlanChange {
            task,
            review: PlannedReview::Change(Box::new(change)),
            counters: CounterChange::default(),
            at: now,
        }
    }

    fn changed(&self, plan: Option<ReviewPlan>, now: Timestamp) -> Self {
        Self { plan, version: self.version + 1, updated_at: now, ..self.clone() }
    }

    /// Whether the review that was open at an instant is over: it was rated, or its plan has ended.
    pub fn is_reviewed_since(&self, instant: Timestamp) -> bool {
        self.plan.as_ref().is_none_or(|plan| plan.last_review.is_some_and(|last| last.at >= instant))
    }

    /// When the open review of its plan is.
    pub fn next_review(&self) -> Option<Timestamp> {
        let card = self.reminders.get(&self.plan.as_ref()?.reminder_id)?;
        (card.kind == ReminderKind::Review).then_some(card.scheduled_at)
    }
}

impl PlanChange {
    fn nothing(task: &Task, now: Timestamp) -> Self {
        let (task, counters) = (task.clone(), CounterChange::default());
        Self { task, review: PlannedReview::Keep, counters, at: now }
    }

    /// The local day on which its rating counts; `None` for a change that rates nothing, or that counts on that day already.
    pub fn counts_on(&self) -> Option<Date> {
        match &self.review {
            PlannedReview::Change(change) => change.rating_counts_on(),
            PlannedReview::Open(_) | PlannedReview::Close(_) | PlannedReview::Keep => None,
        }
    }

    /// The same change of a plan whose review's completion on `day` is counted already: it stays so.
    #[must_use]
    pub fn keeping(mut self, day: Date) -> Self {
        if let PlannedReview::Change(change) = self.review {
            self.review = PlannedReview::Change(Box::new(change.keeping(day)));
        }
        self
    }
}

#[cfg(test)]
#[path = "task_plan_tests.rs"]
mod tests;
