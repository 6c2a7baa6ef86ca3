//! Tasks and the summaries of their children that they carry.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::clock::Timestamp;
use crate::domain::analytics::UNCATEGORIZED;
#[cfg(feature = "schema")]
use crate::domain::attachment::MAX_ATTACHMENTS;
use crate::domain::attachment::{AttachmentCard, AttachmentOut};
use crate::domain::completion::{Completion, CompletionChange};
use crate::domain::counters::{CounterChange, CounterMark};
use crate::domain::due_date::DueDate;
use crate::domain::field::{FieldError, Patch};
use crate::domain::link::{self, Link};
use crate::domain::minutes::OffsetMinutes;
use crate::domain::recurrence::{Recurrence, RecurrenceIn, RecurrenceOut};
use crate::domain::reminder::{Channel, Reminder, ReminderKind, ReminderStatus, is_ordinary, ordinary};
use crate::domain::review_plan::{PlanOut, ReviewPlan};
use crate::domain::zone::Zone;
use crate::id::{AttachmentId, ReminderId, TaskId, UserId};
use crate::{body, text_type, word_type};

/// Most tasks of one user.
pub const MAX_TASKS: u32 = 10_000;
/// Most reminders of one task.
pub const MAX_REMINDERS: u32 = 30;
/// Most completions that are taken back in the transaction that deletes a task. Each may change a row of its own, one of a month
/// and one of a year, beside the rows of 30 reminders; a transaction has at most 100.
pub const TAKEN_BACK: usize = 18;

text_type! {
    /// What is to be done, in a line.
    TaskTitle, 3..=200, Single
}
text_type! {
    /// What is to be done, at length.
    TaskDescription, 0..=1000, Multiple
}
text_type! {
    /// The user's own grouping.
    Category, 1..=50, Single
}
word_type! {
    /// How much a task matters.
    Priority {
        /// Least.
        Low = "low",
        /// In between, and the default.
        Medium = "medium",
        /// Most.
        High = "high",
    }
}
word_type! {
    /// How far a task is.
    TaskStatus {
        /// Not begun, the default.
        Todo = "todo",
        /// Begun.
        InProgress = "in-progress",
        /// Done.
        Completed = "completed",
    }
}

/// What of a reminder its task shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReminderCard {
    /// The moment that the reminder is about.
    pub scheduled_at: Timestamp,
    /// How it reaches the user.
    #[serde(rename = "type")]
    pub channel: Channel,
    /// Whether it is still to come.
    pub status: ReminderStatus,
    /// What it is for. Rows of earlier versions do not have it.
    #[serde(default = "ordinary", skip_serializing_if = "is_ordinary")]
    pub kind: ReminderKind,
    /// How long before the task's due date it is; missing for a reminder with a time of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_minutes: Option<OffsetMinutes>,
    /// How the user's counters hold it. Callers do not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<CounterMark>,
}

impl From<&Reminder> for ReminderCard {
    fn from(reminder: &Reminder) -> Self {
        let Reminder { scheduled_at, channel, status, kind, offset_minutes, counted, .. } = *reminder;
        Self { scheduled_at, channel, status, kind, offset_minutes, counted }
    }
}

/// A task as it is stored. Its [`TaskOut`] is what callers see.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Identity.
    pub id: TaskId,
    /// The owner.
    pub user_id: UserId,
    /// In a line.
    pub title: TaskTitle,
    /// At length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<TaskDescription>,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Timestamp>,
    /// How it recurs. One that is completed for good keeps its rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<Recurrence>,
    /// Its plan of reviews. One that recurs has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<ReviewPlan>,
    /// How much it matters.
    pub priority: Priority,
    /// How far it is.
    pub status: TaskStatus,
    /// The user's grouping.
    #[serde(default, deserialize_with = "stored_category", skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Where more is to be found.
    #[serde(default, deserialize_with = "link::stored", skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Counts the changes of the task's own fields, from 1; its children do not count.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its own fields last changed.
    pub updated_at: Timestamp,
    /// When it last became completed; missing while it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// The due date whose passing the user was notified of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue_told: Option<Timestamp>,
    /// The category that the user's counters hold it under; missing while it is not counted. Callers do not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_category: Option<String>,
    /// Its attachments.
    pub attachments: BTreeMap<AttachmentId, AttachmentCard>,
    /// Its reminders.
    pub reminders: BTreeMap<ReminderId, ReminderCard>,
}

