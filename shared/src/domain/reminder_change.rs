//! What an update, a firing or a cancellation changes of a reminder.

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::domain::completion::{Completion, CompletionChange};
use crate::domain::counters::{CounterChange, CounterMark, local_day};
use crate::domain::field::{FieldError, Patch};
use crate::domain::reminder::{Reminder, ReminderPatch, ReminderStatus, before_due};
use crate::domain::reminder_body::{time_has_passed, two_times};
use crate::domain::review::ReviewDay;
use crate::domain::zone::Zone;

/// Why a reminder changes, which decides what becomes of a completion that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeCause {
    /// Its user changes it: a completion that is undone is taken back, unless the reminder fired.
    ByHand,
    /// It fires: its completion stays counted from now on.
    Fired,
    /// Its task's due date or its plan moves it, or it is put off: a completion that it has stays counted.
    Moved,
    /// It is a review that its user rates on this local day: that counts as a completion.
    Rated(Date),
    /// It is a review whose rating, which counted on this local day, is taken back.
    RatingTakenBack(Date),
}

/// A change of a reminder that was read.
#[derive(Clone, Debug)]
pub struct ReminderChange {
    /// As it was read: the change is written only if it still is so.
    pub read: Reminder,
    /// As it is from now on, but for its counter mark.
    pub next: Reminder,
    /// When it is made.
    pub at: Timestamp,
    /// Why.
    pub cause: ChangeCause,
}

/// A change with everything that follows from it.
#[derive(Clone, Debug)]
pub struct MarkedChange {
    /// The reminder with its counter mark.
    pub reminder: Reminder,
    /// By how much the counters change.
    pub counters: CounterChange,
    /// What becomes of its completions.
    pub completion: Option<CompletionChange>,
}

impl ReminderChange {
    /// Whether everything stays as it is.
    pub fn is_empty(&self) -> bool {
        self.read == self.next
    }

    /// Whether [`Self::marked`] depends on the user's zone.
    pub fn needs_zone(&self) -> bool {
        self.next.needs_zone() || self.moves_review()
    }

    /// Whether its user moves a review to a day of their own.
    fn moves_review(&self) -> bool {
        let is_moved = self.next.scheduled_at != self.read.scheduled_at;
        self.cause == ChangeCause::ByHand && self.next.is_review() && is_moved
    }

    /// The change with its counter mark, and what follows from that; `zone` is the user's.
    pub fn marked(&self, zone: &Zone) -> MarkedChange {
        let is_moved = self.cause == ChangeCause::Moved;
        // A completion that never was counted is not counted by a move.
        let counted = if is_moved && self.next.needs_zone() { self.read.counted } else { self.next.counter_mark(zone) };
        let mut reminder = Reminder { counted, ..self.next.clone() };
        if self.moves_review() {
            reminder.review = Some(ReviewDay { day: local_day(reminder.scheduled_at, zone), follows_digest: false });
        }
        let pending = is_pending(counted) - is_pending(self.read.counted);
        let mut counters = CounterChange { pending, ..CounterChange::default() };
        if let ChangeCause::RatingTakenBack(day) = self.cause {
            counters.recount(Some(CounterMark::CompletedOn(day)), None);
            let completion = Some(CompletionChange::TakeBack(Completion::of(&reminder, day, self.at)));
            return MarkedChange { reminder, counters, completion };
        }
        let is_kept = |day| self.read.kept_day == Some(day);
        let rated_on = self.rated_on();
        let completion = match (completed_on(self.read.counted), completed_on(counted).or(rated_on)) {
            (None, Some(day)) if !is_kept(day) => {
                let stays = matches!(self.cause, ChangeCause::Fired | ChangeCause::Rated(_));
                reminder.kept_day = if stays { Some(day) } else { reminder.kept_day };
                counters.recount(None, Some(CounterMark::CompletedOn(day)));
                Some(CompletionChange::Count(Completion::of(&reminder, day, self.at)))
            }
            (Some(day), None) if !is_kept(day) && is_moved => {
                reminder.kept_day = Some(day);
                Some(CompletionChange::Keep(Completion::of(&reminder, day, self.at)))
            }
            (Some(day), None) if !is_kept(day) => {
                counters.recount(self.read.counted, None);
                Some(CompletionChange::TakeBack(Completion::of(&reminder, day, self.at)))
            }
            (None | Some(_), _) => None,
        };
        MarkedChange { reminder, counters, completion }
    }

