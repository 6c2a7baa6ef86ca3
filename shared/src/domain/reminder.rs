//! Reminders: when they fire, and what becomes of them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::counters::{CounterMark, local_day};
use crate::domain::delivery::{Delivery, DeliveryState, MailOutcome};
use crate::domain::field::FieldError;
use crate::domain::minutes::{LeadMinutes, OffsetMinutes};
pub use crate::domain::reminder_body::{NewReminder, ReminderPatch, ReminderTime};
use crate::domain::reminder_body::{no_due_date, time_has_passed};
use crate::domain::review::ReviewDay;
use crate::domain::zone::Zone;
use crate::id::{ReminderId, TaskId, UserId};
use crate::{text_type, word_type};

text_type! {
    /// The user's words to their later self.
    ReminderMessage, 0..=500, Multiple
}
word_type! {
    /// How a reminder reaches the user.
    Channel {
        /// A mail and a notification, the default.
        Email = "email",
        /// A notification.
        Push = "push",
        /// A mail and a notification.
        Both = "both",
    }
}
word_type! {
    /// Whether a reminder is still to come.
    ReminderStatus {
        /// Still to come, the default.
        Pending = "pending",
        /// Over: it fired, or the user says so.
        Completed = "completed",
        /// Cancelled.
        Skipped = "skipped",
    }
}
word_type! {
    /// What a reminder is for.
    ReminderKind {
        /// It reminds of a task, the default.
        Reminder = "reminder",
        /// It asks for a spaced review of a task.
        Review = "review",
    }
}
impl Channel {
    /// Whether a mail goes out.
    pub fn mails(self) -> bool {
        matches!(self, Self::Email | Self::Both)
    }
}

/// A reminder as it is stored. Its [`ReminderOut`] is what callers see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reminder {
    /// Identity.
    pub id: ReminderId,
    /// The owner.
    pub user_id: UserId,
    /// What it reminds of.
    pub task_id: TaskId,
    /// What it is for. Rows of earlier versions do not have it.
    #[serde(default = "ordinary", skip_serializing_if = "is_ordinary")]
    pub kind: ReminderKind,
    /// The day of a review; missing for other reminders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewDay>,
    /// The moment that it is about; it goes out [`Self::lead`] before.
    pub scheduled_at: Timestamp,
    /// How long before the task's due date that is; missing for a reminder with a time of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_minutes: Option<OffsetMinutes>,
    /// How long before its moment it goes out. Rows of earlier versions do not have it.
    #[serde(default)]
    pub lead_minutes: LeadMinutes,
    /// The moment that it was put off to, which is the one that it is about until it is moved again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Timestamp>,
    /// How it reaches the user.
    #[serde(rename = "type")]
    pub channel: Channel,
    /// The user's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<ReminderMessage>,
    /// Whether it is still to come.
    pub status: ReminderStatus,
    /// Whether its mail went out.
    pub email_sent: bool,
    /// When its mail went out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_sent_at: Option<Timestamp>,
    /// Whether a digest told of it.
    pub morning_email_sent: bool,
    /// Its receipt.
    pub delivery: Delivery,
    /// The moment for which it fired last. It fires once for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_for: Option<Timestamp>,
    /// The version at which what decides its firing last changed: a schedule made for another plan is stale.
    pub plan: u64,
    /// When that was.
    pub planned_at: Timestamp,
    /// Counts its changes, from 1.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whether it was skipped by its user, for the present occurrence of its task.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skipped_by_user: bool,
    /// How the user's counters hold it. It follows from the rest when the reminder is stored: see [`ReminderChange`](super::reminder_change::ReminderChange).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<CounterMark>,
    /// The last day of which a completion stays counted, whatever becomes of the reminder: see
    /// [`Completion`](super::completion::Completion).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_day: Option<Date>,
}

