//! What callers send of a reminder.

use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::body::Body;
use crate::domain::field::{BodyContext, Field, FieldError, FieldIn, Fields, Patch, string};
use crate::domain::minutes::{LeadMinutes, OffsetMinutes};
use crate::domain::reminder::{Channel, Reminder, ReminderMessage, ReminderStatus};
use crate::id::TaskId;
#[cfg(feature = "schema")]
use crate::schema::ObjectSchema;
use crate::{body, inline_schema};

const SCHEDULED_AT: &str = "scheduledAt";
const OFFSET_MINUTES: &str = "offsetMinutes";
const TIME: &str = "Scheduled time";

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

/// That the time that `field` gives has passed.
pub(super) fn time_has_passed(field: &'static str) -> FieldError {
    FieldError::new(field, must_be_in_the_future(TIME))
}

/// That a reminder cannot be relative to a due date that its task does not have.
pub(super) fn no_due_date() -> FieldError {
    FieldError::new(OFFSET_MINUTES, "Offset minutes need a task with a due date")
}

/// That a reminder has one time.
pub(super) fn two_times() -> FieldError {
    FieldError::new(OFFSET_MINUTES, "Offset minutes cannot be combined with another scheduled time")
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
    /// Fields of a new reminder, each by itself.
    struct NewReminderFields {
        /// The task to remind of.
        task_id: TaskId = required(TaskRef) "taskId" as "Task ID",
        /// The time that the reminder is about; it lies in the future. Either this or `offsetMinutes` is given.
        scheduled_at: Option<Timestamp> = optional(FutureTime) "scheduledAt" as "Scheduled time",
        /// How many minutes before the task's due date the reminder is. It moves with the due date.
        offset_minutes: Option<OffsetMinutes> = optional "offsetMinutes",
        /// How many minutes before its time the reminder is sent; 60 by default.
        lead_minutes: Option<LeadMinutes> = optional "leadMinutes",
        /// `email` by default.
        channel: Option<Channel> = optional "type",
        /// A note that the reminder carries.
        message: Option<ReminderMessage> = optional "message",
        /// `pending` by default.
        status: Option<ReminderStatus> = optional "status",
    }
}

/// When a new reminder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReminderTime {
    /// At a time of its own.
    At(Timestamp),
    /// So long before its task's due date.
    BeforeDue(OffsetMinutes),
}

/// A new reminder.
#[derive(Clone, Debug)]
pub struct NewReminder {
    /// The task to remind of.
    pub task_id: TaskId,
    /// When it is.
    pub time: ReminderTime,
    /// How long before its time it is sent.
    pub lead_minutes: Option<LeadMinutes>,
    /// How it reaches the user.
    pub channel: Option<Channel>,
    /// A note that it carries.
    pub message: Option<ReminderMessage>,
    /// Whether it is still to come.
    pub status: Option<ReminderStatus>,
}

impl Body for NewReminder {
    fn read(fields: &mut Fields) -> Option<Self> {
        let sent = [SCHEDULED_AT, OFFSET_MINUTES].map(|name| fields.has_value(name));
        let read = NewReminderFields::read(fields);
        match sent {
            [false, false] => fields.reject(SCHEDULED_AT, format!("{TIME} is required")),
            [true, true] => fields.note(two_times()),
            [true, false] | [false, true] => {}
        }
        let NewReminderFields { task_id, scheduled_at, offset_minutes, lead_minutes, channel, message, status } = read?;
        let time = scheduled_at.map(ReminderTime::At).or(offset_minutes.map(ReminderTime::BeforeDue))?;
        Some(Self { task_id, time, lead_minutes, channel, message, status })
    }

    #[cfg(feature = "schema")]
    fn describe(object: &mut ObjectSchema<'_>) {
        NewReminderFields::describe(object);
        object.exactly_one_of([SCHEDULED_AT, OFFSET_MINUTES]);
    }
}

impl NewReminder {
    /// Whether its time depends on its task's due date.
    pub fn is_relative(&self) -> bool {
        matches!(self.time, ReminderTime::BeforeDue(_))
    }
}

body! {
    /// Changes to a reminder. A field that is not sent stays as it is.
    #[derive(Clone, Debug, Default)]
    pub struct ReminderPatch {
        /// The time that the reminder is about; another time than the present one lies in the future, and is the reminder's own
        /// from then on: it no longer moves with the due date.
        pub scheduled_at: Option<Timestamp> = not_null "scheduledAt" as "Scheduled time",
        /// How many minutes before the task's due date the reminder is; null leaves it at its present time.
        pub offset_minutes: Patch<OffsetMinutes> = patch "offsetMinutes",
        /// How many minutes before its time the reminder is sent. One that was sent is not sent again.
        pub lead_minutes: Option<LeadMinutes> = optional "leadMinutes",
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

    /// Whether what it makes of `reminder` depends on the task's due date.
    pub fn needs_due_date(&self, reminder: &Reminder) -> bool {
        let is_other = |offset| reminder.offset_minutes != Some(offset) && !reminder.is_review();
        matches!(self.offset_minutes, Patch::Set(offset) if is_other(offset))
    }
}