    fn rated_on(&self) -> Option<Date> {
        match self.cause {
            ChangeCause::Rated(day) => Some(day),
            ChangeCause::ByHand | ChangeCause::Fired | ChangeCause::Moved | ChangeCause::RatingTakenBack(_) => None,
        }
    }

    /// The local day on which its rating counts; `None` where it rates nothing, or counts on that day already.
    pub(super) fn rating_counts_on(&self) -> Option<Date> {
        self.rated_on().filter(|day| self.read.kept_day != Some(*day))
    }

    /// The same change of a reminder whose completion on `day` is counted already: it stays so.
    #[must_use]
    pub fn keeping(mut self, day: Date) -> Self {
        self.read.kept_day = Some(day);
        self.next.kept_day = Some(day);
        self
    }
}

fn is_pending(mark: Option<CounterMark>) -> i64 {
    i64::from(mark == Some(CounterMark::Pending))
}

fn completed_on(mark: Option<CounterMark>) -> Option<jiff::civil::Date> {
    match mark {
        Some(CounterMark::CompletedOn(day)) => Some(day),
        Some(CounterMark::Pending) | None => None,
    }
}

/// Why a reminder whose task is completed does not fire, for the user.
pub const TASK_COMPLETED: &str = "its task was completed";
/// Why a reminder that is moved back to a time for which it fired does not fire again, for the user.
const FIRED_BEFORE: &str = "it went out for this time before";

impl Reminder {
    /// The reminder with the fields changed that `patch` names. Moving or re-opening it plans it again, unless it has fired for
    /// its time already; moving one that is over does not bring it back. Where every field has its value already, the reminder
    /// stays as it is, version included.
    ///
    /// # Errors
    /// It is moved to a time that has passed, or to two times; or its plan decides what the patch changes. A patch that depends on
    /// the task's due date ([`ReminderPatch::needs_due_date`]) takes [`Self::change_given_due`].
    pub fn change(&self, patch: ReminderPatch, now: Timestamp) -> Result<ReminderChange, Vec<FieldError>> {
        self.change_given_due(patch, None, now)
    }

