//! The original's rows as ours. Two spellings of some columns are documented; either is read. What a row cannot be
//! without is a reason to refuse it; what it can be without is left out and told.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::clock::Timestamp;
use shared::domain::delivery::Delivery;
use shared::domain::email::Email;
use shared::domain::field::Field;
use shared::domain::link::Link;
use shared::domain::notification::{Notification, NotificationKind};
use shared::domain::password::PasswordHash;
use shared::domain::reminder::{Channel, NewReminder, Reminder, ReminderMessage, ReminderStatus, ReminderTime};
use shared::domain::task::{Category, Priority, Task, TaskDescription, TaskStatus, TaskTitle};
use shared::domain::user::{AuthProvider, PersonName, User};
use shared::domain::zone::Zone;
use shared::id::{NotificationId, ReminderId, TaskId, UserId};

/// A row as ours, and what it was taken without.
pub(super) struct Taken<T> {
    pub(super) value: T,
    pub(super) without: Vec<String>,
}

type Read<T> = Result<Taken<T>, String>;

/// An account, with its bcrypt hash as it is. The original never verified an address, so anybody may have set the password:
/// only an address that came from Google counts as verified. Reminders go on to every address as before.
pub(super) fn user(row: &Value, zone: &Zone, now: Timestamp) -> Read<User> {
    let mut columns = Columns::of(row, now);
    let id = UserId::parse(columns.required("id")?).map_err(|error| format!("id: {error}"))?;
    let name: PersonName = columns.read("Name", &["name"])?;
    let email = columns.required("email")?;
    let email = Email::parse(email).map_err(|error| format!("e-mail address: it {error}"))?;
    let (created_at, updated_at) = columns.times()?;
    let hash = columns.text(&["password"]).map(ToOwned::to_owned);
    let known = |hash: &String| ["$2a$", "$2b$"].iter().any(|kind| hash.starts_with(kind));
    if hash.as_ref().is_some_and(|hash| !known(hash)) {
        columns.without("its password, whose hash is of an unknown kind: it has to be set anew".to_owned());
    }
    let google_id = columns.text(&["google_id", "googleId"]).map(ToOwned::to_owned);
    let provider = match columns.text(&["auth_provider", "authProvider"]) {
        Some("google") => AuthProvider::Google,
        _ => AuthProvider::Local,
    };
    let two_factor = columns.is_set(&["is_two_factor_enabled", "isTwoFactorEnabled"]);
    let password_hash = hash.filter(known).map(PasswordHash::from_phc);
    let template = User::register(name, email, PasswordHash::from_phc(String::new()), zone.clone(), created_at);
    let user = User {
        id,
        password_hash,
        auth_provider: provider,
        is_two_factor_enabled: two_factor,
        email_verified: google_id.is_some(),
        gets_reminders_unverified: true,
        google_id,
        updated_at,
        ..template
    };
    columns.taken(user)
}

/// A task, without children.
pub(super) fn task(row: &Value, user: UserId, now: Timestamp) -> Read<Task> {
    let mut columns = Columns::of(row, now);
    let id = TaskId::parse(columns.required("id")?).map_err(|error| format!("id: {error}"))?;
    let title: TaskTitle = columns.read("Title", &["title"])?;
    let (created_at, updated_at) = columns.times()?;
    let due_date = columns.optional_time(&["due_date", "dueDate"]);
    let description: Option<TaskDescription> = columns.optional("Description", &["description"]);
    let category: Option<Category> = columns.optional("Category", &["category"]);
    let link: Option<Link> = columns.optional("Link", &["link"]);
    let priority = columns.optional::<Priority>("Priority", &["priority"]).unwrap_or(Priority::Medium);
    let status = columns.optional::<TaskStatus>("Status", &["status"]).unwrap_or(TaskStatus::Todo);
    columns.taken(Task {
        id,
        user_id: user,
        title,
        description,
        due_date,
        priority,
        status,
        category,
        link,
        version: 1,
        created_at,
        updated_at,
        completed_at: (status == TaskStatus::Completed).then_some(updated_at),
        recurrence: None,
        plan: None,
        overdue_told: None,
        counted_category: None,
        attachments: BTreeMap::new(),
        reminders: BTreeMap::new(),
    })
}

