//! `import`: brings in the original's PostgreSQL database, user by user, in the order of their ids.
//!
//! What was brought in before is left alone, so an interrupted run, or a second one, adds what is missing. After each
//! user the counters are counted, and the table remembers where to go on.

mod address;
mod report;
mod rows;
mod source;

use std::collections::HashMap;
use std::io::Write;

use serde_json::Value;
use shared::clock::Timestamp;
use shared::domain::notification::Notification;
use shared::domain::task::{MAX_REMINDERS, MAX_TASKS};
use shared::domain::user::User;
use shared::domain::zone::Zone;
use shared::id::TaskId;
use shared::store::import::{Family, ImportProgress};
use shared::store::replay::Mode;
use shared::store::{Refusal, Store, WriteError};

pub use address::Address;
pub use report::{Kind, Report, Row};

use self::rows::Taken;
use self::source::Source;
use crate::Failure;

/// Where an import begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Behind the last user that was brought in whole.
    WhereItStopped,
    /// With the first user.
    Anew,
}

/// Brings everything in. `progress` gets a line for each user.
///
/// # Errors
/// Either database failed; the next run goes on.
pub async fn run(
    store: &Store,
    from: &Address,
    zone: &Zone,
    start: Start,
    progress: &mut dyn Write,
) -> Result<Report, Failure> {
    let source = Source::open(from).await?;
    let total = source.count_users().await?;
    let mut after = match start {
        Start::WhereItStopped => store.import_progress().await?.after,
        Start::Anew => None,
    };
    let (mut report, mut done) = (Report::default(), 0_u64);
    loop {
        let users = source.users_after(after.as_deref()).await?;
        if users.is_empty() {
            return Ok(report);
        }
        for user in users {
            let id = rows::text(&user, &["id"]).unwrap_or_default().to_owned();
            Import { store, source: &source, zone, now: Timestamp::now(), report: &mut report }.user(&user).await?;
            store.record_import(&ImportProgress { after: Some(id.clone()) }).await?;
            after = Some(id);
            done += 1;
            // Progress is a courtesy: a closed terminal ends no import.
            let _ = writeln!(progress, "{done} of {total} users");
        }
    }
}

/// The import of one user.
struct Import<'a> {
    store: &'a Store,
    source: &'a Source,
    zone: &'a Zone,
    now: Timestamp,
    report: &'a mut Report,
}

impl Import<'_> {
    async fn user(&mut self, row: &Value) -> Result<(), Failure> {
        let Some(user) = self.take(Kind::User, row, rows::user(row, self.zone)) else {
            return self.leave_children(row).await;
        };
        match self.store.import_account(&user).await {
            Ok(()) => {}
            Err(WriteError::Refused(Refusal::EmailTaken)) => {
                self.report.untake(Kind::User);
                self.report.refuse(Kind::User, row, "another account has its e-mail address or Google id");
                return self.leave_children(row).await;
            }
            Err(error) => return Err(error.into()),
        }
        let families = self.families(row, &user).await?;
        self.store.import_tasks(families, self.zone).await?;
        let notifications = self.notifications(row, &user).await?;
        self.store.import_notifications(user.id, &notifications).await?;
        self.store.replay(user.id, Mode::Repair).await?;
        Ok(())
    }

    /// What belongs to a user who could not be taken cannot be taken either.
    async fn leave_children(&mut self, user: &Value) -> Result<(), Failure> {
        for (kind, table) in
            [(Kind::Task, "tasks"), (Kind::Reminder, "reminders"), (Kind::Notification, "notifications")]
        {
            for row in self.source.of_user(table, user).await? {
                self.report.refuse(kind, &row, "its user was not taken");
            }
        }
        Ok(())
    }

    async fn families(&mut self, row: &Value, user: &User) -> Result<Vec<Family>, Failure> {
        let mut families: HashMap<TaskId, Family> = HashMap::new();
        for row in self.source.of_user("tasks", row).await? {
            if families.len() >= MAX_TASKS as usize {
                self.report.refuse(Kind::Task, &row, "its user has as many tasks as allowed");
            } else if let Some(task) = self.take(Kind::Task, &row, rows::task(&row, user.id)) {
                families.insert(task.id, Family { task, reminders: Vec::new() });
            }
        }
        for row in self.source.of_user("reminders", row).await? {
            let Some(reminder) = self.take(Kind::Reminder, &row, rows::reminder(&row, user.id, self.now)) else {
                continue;
            };
            let reason = match families.get_mut(&reminder.task_id) {
                None => "its task was not taken, or is another user's",
                Some(family) if family.reminders.len() >= MAX_REMINDERS as usize => {
                    "its task has as many reminders as allowed"
                }
                Some(family) => {
                    family.reminders.push(reminder);
                    continue;
                }
            };
            self.report.untake(Kind::Reminder);
            self.report.refuse(Kind::Reminder, &row, reason);
        }
        for row in self.source.attachments_of(row).await? {
            let place = rows::text(&row, &["file_url", "fileUrl"]).unwrap_or("an unknown place");
            let reason = format!("files are not brought over; it lies at {place}");
            self.report.refuse(Kind::Attachment, &row, &reason);
        }
        Ok(families.into_values().collect())
    }

    async fn notifications(&mut self, row: &Value, user: &User) -> Result<Vec<Notification>, Failure> {
        let mut notifications = Vec::new();
        for row in self.source.of_user("notifications", row).await? {
            let Some(notification) = self.take(Kind::Notification, &row, rows::notification(&row, user.id)) else {
                continue;
            };
            if notification.expires_at() > self.now.as_second() {
                notifications.push(notification);
            } else {
                self.report.untake(Kind::Notification);
                self.report.refuse(Kind::Notification, &row, "it is older than notifications are kept");
            }
        }
        Ok(notifications)
    }

    fn take<T>(&mut self, kind: Kind, row: &Value, read: Result<Taken<T>, String>) -> Option<T> {
        match read {
            Ok(Taken { value, without }) => {
                self.report.take(kind);
                for reason in without {
                    self.report.alter(kind, row, &reason);
                }
                Some(value)
            }
            Err(reason) => {
                self.report.refuse(kind, row, &reason);
                None
            }
        }
    }
}