    /// The same, of a task with the due date `due`.
    ///
    /// # Errors
    /// As [`Self::change`]; or it is made relative to a due date that there is not.
    pub fn change_given_due(
        &self,
        patch: ReminderPatch,
        due: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<ReminderChange, Vec<FieldError>> {
        let mut next = self.clone();
        let mut errors = self.fixed_by_plan(&patch);
        let patch = if self.is_review() { ReminderPatch { offset_minutes: Patch::Keep, ..patch } } else { patch };
        errors.extend(next.retime(&patch, due, now).err());
        if !errors.is_empty() {
            return Err(errors);
        }
        next.lead_minutes = patch.lead_minutes.unwrap_or(next.lead_minutes);
        next.channel = patch.channel.unwrap_or(next.channel);
        next.status = patch.status.unwrap_or(next.status);
        patch.message.apply(&mut next.message);
        if next.status != self.status {
            next.skipped_by_user = next.status == ReminderStatus::Skipped;
        }
        if next != *self {
            next.touch(now);
            next.fired_for = self.last_fired_for();
            next.plan_again(self, now);
        }
        Ok(ReminderChange { read: self.clone(), next, at: now, cause: ChangeCause::ByHand })
    }

    /// Sets its time, and what that follows from.
    fn retime(&mut self, patch: &ReminderPatch, due: Option<Timestamp>, now: Timestamp) -> Result<(), FieldError> {
        match (patch.scheduled_at.filter(|at| *at != self.scheduled_at), &patch.offset_minutes) {
            (Some(_), Patch::Set(_)) => return Err(two_times()),
            (Some(at), _) if at <= now => return Err(time_has_passed("scheduledAt")),
            (Some(at), _) => {
                (self.scheduled_at, self.offset_minutes, self.snoozed_until) = (at, None, None);
            }
            (None, Patch::Set(offset)) if self.offset_minutes != Some(*offset) => {
                self.scheduled_at = before_due(*offset, due, now)?;
                (self.offset_minutes, self.snoozed_until) = (Some(*offset), None);
            }
            (None, Patch::Clear) => self.offset_minutes = None,
            (None, Patch::Keep | Patch::Set(_)) => {}
        }
        Ok(())
    }

    /// Plans a reminder that is no longer as it was `before`, if its plan depends on what has changed.
    fn plan_again(&mut self, before: &Self, now: Timestamp) {
        let pending = |reminder: &Self| reminder.status == ReminderStatus::Pending;
        let (is_pending, was_pending) = (pending(self), pending(before));
        let is_led = self.lead() != before.lead() && before.fires_at().is_some();
        let is_moved = (self.scheduled_at != before.scheduled_at || is_led) && is_pending;
        let is_switched = self.status != before.status && (is_pending || was_pending);
        // What has fired keeps its plan, so that the receipt of a mail that is on its way still finds it.
        if !(is_moved || is_switched) || (self.has_fired() && before.fires_at().is_none()) {
            return;
        }
        if !self.has_fired() && is_pending && (!was_pending || before.has_fired()) {
            self.reset_receipts();
        }
        self.plan_from(now);
    }

    /// Plans it from `now` on: a schedule that was made before is void. For a time for which it fired it does not fire again.
    pub(super) fn plan_from(&mut self, now: Timestamp) {
        self.plan = self.version;
        self.planned_at = now;
        if self.has_fired() {
            self.delivery = self.delivery.skipped(FIRED_BEFORE);
        } else {
            self.replan(now);
        }
    }

    /// The reminder once it has fired: it is over, unless it is a review, and its mail, if it has one, is on its way.
    pub fn fire(&self, now: Timestamp) -> ReminderChange {
        let mut next = self.clone();
        if !self.is_review() {
            next.status = ReminderStatus::Completed;
        }
        next.fired_for = Some(self.scheduled_at);
        next.touch(now);
        if !next.channel.mails() {
            next.delivery = next.delivery.sent(now, 1);
        }
        ReminderChange { read: self.clone(), next, at: now, cause: ChangeCause::Fired }
    }

    /// Whether it still is as the change after `before` left it. That a digest has told of it since does not count.
    pub fn is_as_left_after(&self, before: &Self) -> bool {
        let after = before.version + 1;
        let is_planned_by_it = self.version == after || self.plan == after;
        let is_completed_since = self.status == ReminderStatus::Completed && before.status != ReminderStatus::Completed;
        let has_fired_since = self.has_fired() && self.last_fired_for() != before.last_fired_for();
        let is_same = self.id == before.id && self.message == before.message;
        let is_sent_alike = self.channel == before.channel && self.lead_minutes == before.lead_minutes;
        is_same && is_sent_alike && is_planned_by_it && !is_completed_since && !has_fired_since
    }

    /// The reminder as it was `before` its last change. One that is to fire has a new plan; what has fired keeps its own, so that the
    /// receipt of its mail still finds it.
    pub fn restore(&self, before: &Self, now: Timestamp) -> ReminderChange {
        let mut next = Self { version: self.version, morning_email_sent: self.morning_email_sent, ..before.clone() };
        next.touch(now);
        if next.fires_at().is_some() {
            (next.plan, next.planned_at) = (next.version, now);
        }
        ReminderChange { read: self.clone(), next, at: now, cause: ChangeCause::Moved }
    }

    /// The reminder once it is cancelled for `reason`.
    pub fn cancel(&self, now: Timestamp, reason: &str) -> ReminderChange {
        let mut next = self.clone();
        next.status = ReminderStatus::Skipped;
        next.touch(now);
        next.plan = next.version;
        next.delivery = next.delivery.skipped(reason);
        ReminderChange { read: self.clone(), next, at: now, cause: ChangeCause::ByHand }
    }
}

#[cfg(test)]
#[path = "reminder_change_tests.rs"]
mod tests;