/// A reminder, planned anew. One whose mail the original has sent is over.
pub(super) fn reminder(row: &Value, user: UserId, now: Timestamp) -> Read<Reminder> {
    let mut columns = Columns::of(row, now);
    let id = ReminderId::parse(columns.required("id")?).map_err(|error| format!("id: {error}"))?;
    let task_id = columns.text(&["task_id", "taskId"]).ok_or_else(|| "it belongs to no task".to_owned())?;
    let task_id = TaskId::parse(task_id).map_err(|error| format!("task: {error}"))?;
    let scheduled_at = columns.optional_time(&["scheduled_at", "scheduledAt"]);
    let scheduled_at = scheduled_at.ok_or_else(|| "it has no readable time".to_owned())?;
    let (created_at, updated_at) = columns.times()?;
    let email_sent = columns.is_set(&["email_sent", "emailSent"]);
    let sent_at = columns.optional_time(&["email_sent_at", "emailSentAt"]);
    let channel = columns.optional::<Channel>("Type", &["type"]);
    let message: Option<ReminderMessage> = columns.optional("Message", &["message"]);
    let status = columns.optional::<ReminderStatus>("Status", &["status"]).unwrap_or(ReminderStatus::Pending);
    let status = if email_sent && status == ReminderStatus::Pending { ReminderStatus::Completed } else { status };
    let time = ReminderTime::At(scheduled_at);
    let new = NewReminder { task_id, time, lead_minutes: None, channel, message, status: Some(status) };
    let planned = Reminder::new(user, new, None, now).map_err(|error| error.message)?;
    let delivery: Delivery = match sent_at.filter(|_| email_sent) {
        Some(at) => planned.delivery.sent(at, 1),
        None => planned.delivery.clone(),
    };
    let email_sent_at = sent_at.filter(|_| email_sent);
    columns.taken(Reminder { id, created_at, updated_at, email_sent, email_sent_at, delivery, ..planned })
}

/// A notification.
pub(super) fn notification(row: &Value, user: UserId, now: Timestamp) -> Read<Notification> {
    let mut columns = Columns::of(row, now);
    let id = NotificationId::parse(columns.required("id")?).map_err(|error| format!("id: {error}"))?;
    let kind = columns.optional::<NotificationKind>("Type", &["type"]).unwrap_or(NotificationKind::General);
    let title = columns.required("title")?.to_owned();
    let message = columns.required("message")?.to_owned();
    let related = columns.text(&["related_task_id", "relatedTaskId"]).and_then(|id| TaskId::parse(id).ok());
    let (created_at, _) = columns.times()?;
    let is_read = columns.is_set(&["is_read", "isRead"]);
    columns.taken(Notification {
        id,
        user_id: user,
        kind,
        title,
        message,
        related_task_id: related,
        is_read,
        security: false,
        created_at,
    })
}

/// The first of these columns that holds a text.
pub(super) fn text<'a>(row: &'a Value, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| row.get(name)?.as_str())
}

/// A row that is being read, and what is left out of it.
struct Columns<'a> {
    row: &'a Value,
    now: Timestamp,
    without: Vec<String>,
}

impl<'a> Columns<'a> {
    fn of(row: &'a Value, now: Timestamp) -> Self {
        Self { row, now, without: Vec::new() }
    }

    fn taken<T>(self, value: T) -> Read<T> {
        Ok(Taken { value, without: self.without })
    }

    fn without(&mut self, what: String) {
        self.without.push(format!("taken without {what}"));
    }

    fn text(&self, names: &[&str]) -> Option<&'a str> {
        text(self.row, names)
    }

    fn required(&self, name: &str) -> Result<&'a str, String> {
        self.text(&[name]).ok_or_else(|| format!("{name}: missing"))
    }

    fn is_set(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.row.get(name).and_then(Value::as_bool).unwrap_or_default())
    }

    fn read<T: Field>(&self, label: &str, names: &[&str]) -> Result<T, String> {
        let value = names.iter().find_map(|name| self.row.get(name)).unwrap_or(&Value::Null);
        T::read(label, value)
    }

    fn optional<T: Field>(&mut self, label: &str, names: &[&str]) -> Option<T> {
        names.iter().find_map(|name| self.row.get(name)).filter(|value| !T::BLANK.is_no_value(value))?;
        match self.read(label, names) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.without(format!("its {}: {reason}", label.to_lowercase()));
                None
            }
        }
    }

    fn optional_time(&mut self, names: &[&str]) -> Option<Timestamp> {
        let text = self.text(names)?;
        let read = instant(text);
        if read.is_none() {
            self.without(format!("its {}: not a time between 1970 and 9999", names.first().unwrap_or(&"time")));
        }
        read
    }

    /// When it was made and last changed; `now` for a row that does not say.
    fn times(&mut self) -> Result<(Timestamp, Timestamp), String> {
        let created = self.optional_time(&["created_at", "createdAt"]).unwrap_or(self.now);
        let updated = self.optional_time(&["updated_at", "updatedAt"]).unwrap_or(created);
        Ok((created, updated.max(created)))
    }
}