pub(super) fn ordinary() -> ReminderKind {
    ReminderKind::Reminder
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(super) fn is_ordinary(kind: &ReminderKind) -> bool {
    *kind == ReminderKind::Reminder
}

impl Reminder {
    /// A new reminder of `user`; `due` is the due date of its task, which only a relative reminder depends on.
    ///
    /// # Errors
    /// It is relative, and its task has no due date or its time has passed.
    pub fn new(user: UserId, input: NewReminder, due: Option<Timestamp>, now: Timestamp) -> Result<Self, FieldError> {
        let (scheduled_at, offset_minutes) = match input.time {
            ReminderTime::At(at) => (at, None),
            ReminderTime::BeforeDue(offset) => (before_due(offset, due, now)?, Some(offset)),
        };
        let status = input.status.unwrap_or(ReminderStatus::Pending);
        let mut reminder = Self {
            id: ReminderId::new(),
            user_id: user,
            task_id: input.task_id,
            kind: ReminderKind::Reminder,
            review: None,
            scheduled_at,
            offset_minutes,
            lead_minutes: input.lead_minutes.unwrap_or_default(),
            snoozed_until: None,
            channel: input.channel.unwrap_or(Channel::Email),
            message: input.message,
            status,
            email_sent: false,
            email_sent_at: None,
            morning_email_sent: false,
            delivery: Delivery::scheduled(now),
            fired_for: None,
            plan: 1,
            planned_at: now,
            version: 1,
            created_at: now,
            updated_at: now,
            skipped_by_user: status == ReminderStatus::Skipped,
            counted: None,
            kept_day: None,
        };
        reminder.replan(now);
        Ok(reminder)
    }

    /// How long before its moment it goes out: not at all before one that it was put off to.
    pub fn lead(&self) -> LeadMinutes {
        if self.snoozed_until.is_some() { LeadMinutes::NONE } else { self.lead_minutes }
    }

    /// The due date that its time follows from; `None` where it has a time of its own, or was put off.
    pub fn follows(&self) -> Option<Timestamp> {
        let offset = self.offset_minutes.filter(|_| self.snoozed_until.is_none())?;
        Some(self.scheduled_at.plus(offset.duration()))
    }

    /// When it is to fire; `None` when it is not. The last instant never comes.
    pub fn fires_at(&self) -> Option<Timestamp> {
        let awaited = self.status == ReminderStatus::Pending && self.delivery.state == DeliveryState::Scheduled;
        let is_over = self.has_fired() || self.scheduled_at >= Timestamp::MAX;
        self.delivery.scheduled_for.filter(|_| awaited && !is_over)
    }

    /// Whether it has fired for the moment that it is about now.
    pub fn has_fired(&self) -> bool {
        self.last_fired_for() == Some(self.scheduled_at)
    }

    /// The moment for which it fired last. Of rows of earlier versions only the receipt shows that they fired.
    pub(super) fn last_fired_for(&self) -> Option<Timestamp> {
        let went_out = self.email_sent || self.delivery.sent_at.is_some();
        self.fired_for.or_else(|| went_out.then_some(self.scheduled_at))
    }

    /// Its receipt once its mail was settled after `attempts` tries; `None` where that was recorded before.
    pub fn receipt(&self, outcome: MailOutcome, attempts: u32, now: Timestamp) -> Option<Delivery> {
        let is_recorded = outcome == MailOutcome::Sent && self.email_sent;
        (!is_recorded).then(|| self.delivery.settled(outcome, attempts, now))
    }

    /// How it is counted from now on; `zone` is the user's. A completion that is counted already keeps its day.
    pub fn counter_mark(&self, zone: &Zone) -> Option<CounterMark> {
        match (self.status, self.counted) {
            (ReminderStatus::Pending, _) => Some(CounterMark::Pending),
            (ReminderStatus::Skipped, _) => None,
            (ReminderStatus::Completed, Some(CounterMark::CompletedOn(day))) => Some(CounterMark::CompletedOn(day)),
            (ReminderStatus::Completed, Some(CounterMark::Pending) | None) => {
                Some(CounterMark::CompletedOn(local_day(self.scheduled_at, zone)))
            }
        }
    }

    /// Whether [`Self::counter_mark`] depends on the zone: it is completed, and its day is not fixed yet.
    pub fn needs_zone(&self) -> bool {
        let day_is_fixed = matches!(self.counted, Some(CounterMark::CompletedOn(_)));
        self.status == ReminderStatus::Completed && !day_is_fixed
    }

    pub(super) fn replan(&mut self, now: Timestamp) {
        self.delivery = match self.status {
            ReminderStatus::Pending if self.scheduled_at > now || self.is_review() => {
                Delivery::scheduled(self.scheduled_at.minus(self.lead().duration()).max(now))
            }
            ReminderStatus::Pending => self.delivery.skipped("its time had passed when it was set to pending"),
            // What was delivered stays told.
            _ if self.delivery.state != DeliveryState::Scheduled => return,
            ReminderStatus::Completed => self.delivery.skipped("completed before its time"),
            ReminderStatus::Skipped => self.delivery.skipped("skipped by the user"),
        };
    }

    /// Forgets what was sent, since another time is to come.
    pub(super) fn reset_receipts(&mut self) {
        self.email_sent = false;
        self.email_sent_at = None;
        self.morning_email_sent = false;
        self.delivery.sent_at = None;
    }

    pub(super) fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }
}

