//! Reminders: when they fire, and what becomes of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::counted::Counted;
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::field::{Field, Fields, Patch, string};
use crate::domain::zone::Zone;
use crate::id::{ReminderId, TaskId, UserId};
use crate::{text_type, word_type};

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
        /// Called off.
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// What the user's counters hold of it, as it was read: only the store changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// Whether it was moved since it was read, so that a completion's day is to be fixed anew.
    #[serde(skip)]
    pub moved: bool,
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
            plan: 1,
            planned_at: now,
            version: 1,
            created_at: now,
            updated_at: now,
            counted: None,
            moved: false,
        };
        reminder.replan(now);
        reminder
    }

    /// Changes the fields that `patch` names. Moving or re-opening it plans it anew; moving one that is
    /// over does not bring it back.
    pub fn apply(&mut self, patch: ReminderPatch, now: Timestamp) {
        let before = (self.scheduled_at, self.status);
        if let Some(scheduled_at) = patch.scheduled_at {
            self.scheduled_at = scheduled_at;
        }
        if let Some(channel) = patch.channel {
            self.channel = channel;
        }
        if let Some(status) = patch.status {
            self.status = status;
        }
        patch.message.apply(&mut self.message);
        self.moved |= before.0 != self.scheduled_at;
        self.touch(now);
        let moved = before.0 != self.scheduled_at && self.status == ReminderStatus::Pending;
        let is_or_was_pending = ReminderStatus::Pending == before.1 || ReminderStatus::Pending == self.status;
        if moved || (before.1 != self.status && is_or_was_pending) {
            if before.1 != ReminderStatus::Pending && self.status == ReminderStatus::Pending {
                self.email_sent = false;
                self.email_sent_at = None;
                self.morning_email_sent = false;
            }
            self.plan = self.version;
            self.planned_at = now;
            self.replan(now);
        }
    }

    /// When it is to fire; `None` when it is not.
    pub fn fires_at(&self) -> Option<Timestamp> {
        let awaited = self.status == ReminderStatus::Pending && self.delivery.state == DeliveryState::Scheduled;
        self.delivery.scheduled_for.filter(|_| awaited)
    }

    /// It fires: from here on it is over, and a mail, if it is to have one, is on its way.
    pub fn fire(&mut self, now: Timestamp) {
        self.status = ReminderStatus::Completed;
        self.touch(now);
        if !self.channel.mails() {
            self.delivery = self.delivery.sent(now, 1);
        }
    }

    /// It will not fire.
    pub fn skip(&mut self, now: Timestamp, reason: &str) {
        self.status = ReminderStatus::Skipped;
        self.touch(now);
        self.plan = self.version;
        self.delivery = self.delivery.skipped(reason);
    }

    /// How it is to be counted from now on; `zone` is the user's.
    pub fn to_count(&self, zone: &Zone) -> Option<Counted> {
        let before = self.counted.filter(|_| !self.moved);
        Counted::of(self.status, self.scheduled_at, before, zone)
    }

    /// Whether counting it needs the user's zone: it is completed, and its day is not fixed yet.
    pub fn needs_zone(&self) -> bool {
        let day_is_fixed = matches!(self.counted, Some(Counted::CompletedOn(_))) && !self.moved;
        self.status == ReminderStatus::Completed && !day_is_fixed
    }

    fn replan(&mut self, now: Timestamp) {
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

    fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }
}

/// The body of a creation.
#[derive(Clone, Debug)]
pub struct NewReminder {
    /// What it reminds of.
    pub task_id: TaskId,
    /// In the future.
    pub scheduled_at: Timestamp,
    /// Default email.
    pub channel: Option<Channel>,
    /// The user's words.
    pub message: Option<ReminderMessage>,
    /// Default pending.
    pub status: Option<ReminderStatus>,
}

/// A task's id inside a body.
struct TaskRef(TaskId);

impl Field for TaskRef {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?;
        if text.trim().is_empty() {
            return Err(format!("{label} is required"));
        }
        TaskId::parse(text).map(Self).map_err(|_| "Invalid task ID format".to_owned())
    }

    fn schema() -> Value {
        serde_json::json!({"type": "string", "format": "uuid"})
    }
}

impl NewReminder {
    /// Reads the fields; `None` when one of them is bad.
    pub fn read(fields: &mut Fields, now: Timestamp) -> Option<Self> {
        let task_id = fields.required::<TaskRef>("taskId", "Task ID");
        let scheduled_at = fields.required("scheduledAt", SCHEDULED_TIME);
        let channel = fields.optional("type", "Type");
        let message = fields.optional("message", "Message");
        let status = fields.optional("status", "Status");
        refuse_past(fields, scheduled_at, now);
        Some(Self { task_id: task_id?.0, scheduled_at: scheduled_at?, channel, message, status })
    }
}

/// The body of an update: only the fields sent change.
#[derive(Clone, Debug, Default)]
pub struct ReminderPatch {
    /// In the future.
    pub scheduled_at: Option<Timestamp>,
    /// How it reaches the user.
    pub channel: Option<Channel>,
    /// The user's words.
    pub message: Patch<ReminderMessage>,
    /// Whether it is still to come.
    pub status: Option<ReminderStatus>,
}

