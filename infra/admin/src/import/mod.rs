//! `import`: brings in the original's PostgreSQL database, user by user, in the order of their ids.
//!
//! What was brought in before is left alone, so an interrupted run, or a second one, adds what is missing. After each
//! user the counters are counted, and the table remembers where to go on.

mod address;
mod attachments;
mod files;
mod report;
mod rows;
mod source;

use std::collections::{HashMap, HashSet};
use std::io::Write;

use serde_json::Value;
use shared::clock::{Clock, Timestamp};
use shared::domain::notification::Notification;
use shared::domain::task::{MAX_REMINDERS, MAX_TASKS};
use shared::domain::user::User;
use shared::domain::zone::Zone;
use shared::id::TaskId;
use shared::operator;
use shared::store::import::{Family, ImportProgress};
use shared::store::replay::Mode;
use shared::store::{Refusal, Store, WriteError};

pub use address::Address;
pub use attachments::Uploads;
pub use files::{Files, Reach};
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

/// Users in a row that fail before it is taken for more than their own trouble.
const FAILURES_IN_A_ROW: u32 = 3;

/// Brings everything in; files if there is a place for them. `progress` gets a line for each user. A user who cannot be
/// brought in whole is named in the report, and the others follow.
///
/// # Errors
/// Either database failed, or three users in a row; the next run goes on.
pub async fn run(
    (store, clock): (&Store, Clock),
    from: &Address,
    zone: &Zone,
    start: Start,
    uploads: Option<&Uploads>,
    progress: &mut dyn Write,
) -> Result<Report, Failure> {
    let source = Source::open(from).await?;
    let total = source.count_users().await?;
    let mut after = match start {
        Start::WhereItStopped => store.import_progress().await?.after,
        Start::Anew => None,
    };
    let (mut report, mut done, mut failures) = (Report::default(), 0_u64, 0);
    loop {
        let users = source.users_after(after.as_deref()).await?;
        if users.is_empty() {
            return Ok(report);
        }
        for user in users {
            let id = rows::text(&user, &["id"]).unwrap_or_default().to_owned();
            let now = clock.now();
            match (Import { store, source: &source, zone, uploads, now, report: &mut report }).user(&user).await {
                Ok(()) => failures = 0,
                Err(failure) if failures + 1 >= FAILURES_IN_A_ROW => return Err(failure),
                Err(failure) => {
                    failures += 1;
                    report.fail(&user, &failure);
                }
            }
            store.record_import(&operator::permit(), &ImportProgress { after: Some(id.clone()) }).await?;
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
    uploads: Option<&'a Uploads>,
    now: Timestamp,
    report: &'a mut Report,
}

impl Import<'_> {
    async fn user(&mut self, row: &Value) -> Result<(), Failure> {
        let Some(user) = self.take(Kind::User, row, rows::user(row, self.zone, self.now)) else {
            return self.leave_children(row).await;
        };
        match self.store.import_account(&operator::permit(), &user).await {
            Ok(()) => {}
            Err(WriteError::Refused(Refusal::EmailTaken)) => {
                self.report.untake(Kind::User);
                self.report.refuse(Kind::User, row, "another account has its e-mail address or Google id");
                return self.leave_children(row).await;
            }
            Err(error) => return Err(error.into()),
        }
        let families = self.families(row, &user).await?;
        let tasks: HashSet<TaskId> = families.iter().map(|family| family.task.id).collect();
        for reminder in self.store.import_tasks(&operator::permit(), families, self.zone, self.now).await? {
            self.report.untake(Kind::Reminder);
            self.report.refuse_id(Kind::Reminder, reminder, "its task was brought in before, without it");
        }
        let notifications = self.notifications(row, &user).await?;
        self.store.import_notifications(&operator::permit(), user.id, &notifications).await?;
        self.store.replay(&operator::permit(), user.id, Mode::Repair, self.now).await?;
        // Behind the recount: announcing counts bytes by itself.
        self.attachments(row, &user, &tasks).await
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
        for row in self.source.attachments_of(user).await? {
            self.report.refuse(Kind::Attachment, &row, "its user was not taken");
        }
        Ok(())
    }

    async fn families(&mut self, row: &Value, user: &User) -> Result<Vec<Family>, Failure> {
        let mut families: HashMap<TaskId, Family> = HashMap::new();
        for row in self.source.of_user("tasks", row).await? {
            if families.len() >= MAX_TASKS as usize {
                self.report.refuse(Kind::Task, &row, "its user has as many tasks as allowed");
            } else if let Some(task) = self.take(Kind::Task, &row, rows::task(&row, user.id, self.now)) {
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
        Ok(families.into_values().collect())
    }

    async fn notifications(&mut self, row: &Value, user: &User) -> Result<Vec<Notification>, Failure> {
        let mut notifications = Vec::new();
        for row in self.source.of_user("notifications", row).await? {
            let Some(notification) = self.take(Kind::Notification, &row, rows::notification(&row, user.id, self.now))
            else {
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
