//! Reminders: when they fire, and what becomes of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::counters::{CounterMark, local_day};
use crate::domain::delivery::{Delivery, DeliveryState, MailOutcome};
use crate::domain::field::{BodyContext, Field, FieldError, FieldIn, Patch, string};
use crate::domain::zone::Zone;
use crate::id::{ReminderId, TaskId, UserId};
use crate::{body, inline_schema, text_type, word_type};

/// How long before its moment a reminder goes out.
pub const LEAD: Duration = Duration::from_secs(3600);

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
    /// The moment that it is about; it goes out [`LEAD`] before.
    pub scheduled_at: Timestamp,
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
    /// How the user's counters hold it. It follows from the rest when the reminder is stored: see [`ReminderChange`](super::reminder_change::ReminderChange).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<CounterMark>,
}

impl Reminder {
    /// A new reminder of `user`.
    pub fn new(user: UserId, input: NewReminder, now: Timestamp) -> Self {
        let mut reminder = Self {
            id: ReminderId::new(),
            user_id: user,
            task_id: input.task_id,
            scheduled_at: input.scheduled_at,
            channel: input.channel.unwrap_or(Channel::Email),
            message: input.message,
            status: input.status.unwrap_or(ReminderStatus::Pending),
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
            counted: None,
        };
        reminder.replan(now);
        reminder
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
            ReminderStatus::Pending if self.scheduled_at > now => {
                Delivery::scheduled(self.scheduled_at.minus(LEAD).max(now))
            }
            ReminderStatus::Pending => self.delivery.skipped("its time had passed when it was set to pending"),
            // What was delivered stays told.
            _ if self.delivery.state != DeliveryState::Scheduled => return,
            ReminderStatus::Completed => self.delivery.skipped("completed before its time"),
            ReminderStatus::Skipped => self.delivery.skipped("skipped by the user"),
        };
    }

    pub(super) fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }
}

/// A task's id inside a body.
struct TaskRef(TaskId);

impl From<TaskRef> for TaskId {
    fn from(TaskRef(id): TaskRef) -> Self {
        id
    }
}

impl Field for TaskRef {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?;
        TaskId::parse(text).map(Self).map_err(|_| "Invalid task ID format".to_owned())
    }
}

inline_schema!(TaskRef, {"type": "string", "format": "uuid"});

fn must_be_in_the_future(label: &str) -> String {
    format!("{label} must be in the future")
}

/// That a reminder cannot be moved to a time that has passed.
pub(super) fn moved_into_the_past() -> FieldError {
    FieldError::new("scheduledAt", must_be_in_the_future("Scheduled time"))
}

/// The time of a new reminder: it lies in the future.
struct FutureTime(Timestamp);

impl From<FutureTime> for Timestamp {
    fn from(FutureTime(at): FutureTime) -> Self {
        at
    }
}

impl FieldIn for FutureTime {
    fn read_in(label: &str, value: &Value, context: &BodyContext) -> Result<Self, String> {
        let at = Timestamp::read(label, value)?;
        if at <= context.now { Err(must_be_in_the_future(label)) } else { Ok(Self(at)) }
    }
}

inline_schema!(FutureTime, { "type": "string", "format": "date-time" });

body! {
    /// Fields of a new reminder.
    #[derive(Clone, Debug)]
    pub struct NewReminder {
        /// The task to remind of.
        pub task_id: TaskId = required(TaskRef) "taskId" as "Task ID",
        /// The time that the reminder is about; it lies in the future.
        pub scheduled_at: Timestamp = required(FutureTime) "scheduledAt" as "Scheduled time",
        /// `email` by default.
        pub channel: Option<Channel> = optional "type",
        /// A note that the reminder carries.
        pub message: Option<ReminderMessage> = optional "message",
        /// `pending` by default.
        pub status: Option<ReminderStatus> = optional "status",
    }
}

body! {
    /// Changes to a reminder. A field that is not sent stays as it is.
    #[derive(Clone, Debug, Default)]
    pub struct ReminderPatch {
        /// The time that the reminder is about; another time than the present one lies in the future.
        pub scheduled_at: Option<Timestamp> = not_null "scheduledAt" as "Scheduled time",
        /// How it reaches the user.
        pub channel: Option<Channel> = optional "type",
        /// A note that the reminder carries; null removes it.
        pub message: Patch<ReminderMessage> = patch "message",
        /// Whether it is still to come.
        pub status: Option<ReminderStatus> = optional "status",
    }
}

impl ReminderPatch {
    /// Whether its time has passed: then it is none that a reminder can be moved to.
    pub fn is_in_the_past(&self, now: Timestamp) -> bool {
        self.scheduled_at.is_some_and(|at| at <= now)
    }

    /// Whether it may change how the reminder is counted, and on which day.
    pub fn may_recount(&self) -> bool {
        self.scheduled_at.is_some() || self.status.is_some()
    }
}

/// A reminder.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Reminder"))]
pub struct ReminderOut {
    pub id: ReminderId,
    pub user_id: UserId,
    pub task_id: TaskId,
    /// The time that it is about.
    pub scheduled_at: Timestamp,
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
            scheduled_at: reminder.scheduled_at,
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