impl ReminderPatch {
    /// Whether it may change what is counted, and on which day.
    pub fn may_recount(&self) -> bool {
        self.scheduled_at.is_some() || self.status.is_some()
    }

    /// Reads the fields; bad ones are noted in `fields`.
    pub fn read(fields: &mut Fields, now: Timestamp) -> Self {
        let patch = Self {
            scheduled_at: fields.patch_required("scheduledAt", SCHEDULED_TIME),
            channel: fields.patch_required("type", "Type"),
            message: fields.patch("message", "Message"),
            status: fields.patch_required("status", "Status"),
        };
        refuse_past(fields, patch.scheduled_at, now);
        patch
    }
}

const SCHEDULED_TIME: &str = "Scheduled time";

fn refuse_past(fields: &mut Fields, scheduled_at: Option<Timestamp>, now: Timestamp) {
    if scheduled_at.is_some_and(|at| at <= now) {
        fields.reject("scheduledAt", format!("{SCHEDULED_TIME} must be in the future"));
    }
}

/// A reminder as callers see it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are Reminder's")]
pub struct ReminderOut {
    pub id: ReminderId,
    pub user_id: UserId,
    pub task_id: TaskId,
    pub scheduled_at: Timestamp,
    #[serde(rename = "type")]
    pub channel: Channel,
    pub message: Option<ReminderMessage>,
    pub status: ReminderStatus,
    pub email_sent: bool,
    pub email_sent_at: Option<Timestamp>,
    pub morning_email_sent: bool,
    pub delivery: Delivery,
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

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-01T12:00:00Z").unwrap()
    }

    fn reminder(ahead: Duration, channel: Channel) -> Reminder {
        let input = NewReminder {
            task_id: TaskId::new(),
            scheduled_at: now().plus(ahead),
            channel: Some(channel),
            message: None,
            status: None,
        };
        Reminder::new(UserId::new(), input, now())
    }

    #[test]
    fn it_fires_an_hour_ahead_or_at_once_when_less_is_left() {
        assert_eq!(reminder(LEAD * 3, Channel::Email).fires_at(), Some(now().plus(LEAD * 2)));
        assert_eq!(reminder(MINUTE * 10, Channel::Email).fires_at(), Some(now()));
    }

    #[test]
    fn moving_it_makes_a_new_plan_and_rewording_it_does_not() {
        let mut reminder = reminder(LEAD * 3, Channel::Email);
        reminder.apply(ReminderPatch { message: Patch::Clear, ..ReminderPatch::default() }, now());
        assert_eq!((reminder.plan, reminder.version), (1, 2));
        let later = ReminderPatch { scheduled_at: Some(now().plus(LEAD * 5)), ..ReminderPatch::default() };
        reminder.apply(later, now());
        assert_eq!((reminder.plan, reminder.version), (3, 3));
        assert_eq!(reminder.fires_at(), Some(now().plus(LEAD * 4)));
    }

    #[test]
    fn one_that_fired_is_over_and_moving_it_does_not_bring_it_back() {
        let mut reminder = reminder(LEAD * 3, Channel::Email);
        reminder.fire(now());
        assert_eq!(reminder.status, ReminderStatus::Completed);
        let later = ReminderPatch { scheduled_at: Some(now().plus(LEAD * 5)), ..ReminderPatch::default() };
        reminder.apply(later, now());
        assert_eq!(reminder.fires_at(), None);
        let reopened = ReminderPatch { status: Some(ReminderStatus::Pending), ..ReminderPatch::default() };
        reminder.apply(reopened, now());
        assert_eq!(reminder.fires_at(), Some(now().plus(LEAD * 4)));
    }

    #[test]
    fn calling_off_one_that_fired_leaves_its_receipt_alone() {
        let mut reminder = reminder(LEAD * 3, Channel::Email);
        reminder.fire(now());
        let before = (reminder.plan, reminder.delivery.clone());
        reminder.apply(ReminderPatch { status: Some(ReminderStatus::Skipped), ..ReminderPatch::default() }, now());
        assert_eq!((reminder.plan, reminder.delivery), before);
    }

    #[test]
    fn reopening_one_whose_time_has_passed_does_not_fire_it() {
        let mut reminder = reminder(LEAD, Channel::Email);
        reminder.skip(now(), "task completed");
        let reopened = ReminderPatch { status: Some(ReminderStatus::Pending), ..ReminderPatch::default() };
        reminder.apply(reopened, now().plus(LEAD * 2));
        assert_eq!((reminder.fires_at(), reminder.delivery.state), (None, DeliveryState::Skipped));
    }

    #[test]
    fn a_push_reminder_is_sent_when_it_fires_and_tells_how_late() {
        let mut reminder = reminder(LEAD * 2, Channel::Push);
        reminder.fire(now().plus(LEAD + MINUTE));
        assert_eq!(reminder.delivery.state, DeliveryState::Sent);
        assert_eq!(reminder.delivery.lateness_ms, Some(60_000));
    }
}
