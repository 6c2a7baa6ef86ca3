//! What a button does to the task and the reminder that its link is about.

use std::time::Duration;

use super::{Action, ActionLink, Before, LinkKind, Tap};
use crate::clock::Timestamp;
use crate::domain::digest;
use crate::domain::fsrs::Rating;
use crate::domain::reminder::Reminder;
use crate::domain::reminder_change::ReminderChange;
use crate::domain::snooze::Snooze;
use crate::domain::task::{Task, TaskStatus};
use crate::domain::task_change::TaskChange;
use crate::domain::task_plan::{PlanChange, PlannedReview, RatingInput};
use crate::domain::user::User;

const HOUR: Duration = Duration::from_secs(3600);

/// Why a link has nothing to act on any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// The task or its reminder was deleted.
    Gone,
    /// The task is completed.
    Completed,
    /// The recurring task has another occurrence by now.
    OtherOccurrence,
    /// The reminder was moved.
    Moved,
    /// The review was rated.
    Reviewed,
    /// The reminder was skipped or completed by hand.
    NotOpen,
}

/// What an action changes.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The task is completed, or its present occurrence.
    Complete(Box<TaskChange>),
    /// The reminder is put off.
    Snooze(Box<ReminderChange>),
    /// The review is rated, and the next one planned.
    Rate(Box<PlanChange>),
}

/// When a button is pressed.
#[derive(Clone, Copy, Debug)]
pub struct PressedAt {
    /// When the request began.
    pub at: Timestamp,
    /// The time while what it does is written.
    pub written_at: Timestamp,
}

impl ActionLink {
    /// The task and the reminder that it is about.
    ///
    /// # Errors
    /// They are no longer what they were when its mail was written.
    pub fn subject<'s>(
        &self,
        task: Option<&'s Task>,
        reminder: Option<&'s Reminder>,
    ) -> Result<(&'s Task, &'s Reminder), Stale> {
        let (task, reminder) = task.zip(reminder).ok_or(Stale::Gone)?;
        if task.status == TaskStatus::Completed {
            return Err(Stale::Completed);
        }
        let is_other = task.due_date != self.occurrence || task.is_over_since(self.mailed_at());
        if task.recurrence.is_some() && is_other {
            return Err(Stale::OtherOccurrence);
        }
        if reminder.plan != self.plan {
            let last = task.plan.as_ref().and_then(|plan| plan.last_review);
            let is_rated = self.kind == LinkKind::Review && last.is_some_and(|last| last.at >= self.mailed_at());
            return Err(if is_rated { Stale::Reviewed } else { Stale::Moved });
        }
        Ok((task, reminder))
    }
}

impl Action {
    /// What it does to a task and the reminder whose mail has its button.
    ///
    /// # Errors
    /// [`Stale::NotOpen`] for a reminder that cannot be put off, [`Stale::Reviewed`] for a review that cannot be rated.
    pub fn effect(
        self,
        (task, reminder): (&Task, &Reminder),
        user: &User,
        pressed: PressedAt,
    ) -> Result<Effect, Stale> {
        let put_off = |until| {
            let change = reminder.snooze(Snooze::Until(until), pressed.at).map_err(|_| Stale::NotOpen)?;
            Ok(Effect::Snooze(Box::new(change)))
        };
        match self {
            Self::Done => Ok(Effect::Complete(Box::new(task.complete(pressed.at)))),
            Self::InAnHour => put_off(pressed.at.plus(HOUR)),
            Self::TomorrowMorning => {
                let morning = digest::next_morning(&user.morning_digest, &user.timezone, pressed.at);
                put_off(morning.ok_or(Stale::NotOpen)?)
            }
            Self::Again => rate(Rating::Again, (task, reminder), user, pressed),
            Self::Hard => rate(Rating::Hard, (task, reminder), user, pressed),
            Self::Good => rate(Rating::Good, (task, reminder), user, pressed),
            Self::Easy => rate(Rating::Easy, (task, reminder), user, pressed),
        }
    }
}

fn rate(
    rating: Rating,
    (task, reminder): (&Task, &Reminder),
    user: &User,
    PressedAt { at, written_at }: PressedAt,
) -> Result<Effect, Stale> {
    // The link's plan says that it is this very review: no rating came in between.
    let seen = task.plan.as_ref().map(|plan| plan.reviews).unwrap_or_default();
    let input = RatingInput { rating, at, received_at: at, written_at, seen };
    let change = task.rate(reminder, input, user).map_err(|_| Stale::Reviewed)?;
    match change.review {
        PlannedReview::Keep => Err(Stale::Reviewed),
        PlannedReview::Change(_) | PlannedReview::Open(_) | PlannedReview::Close(_) => {
            Ok(Effect::Rate(Box::new(change)))
        }
    }
}

impl Tap {
    /// The tap that completes `task`, with the change that is written.
    pub fn of_completion(link: &ActionLink, action: Action, task: &Task, change: &TaskChange) -> Self {
        let next = change.due_date_move.map(|due_date_move| due_date_move.to);
        Self::new(link, action, (next, Before::of_completion(task, change)), change.at)
    }

    /// The tap that puts a reminder off.
    pub fn of_snooze(link: &ActionLink, action: Action, change: &ReminderChange) -> Self {
        let before = Before::Reminder { reminder: Box::new(change.read.clone()) };
        Self::new(link, action, (change.next.snoozed_until, before), change.at)
    }

    /// The tap that rates `review`, with the change that is written.
    pub fn of_rating(
        link: &ActionLink,
        action: Action,
        (task, review): (&Task, &Reminder),
        change: &PlanChange,
    ) -> Self {
        let before = Before::of_rating(task, review, change);
        Self::new(link, action, (change.task.next_review(), before), change.at)
    }
}