/// The time so long before `due`, which must lie in the future.
pub(super) fn before_due(
    offset: OffsetMinutes,
    due: Option<Timestamp>,
    now: Timestamp,
) -> Result<Timestamp, FieldError> {
    let at = due.ok_or_else(no_due_date)?.minus(offset.duration());
    if at <= now { Err(time_has_passed("offsetMinutes")) } else { Ok(at) }
}

/// A reminder.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Reminder"))]
pub struct ReminderOut {
    pub id: ReminderId,
    pub user_id: UserId,
    pub task_id: TaskId,
    pub kind: ReminderKind,
    /// The time that the reminder is about.
    pub scheduled_at: Timestamp,
    /// How many minutes before the task's due date that is; null for a reminder with a time of its own.
    pub offset_minutes: Option<OffsetMinutes>,
    /// How many minutes before its time it is sent.
    pub lead_minutes: LeadMinutes,
    /// The time that it was put off to; null where it was not, or was moved since.
    pub snoozed_until: Option<Timestamp>,
    /// `email` and `both` send a mail; every type notifies in the app.
    #[serde(rename = "type")]
    pub channel: Channel,
    /// A note of the user, part of the mail.
    pub message: Option<ReminderMessage>,
    /// `pending` until it is sent (`completed`) or cancelled (`skipped`).
    pub status: ReminderStatus,
    /// Whether its mail was sent.
    pub email_sent: bool,
    /// When its mail was sent.
    pub email_sent_at: Option<Timestamp>,
    /// Whether a morning digest has listed it.
    pub morning_email_sent: bool,
    pub delivery: Delivery,
    /// Increases with each change; in quotes, it is the `ETag`.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl From<Reminder> for ReminderOut {
    fn from(reminder: Reminder) -> Self {
        Self {
            id: reminder.id,
            user_id: reminder.user_id,
            task_id: reminder.task_id,
            kind: reminder.kind,
            scheduled_at: reminder.scheduled_at,
            offset_minutes: reminder.offset_minutes,
            lead_minutes: reminder.lead_minutes,
            snoozed_until: reminder.snoozed_until,
            channel: reminder.channel,
            message: reminder.message,
            status: reminder.status,
            email_sent: reminder.email_sent,
            email_sent_at: reminder.email_sent_at,
            morning_email_sent: reminder.morning_email_sent,
            delivery: reminder.delivery,
            version: reminder.version,
            created_at: reminder.created_at,
            updated_at: reminder.updated_at,
        }
    }
}
