//! Tasks and the summaries of their children that they carry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::analytics::UNCATEGORIZED;
use crate::domain::attachment::{AttachmentCard, AttachmentOut};
use crate::domain::counted::Counted;
use crate::domain::due_date::DueDate;
use crate::domain::field::{Fields, Patch};
use crate::domain::link::Link;
use crate::domain::reminder::{Channel, Reminder, ReminderStatus};
use crate::domain::zone::Zone;
use crate::id::{AttachmentId, ReminderId, TaskId, UserId};
use crate::{text_type, word_type};

/// Most tasks of one user.
pub const MAX_TASKS: u32 = 10_000;
/// Most reminders of one task.
pub const MAX_REMINDERS: u32 = 30;

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
    Category, 0..=50, Single
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
    /// What the user's counters hold of it. Callers do not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
}

impl From<&Reminder> for ReminderCard {
    fn from(reminder: &Reminder) -> Self {
        let Reminder { scheduled_at, channel, status, counted, .. } = *reminder;
        Self { scheduled_at, channel, status, counted }
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
    /// How much it matters.
    pub priority: Priority,
    /// How far it is.
    pub status: TaskStatus,
    /// The user's grouping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Where more is to be found.
    #[serde(skip_serializing_if = "Option::is_none")]
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
    /// The due date of which the user was told that it has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue_told: Option<Timestamp>,
    /// Its attachments.
    pub attachments: BTreeMap<AttachmentId, AttachmentCard>,
    /// Its reminders.
    pub reminders: BTreeMap<ReminderId, ReminderCard>,
}

impl Task {
    /// A new task of `user`; `zone` is the user's.
    pub fn new(user: UserId, input: NewTask, zone: &Zone, now: Timestamp) -> Self {
        Self {
            id: TaskId::new(),
            user_id: user,
            title: input.title,
            description: input.description,
            due_date: input.due_date.map(|due| due.resolve(zone)),
            priority: input.priority.unwrap_or(Priority::Medium),
            status: input.status.unwrap_or(TaskStatus::Todo),
            category: input.category,
            link: input.link,
            version: 1,
            created_at: now,
            updated_at: now,
            completed_at: (input.status == Some(TaskStatus::Completed)).then_some(now),
            overdue_told: None,
            attachments: BTreeMap::new(),
            reminders: BTreeMap::new(),
        }
    }

    /// Changes the fields that `patch` names.
    pub fn apply(&mut self, patch: TaskPatch, zone: &Zone, now: Timestamp) -> Completion {
        let before = self.status;
        if let Some(title) = patch.title {
            self.title = title;
        }
        if let Some(priority) = patch.priority {
            self.priority = priority;
        }
        if let Some(status) = patch.status {
            self.status = status;
        }
        patch.description.apply(&mut self.description);
        patch.category.apply(&mut self.category);
        patch.link.apply(&mut self.link);
        match patch.due_date {
            Patch::Keep => {}
            Patch::Clear => self.due_date = None,
            Patch::Set(due) => self.due_date = Some(due.resolve(zone)),
        }
        self.version += 1;
        self.updated_at = now;
        match (before == TaskStatus::Completed, self.status == TaskStatus::Completed) {
            (false, true) => {
                self.completed_at = Some(now);
                Completion::Reached
            }
            (true, false) => {
                self.completed_at = None;
                Completion::Unchanged
            }
            _ => Completion::Unchanged,
        }
    }

    /// When its due date passes, while the user is still to be told of that.
    pub fn overdue_at(&self) -> Option<Timestamp> {
        self.due_date.filter(|due| self.status != TaskStatus::Completed && self.overdue_told != Some(*due))
    }

    /// What the task counts as in its user's categories; an empty one is none, as in the original.
    pub fn counted_category(&self) -> &str {
        let category = self.category.as_ref().map(Category::as_str);
        category.filter(|category| !category.is_empty()).unwrap_or(UNCATEGORIZED)
    }

    /// The bytes that its user's quota counts for its attachments.
    pub fn counted_bytes(&self) -> u64 {
        self.attachments.values().map(|card| card.counted_bytes).sum()
    }

    /// The reminders that are still to come.
    pub fn pending_reminders(&self) -> impl Iterator<Item = ReminderId> {
        self.reminders.iter().filter(|(_, card)| card.status == ReminderStatus::Pending).map(|(id, _)| *id)
    }
}

/// Whether a change made the task completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// It was not, and now is.
    Reached,
    /// It was before, or is not.
    Unchanged,
}

/// The body of a creation.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// In a line.
    pub title: TaskTitle,
    /// At length.
    pub description: Option<TaskDescription>,
    /// When it is due.
    pub due_date: Option<DueDate>,
    /// Default medium.
    pub priority: Option<Priority>,
    /// Default todo.
    pub status: Option<TaskStatus>,
    /// The user's grouping.
    pub category: Option<Category>,
    /// Where more is to be found.
    pub link: Option<Link>,
}

