//! Reviews: the reminders of a plan. A plan has one, which moves from review to review and is pending until the plan ends.
//!
//! Its mail leaves at its very time, once; then it waits for its rating, and counts as overdue. What counts as completed is the
//! rating.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::counters::local_day;
use crate::domain::delivery::Delivery;
use crate::domain::digest::first_moment;
use crate::domain::field::{FieldError, Patch};
use crate::domain::minutes::LeadMinutes;
use crate::domain::reminder::{Channel, Reminder, ReminderKind, ReminderPatch, ReminderStatus};
use crate::domain::reminder_change::{ChangeCause, ReminderChange};
use crate::domain::user::User;
use crate::id::{ReminderId, TaskId};

/// What a review has besides what every reminder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewDay {
    /// The user's local day from whose beginning on it can be rated.
    pub day: Date,
    /// Whether its time is that of the user's digest: it moves when the user changes that or the zone.
    pub follows_digest: bool,
}

/// When a review opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The day and what its time follows.
    pub review: ReviewDay,
    /// When its mail leaves.
    pub at: Timestamp,
}

impl Opening {
    /// On a local day of `user`, at `time` or else at the time of the digest. On a day or at a time that has passed: now.
    pub fn on(day: Date, time: Option<&str>, user: &User, now: Timestamp) -> Self {
        let today = local_day(now, &user.timezone);
        let time_of_digest = user.morning_digest.time.as_str();
        let (day, at) = first_moment(day.max(today), time.unwrap_or(time_of_digest), &user.timezone);
        Self { review: ReviewDay { day, follows_digest: time.is_none() }, at: at.max(now) }
    }
}

impl Reminder {
    /// The first review of a plan.
    pub(super) fn review((user, task): (&User, TaskId), id: ReminderId, opening: Opening, now: Timestamp) -> Self {
        Self {
            id,
            user_id: user.id,
            task_id: task,
            kind: ReminderKind::Review,
            review: Some(opening.review),
            scheduled_at: opening.at,
            offset_minutes: None,
            lead_minutes: LeadMinutes::NONE,
            snoozed_until: None,
            channel: Channel::Email,
            message: None,
            status: ReminderStatus::Pending,
            email_sent: false,
            email_sent_at: None,
            morning_email_sent: false,
            delivery: Delivery::scheduled(opening.at),
            fired_for: None,
            plan: 1,
            planned_at: now,
            version: 1,
            created_at: now,
            updated_at: now,
            skipped_by_user: false,
            counted: None,
            kept_day: None,
        }
    }

    /// Whether it is a review.
    pub fn is_review(&self) -> bool {
        self.kind == ReminderKind::Review
    }

    /// Whether it can be rated on the local day `today`: its day has come, or its mail has asked for a rating before.
    pub(super) fn is_open_on(&self, today: Date) -> bool {
        let has_come = self.review.is_some_and(|review| review.day <= today || self.has_fired());
        self.status == ReminderStatus::Pending && has_come
    }

    /// The review opens then. What it was about before is over.
    pub(super) fn reopened(&self, opening: Opening, cause: ChangeCause, now: Timestamp) -> ReminderChange {
        let mut next = self.clone();
        next.touch(now);
        next.reset_receipts();
        next.status = ReminderStatus::Pending;
        next.review = Some(opening.review);
        next.scheduled_at = opening.at;
        next.snoozed_until = None;
        next.fired_for = None;
        next.plan_from(now);
        ReminderChange { read: self.clone(), next, at: now, cause }
    }

    /// Whether its time is that of the digest: it has not fired, and nobody has moved it.
    pub fn follows_digest(&self) -> bool {
        let follows = self.review.is_some_and(|review| review.follows_digest) && self.snoozed_until.is_none();
        follows && self.fires_at().is_some()
    }

    /// What becomes of a review whose time is that of the digest, by the user's present settings; `None` where it is at its time.
    /// One whose time has come is not called back, unless its new time lies ahead.
    pub fn follow_digest(&self, user: &User, now: Timestamp) -> Option<ReminderChange> {
        let review = self.review.filter(|_| self.follows_digest())?;
        let (_, at) = first_moment(review.day, &user.morning_digest.time, &user.timezone);
        if at == self.scheduled_at || (self.scheduled_at <= now && at <= now) {
            return None;
        }
        let opening = Opening { at: at.max(now), review };
        Some(self.reopened(opening, ChangeCause::Moved, now))
    }

    /// What a patch would change of a review but must not: its plan decides all but its time and its message.
    pub(super) fn fixed_by_plan(&self, patch: &ReminderPatch) -> Vec<FieldError> {
        let changes = [
            ("offsetMinutes", "Offset minutes", matches!(patch.offset_minutes, Patch::Set(_))),
            ("leadMinutes", "Lead minutes", patch.lead_minutes.is_some_and(|lead| lead != self.lead_minutes)),
            ("type", "Type", patch.channel.is_some_and(|channel| channel != self.channel)),
            ("status", "Status", patch.status.is_some_and(|status| status != self.status)),
        ];
        let refused = changes.into_iter().filter(|(.., changes)| self.is_review() && *changes);
        let error = |(field, label, _)| FieldError::new(field, format!("{label} of a review cannot be changed"));
        refused.map(error).collect()
    }
}