/// When a row was made.
pub(super) fn created_at(row: &Value) -> Option<Timestamp> {
    instant(text(row, &["created_at", "createdAt"])?)
}

/// An instant as PostgreSQL writes it into JSON; a column without a zone holds UTC, as the original wrote it.
fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|_| Timestamp::parse(&format!("{text}Z"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> Timestamp {
        Timestamp::parse("2024-12-10T09:00:00Z").unwrap()
    }

    #[test]
    fn a_column_without_a_zone_holds_utc() {
        let with = instant("2024-12-10T09:00:00.123456+05:30").map(|at| at.to_string());
        assert_eq!(with.as_deref(), Some("2024-12-10T03:30:00.123Z"));
        assert_eq!(
            instant("2024-12-10T09:00:00").map(|at| at.to_string()).as_deref(),
            Some("2024-12-10T09:00:00.000Z")
        );
        assert!(instant("soon").is_none() && instant("0001-01-01T00:00:00 BC").is_none());
    }

    #[test]
    fn only_an_address_from_google_is_verified_and_all_of_them_get_reminders() {
        let row = |google_id: Option<&str>, provider: &str| {
            let id = UserId::new();
            json!({"id": id, "name": "Asha", "email": "a@example.com", "google_id": google_id, "auth_provider": provider})
        };
        let read = |row: Value| user(&row, &Zone::UTC, now()).map(|taken| taken.value).unwrap();
        // A local account that was linked later has both.
        for (google_id, provider, is_verified) in
            [(None, "local", false), (None, "google", false), (Some("1"), "google", true), (Some("1"), "local", true)]
        {
            let user = read(row(google_id, provider));
            assert_eq!(user.email_verified, is_verified, "{google_id:?} {provider}");
            assert!(user.gets_reminders_unverified && user.refuses_mail(None, now()).is_none());
        }
    }

    #[test]
    fn what_a_task_can_be_without_is_left_out_and_told() {
        let row = json!({
            "id": TaskId::new(), "title": "Complete project", "priority": "High", "status": "done",
            "link": "javascript:alert(1)", "description": null, "category": "", "created_at": "2024-12-10T09:00:00",
        });
        let Taken { value, without } = task(&row, UserId::new(), now()).unwrap();
        assert_eq!((value.priority, value.status, value.link), (Priority::High, TaskStatus::Todo, None));
        assert_eq!(value.category, None);
        assert_eq!(without.len(), 2, "{without:?}");
        let reason = task(&json!({"id": TaskId::new(), "title": "ab"}), UserId::new(), now()).map(|_| ()).unwrap_err();
        assert_eq!(reason, "Title must be at least 3 characters");
    }

    #[test]
    fn a_reminder_whose_mail_was_sent_is_over_and_one_to_come_is_planned() {
        let mut row = json!({
            "id": ReminderId::new(), "task_id": TaskId::new(), "scheduled_at": "2024-12-10T12:00:00",
            "status": "pending", "email_sent": false,
        });
        let planned = reminder(&row, UserId::new(), now()).unwrap().value;
        assert_eq!(planned.fires_at().map(|at| at.to_string()).as_deref(), Some("2024-12-10T11:00:00.000Z"));
        row["email_sent"] = json!(true);
        row["email_sent_at"] = json!("2024-12-10T11:00:02");
        let sent = reminder(&row, UserId::new(), now()).unwrap().value;
        assert_eq!((sent.status, sent.fires_at()), (ReminderStatus::Completed, None));
    }
}