impl Task {
    /// A new task of `user`; `zone` is the user's.
    ///
    /// # Errors
    /// It recurs although it is completed or has no due date, or its rule has no occurrence.
    pub fn new(user: UserId, input: NewTask, zone: &Zone, now: Timestamp) -> Result<Self, Vec<FieldError>> {
        let mut task = Self {
            id: TaskId::new(),
            user_id: user,
            title: input.title,
            description: input.description,
            due_date: input.due_date.map(|due| due.end(zone)),
            recurrence: None,
            plan: None,
            priority: input.priority.unwrap_or(Priority::Medium),
            status: input.status.unwrap_or(TaskStatus::Todo),
            category: input.category,
            link: input.link,
            version: 1,
            created_at: now,
            updated_at: now,
            completed_at: (input.status == Some(TaskStatus::Completed)).then_some(now),
            overdue_told: None,
            counted_category: None,
            attachments: BTreeMap::new(),
            reminders: BTreeMap::new(),
        };
        task.counted_category = Some(task.category_to_count().to_owned());
        if let Some(recurrence) = input.recurrence {
            task.begin_to_recur(recurrence, zone)?;
        }
        Ok(task)
    }

    /// When its due date passes, until the user is notified of that. The last instant never passes.
    pub fn overdue_at(&self) -> Option<Timestamp> {
        let is_open = self.status != TaskStatus::Completed;
        self.due_date.filter(|due| is_open && self.overdue_told != Some(*due) && *due < Timestamp::MAX)
    }

    /// The category that it is counted under.
    pub fn category_to_count(&self) -> &str {
        self.category.as_ref().map_or(UNCATEGORIZED, Category::as_str)
    }

    /// The bytes that its user's quota counts for its attachments.
    pub fn counted_bytes(&self) -> u64 {
        self.attachments.values().map(|card| card.counted_bytes).sum()
    }

    /// The change of the counters when a new task is stored.
    pub fn counters_with(&self) -> CounterChange {
        let mut change = CounterChange { tasks: 1, ..CounterChange::default() };
        change.recategorize(None, self.counted_category.as_deref());
        change
    }

    /// The change of the counters when the task is deleted with its reminders and attachments, and what becomes of the completions that
    /// its reminders' marks name: the first [`TAKEN_BACK`] are taken back, the others count until the cleaner deletes their rows.
    pub fn counters_without(&self, now: Timestamp) -> (CounterChange, Vec<CompletionChange>) {
        let mut change = CounterChange { tasks: -1, ..CounterChange::default() };
        change.recategorize(self.counted_category.as_deref(), None).replace_bytes(self.counted_bytes(), 0);
        let mut completions = Vec::new();
        for (id, card) in &self.reminders {
            let Some(CounterMark::CompletedOn(day)) = card.counted else {
                change.recount(card.counted, None);
                continue;
            };
            let completion = Completion { user_id: self.user_id, task_id: self.id, reminder_id: *id, day, at: now };
            if completions.len() < TAKEN_BACK {
                change.recount(card.counted, None);
                completions.push(CompletionChange::TakeBack(completion));
            } else {
                completions.push(CompletionChange::Keep(completion));
            }
        }
        (change, completions)
    }

    /// The reminders that follow its due date.
    pub fn relative_reminders(&self) -> impl Iterator<Item = ReminderId> {
        self.reminders.iter().filter(|(_, card)| card.offset_minutes.is_some()).map(|(id, _)| *id)
    }

    /// The reminders that are still to come.
    pub fn pending_reminders(&self) -> impl Iterator<Item = ReminderId> {
        self.reminders.iter().filter(|(_, card)| card.status == ReminderStatus::Pending).map(|(id, _)| *id)
    }
}

/// Reads the category of a stored row. Earlier versions stored an empty one where there was none.
fn stored_category<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Category>, D::Error> {
    let category: Option<Category> = Option::deserialize(deserializer)?;
    Ok(category.filter(|category| !category.as_str().is_empty()))
}