impl NewTask {
    /// Reads the fields; `None` when one of them is bad.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let title = fields.required("title", "Title");
        let description = fields.optional("description", "Description");
        let due_date = fields.optional("dueDate", "Due date");
        let priority = fields.optional("priority", "Priority");
        let status = fields.optional("status", "Status");
        let category = fields.optional("category", "Category");
        let link = fields.optional("link", "Link");
        Some(Self { title: title?, description, due_date, priority, status, category, link })
    }
}

/// The body of an update: only the fields sent change.
#[derive(Clone, Debug, Default)]
pub struct TaskPatch {
    /// In a line.
    pub title: Option<TaskTitle>,
    /// At length.
    pub description: Patch<TaskDescription>,
    /// When it is due.
    pub due_date: Patch<DueDate>,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// How far it is.
    pub status: Option<TaskStatus>,
    /// The user's grouping.
    pub category: Patch<Category>,
    /// Where more is to be found.
    pub link: Patch<Link>,
}

impl TaskPatch {
    /// Reads the fields; bad ones are noted in `fields`.
    pub fn read(fields: &mut Fields) -> Self {
        Self {
            title: fields.patch_required("title", "Title"),
            description: fields.patch("description", "Description"),
            due_date: fields.patch("dueDate", "Due date"),
            priority: fields.patch_required("priority", "Priority"),
            status: fields.patch_required("status", "Status"),
            category: fields.patch("category", "Category"),
            link: fields.patch("link", "Link"),
        }
    }

    /// Whether resolving it needs the user's time zone.
    pub fn needs_zone(&self) -> bool {
        matches!(self.due_date, Patch::Set(DueDate::On(_)))
    }
}

/// A task as callers see it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are Task's")]
pub struct TaskOut {
    pub id: TaskId,
    pub user_id: UserId,
    pub title: TaskTitle,
    pub description: Option<TaskDescription>,
    pub due_date: Option<Timestamp>,
    pub priority: Priority,
    pub status: TaskStatus,
    pub category: Option<Category>,
    pub link: Option<Link>,
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub completed_at: Option<Timestamp>,
    pub attachments: Vec<AttachmentOut>,
    pub reminders: Vec<ChildOut<ReminderId, ReminderCard>>,
}

/// A child's summary with its id.
#[derive(Debug, Serialize)]
pub struct ChildOut<I, C> {
    /// Identity.
    pub id: I,
    /// The summary.
    #[serde(flatten)]
    pub card: C,
}

impl TaskOut {
    /// A task for callers; `api` is where the API is, without a final slash.
    pub fn new(task: Task, api: &str) -> Self {
        let shown = |card| ReminderCard { counted: None, ..card };
        let mut reminders: Vec<_> =
            task.reminders.into_iter().map(|(id, card)| ChildOut { id, card: shown(card) }).collect();
        reminders.sort_by_key(|reminder| (reminder.card.scheduled_at, reminder.id));
        let attachments = task.attachments.into_iter().map(|(id, card)| AttachmentOut::new(task.id, id, card, api));
        Self {
            id: task.id,
            user_id: task.user_id,
            title: task.title,
            description: task.description,
            due_date: task.due_date,
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
    use serde_json::{Value, json};

    fn new_task(body: Value) -> Result<NewTask, Vec<String>> {
        let Value::Object(object) = body else { panic!("no object") };
        let mut fields = Fields::new(object);
        let input = NewTask::read(&mut fields);
        fields.finish(input).map_err(|errors| errors.into_iter().map(|e| e.message).collect())
    }

    fn task(body: Value) -> Task {
        Task::new(UserId::new(), new_task(body).unwrap(), &Zone::UTC, crate::clock::testing::now())
    }

    #[test]
    fn defaults_are_medium_and_todo_and_words_are_read_in_any_case() {
        let plain = task(json!({"title": "Pay rent"}));
        assert_eq!((plain.priority, plain.status), (Priority::Medium, TaskStatus::Todo));
        let loud = task(json!({"title": "Pay rent", "priority": "HIGH", "status": "In-Progress"}));
        assert_eq!((loud.priority, loud.status), (Priority::High, TaskStatus::InProgress));
    }

    #[test]
    fn every_bad_field_is_named_in_the_originals_words() {
        let errors = new_task(json!({"title": "ab", "dueDate": "soon", "priority": {"$ne": null}})).unwrap_err();
        assert_eq!(
            errors,
            ["Title must be at least 3 characters", "Due date must be a valid date", "Priority must be a string"]
        );
    }

    #[test]
    fn completing_is_noticed_once_and_undoing_it_clears_its_moment() {
        let mut task = task(json!({"title": "Pay rent", "description": "for March"}));
        let now = crate::clock::testing::now();
        let done = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
        assert_eq!(task.apply(done.clone(), &Zone::UTC, now), Completion::Reached);
        assert_eq!(task.completed_at, Some(now));
        assert_eq!(task.apply(done, &Zone::UTC, now), Completion::Unchanged);
        let undo = TaskPatch { status: Some(TaskStatus::Todo), description: Patch::Clear, ..TaskPatch::default() };
        assert_eq!(task.apply(undo, &Zone::UTC, now), Completion::Unchanged);
        assert_eq!((task.completed_at, task.description, task.version), (None, None, 4));
    }
}