body! {
    /// Fields of a new task.
    #[derive(Clone, Debug)]
    pub struct NewTask {
        /// The task in one line.
        pub title: TaskTitle = required "title",
        /// Details.
        pub description: Option<TaskDescription> = optional "description",
        /// An instant, or a plain date: the end of that day in the user's time zone.
        pub due_date: Option<DueDate> = optional "dueDate",
        /// How the task recurs, from its due date on.
        pub recurrence: Option<RecurrenceIn> = optional_object "recurrence",
        /// `medium` by default.
        pub priority: Option<Priority> = optional "priority",
        /// `todo` by default.
        pub status: Option<TaskStatus> = optional "status",
        /// The user's own grouping.
        pub category: Option<Category> = optional "category",
        /// An http or https URL.
        pub link: Option<Link> = optional "link",
    }
}

body! {
    /// Changes to a task. A field that is not sent stays as it is.
    #[derive(Clone, Debug, Default)]
    pub struct TaskPatch {
        /// The task in one line.
        pub title: Option<TaskTitle> = not_null "title",
        /// Details; null removes them.
        pub description: Patch<TaskDescription> = patch "description",
        /// An instant, or a plain date: the end of that day in the user's time zone. Null removes it.
        pub due_date: Patch<DueDate> = patch "dueDate",
        /// How the task recurs, from its due date on; null ends the recurrence.
        pub recurrence: Patch<RecurrenceIn> = patch_object "recurrence",
        /// How much the task matters.
        pub priority: Option<Priority> = optional "priority",
        /// `completed` cancels its pending reminders. A task that recurs advances to its next occurrence.
        pub status: Option<TaskStatus> = optional "status",
        /// With `status: completed`, the due date of the occurrence that is completed: a recurring task that has another one by
        /// then stays as it is.
        pub occurrence: Option<Timestamp> = optional "occurrence",
        /// The user's own grouping; null removes it.
        pub category: Patch<Category> = patch "category",
        /// An http or https URL; null removes it.
        pub link: Patch<Link> = patch "link",
    }
}

impl NewTask {
    /// Whether its due date or its recurrence depends on the user's time zone.
    pub fn needs_zone(&self) -> bool {
        self.due_date.is_some_and(DueDate::needs_zone) || self.recurrence.as_ref().is_some_and(RecurrenceIn::needs_zone)
    }
}

impl TaskPatch {
    /// Whether its due date or its recurrence depends on the user's time zone.
    pub fn needs_zone(&self) -> bool {
        matches!(self.due_date, Patch::Set(due) if due.needs_zone())
            || matches!(&self.recurrence, Patch::Set(recurrence) if recurrence.needs_zone())
    }
}

/// What a list of reminders or notifications shows of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct TaskSummary {
    pub id: TaskId,
    pub title: TaskTitle,
    #[serde(default)]
    pub description: Option<TaskDescription>,
    #[serde(default, deserialize_with = "stored_category")]
    pub category: Option<Category>,
    pub priority: Priority,
}

impl TaskSummary {
    /// The attributes of a task's row that it is read from.
    pub const FIELDS: [&'static str; 5] = ["id", "title", "description", "category", "priority"];
}

/// A task.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Task"))]
pub struct TaskOut {
    pub id: TaskId,
    pub user_id: UserId,
    pub title: TaskTitle,
    pub description: Option<TaskDescription>,
    /// When it is due. A plain date was stored as the end of that day.
    pub due_date: Option<Timestamp>,
    pub recurrence: Option<RecurrenceOut>,
    pub plan: Option<PlanOut>,
    pub priority: Priority,
    pub status: TaskStatus,
    /// The user's own grouping.
    pub category: Option<Category>,
    /// A page that belongs to the task.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Uri>"))]
    pub link: Option<Link>,
    /// Increases with each change of the task itself; in quotes, it is the `ETag`.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When its status became `completed`; null otherwise.
    pub completed_at: Option<Timestamp>,
    /// In the order in which they were added.
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_ATTACHMENTS)))]
    pub attachments: Vec<AttachmentOut>,
    /// By time.
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_REMINDERS)))]
    pub reminders: Vec<ReminderOfTask>,
}

/// What a task shows of one of its reminders.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReminderOfTask {
    pub id: ReminderId,
    pub kind: ReminderKind,
    pub scheduled_at: Timestamp,
    /// How many minutes before the task's due date that is; null for a reminder with a time of its own.
    pub offset_minutes: Option<OffsetMinutes>,
    #[serde(rename = "type")]
    pub channel: Channel,
    pub status: ReminderStatus,
}

impl From<(ReminderId, ReminderCard)> for ReminderOfTask {
    fn from((id, card): (ReminderId, ReminderCard)) -> Self {
        let ReminderCard { scheduled_at, channel, status, kind, offset_minutes, counted: _ } = card;
        Self { id, kind, scheduled_at, offset_minutes, channel, status }
    }
}

impl TaskOut {
    /// A task for callers; `api` is where the API is, without a final slash.
    pub fn new(task: Task, api: &str) -> Self {
        let next_review = task.next_review();
        let mut reminders: Vec<_> = task.reminders.into_iter().map(ReminderOfTask::from).collect();
        reminders.sort_by_key(|reminder| (reminder.scheduled_at, reminder.id));
        let attachments = task.attachments.into_iter().map(|(id, card)| AttachmentOut::new(task.id, id, card, api));
        Self {
            id: task.id,
            user_id: task.user_id,
            title: task.title,
            description: task.description,
            due_date: task.due_date,
            recurrence: task.recurrence.map(RecurrenceOut::from),
            plan: task.plan.map(|plan| PlanOut::new(plan, next_review)),
            priority: task.priority,
            status: task.status,
            category: task.category,
            link: task.link,
            version: task.version,
            created_at: task.created_at,
            updated_at: task.updated_at,
            completed_at: task.completed_at,
            attachments: attachments.collect(),
            reminders,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::body::testing::parsed;
    use serde_json::{Value, json};

    fn new_task(body: Value) -> Result<NewTask, Vec<String>> {
        parsed(body).map_err(|errors| errors.into_iter().map(|error| error.message).collect())
    }

    fn task(body: Value) -> Task {
        Task::new(UserId::new(), new_task(body).unwrap(), &Zone::UTC, crate::clock::testing::now()).unwrap()
    }

    #[test]
    fn defaults_are_medium_and_todo_and_words_are_read_in_any_case() {
        let plain = task(json!({"title": "Pay rent"}));
        assert_eq!((plain.priority, plain.status), (Priority::Medium, TaskStatus::Todo));
        let loud = task(json!({"title": "Pay rent", "priority": "HIGH", "status": "In-Progress"}));
        assert_eq!((loud.priority, loud.status), (Priority::High, TaskStatus::InProgress));
    }

    #[test]
    fn blank_is_none_or_the_default_but_for_free_text_and_what_must_be_there() {
        let none = task(json!({"title": "Pay rent"}));
        for blank in [json!(null), json!(""), json!("  ")] {
            let blank = task(json!({
                "title": "Pay rent", "dueDate": blank, "priority": blank, "status": blank, "category": blank, "link": blank,
            }));
            let fields =
                |task: &Task| (task.due_date, task.priority, task.status, task.category.clone(), task.link.clone());
            assert_eq!(fields(&blank), fields(&none));
        }
        let empty = task(json!({"title": "Pay rent", "description": ""}));
        assert_eq!(empty.description.as_ref().map(TaskDescription::as_str), Some(""));
        for title in [json!(null), json!(""), json!(" ")] {
            assert_eq!(new_task(json!({"title": title})).unwrap_err(), ["Title is required"]);
        }
    }

    #[test]
    fn a_blank_category_and_a_link_as_typed_of_earlier_versions_are_read_as_they_are_today() {
        let mut row = serde_json::to_value(task(json!({"title": "Pay rent"}))).unwrap();
        row["category"] = json!("");
        row["link"] = json!("https:example.com");
        let read: Task = serde_json::from_value(row).unwrap();
        assert_eq!((read.category, read.link.as_ref().map(Link::as_str)), (None, Some("https://example.com/")));
    }

    #[test]
    fn what_is_due_at_the_last_instant_is_never_overdue() {
        assert_eq!(task(json!({"title": "Never", "dueDate": "9999-12-31"})).overdue_at(), None);
        let before = task(json!({"title": "Late", "dueDate": "9999-12-29"}));
        assert_eq!(before.overdue_at(), before.due_date);
    }

    #[test]
    fn every_bad_field_is_named_in_the_originals_words() {
        let errors = new_task(json!({"title": "ab", "dueDate": "soon", "priority": {"$ne": null}})).unwrap_err();
        assert_eq!(
            errors,
            ["Title must be at least 3 characters", "Due date must be a valid date", "Priority must be a string"]
        );
    }
}
