//! `service-dispatch`: what follows from a change of the table.
//!
//! The table is the truth. A record of its stream is a hint that a row changed: the row is read again, and what
//! it needs now is done. So records may come twice, late or out of order, and a crash between two services
//! loses nothing: the record comes again.
//!
//! | Row | What follows |
//! |---|---|
//! | a reminder that is to fire | its schedule; within a minute, straight onto the queue |
//! | a reminder that is no longer to fire as planned | its old schedule is taken back |
//! | a new mail | its message on the mail queue |
//! | a task, an attachment or an account that was deleted | its message on the clean-up queue |
//! | an export that was asked for | its message on the export queue |

use std::time::Duration;

use shared::aws::queue::{BuildExport, CleanUp, FireReminder, Queue, SendMail};
use shared::aws::schedules::Schedules;
use shared::clock::Timestamp;
use shared::domain::export::ExportState;
use shared::domain::reminder::Reminder;
use shared::events::{Change, Failure, Record};
use shared::id::{AttachmentId, MailId, ReminderId, TaskId, UserId};
use shared::store::{Permit, Store, keys};

/// Below this a schedule would come too late: Scheduler's precision is a minute.
const STRAIGHT: Duration = Duration::from_secs(60);

/// Where work goes.
#[derive(Debug)]
pub struct Dispatcher {
    /// The table.
    pub store: Store,
    /// One-time schedules.
    pub schedules: Schedules,
    /// Reminders that fire now.
    pub reminders: Queue<FireReminder>,
    /// Mails.
    pub mails: Queue<SendMail>,
    /// Deletions.
    pub cleanups: Queue<CleanUp>,
    /// Exports.
    pub exports: Queue<BuildExport>,
}

impl Dispatcher {
    /// Does what follows from a record at `now`.
    ///
    /// # Errors
    /// A service failed: the record comes again.
    pub async fn handle(&self, record: &Record, now: Timestamp) -> Result<(), Failure> {
        let Some(user) = keys::user_of_partition(&record.pk) else {
            return Ok(());
        };
        if let Some(id) = record.sk.strip_prefix(keys::REMINDER_PREFIX) {
            let Ok(id) = ReminderId::parse(id) else { return unreadable(record) };
            return self.plan(user, id, record.old_plan, now).await;
        }
        if let Some(id) = record.sk.strip_prefix(keys::MAIL_PREFIX).filter(|_| record.change == Change::Insert) {
            let Ok(mail_id) = MailId::parse(id) else { return unreadable(record) };
            let message = SendMail { user_id: user, mail_id };
            return Ok(self.mails.send(&message, Duration::ZERO).await?);
        }
        if let Some(id) = record.sk.strip_prefix(keys::TASK_PREFIX).filter(|_| record.change == Change::Remove) {
            let Ok(task_id) = TaskId::parse(id) else { return unreadable(record) };
            let message = CleanUp::Task { user_id: user, task_id };
            return Ok(self.cleanups.send(&message, Duration::ZERO).await?);
        }
        if let Some(id) = record.sk.strip_prefix(keys::ATTACHMENT_PREFIX).filter(|_| record.change == Change::Remove) {
            // The row is gone: only its old image tells the task.
            let (Some(task_id), Ok(attachment_id)) = (record.old_task, AttachmentId::parse(id)) else {
                return unreadable(record);
            };
            let message = CleanUp::Attachment { user_id: user, task_id, attachment_id };
            return Ok(self.cleanups.send(&message, Duration::ZERO).await?);
        }
        if let Some(category) = record.sk.strip_prefix(keys::CATEGORY_PREFIX) {
            // The stream's filter lets those through that have come down to nothing.
            return Ok(self.store.forget_category(&Permit::of_system(), user, category).await?);
        }
        match record.sk.as_str() {
            keys::ACCOUNT if record.change == Change::Remove => {
                Ok(self.cleanups.send(&CleanUp::Account { user_id: user }, Duration::ZERO).await?)
            }
            keys::EXPORT if record.change != Change::Remove => self.export(user).await,
            _ => Ok(()),
        }
    }

    async fn export(&self, user: UserId) -> Result<(), Failure> {
        let export = self.store.export(user).await?;
        if let Some(export) = export.filter(|export| export.state == ExportState::Pending) {
            let message = BuildExport { user_id: user, export_id: export.id };
            self.exports.send(&message, Duration::ZERO).await?;
        }
        Ok(())
    }

    async fn plan(&self, user: UserId, id: ReminderId, old_plan: Option<u64>, now: Timestamp) -> Result<(), Failure> {
        let reminder = self.store.reminder(user, id).await?;
        let plan = reminder.as_ref().and_then(|reminder| Some((reminder, reminder.fires_at()?)));
        if let Some((reminder, fires_at)) = plan
            && old_plan != Some(reminder.plan)
        {
            self.arrange(reminder, fires_at, now).await?;
        }
        let kept = reminder.as_ref().map(|reminder| reminder.plan);
        match old_plan.filter(|old| Some(*old) != kept) {
            Some(old) => Ok(self.schedules.delete(id, old).await?),
            None => Ok(()),
        }
    }

    async fn arrange(&self, reminder: &Reminder, fires_at: Timestamp, now: Timestamp) -> Result<(), Failure> {
        let message = FireReminder {
            user_id: reminder.user_id,
            reminder_id: reminder.id,
            task_id: reminder.task_id,
            plan: reminder.plan,
        };
        let ahead = fires_at.since(now);
        if ahead <= STRAIGHT {
            self.reminders.send(&message, ahead).await?;
            return Ok(());
        }
        match self.schedules.create(&message, fires_at).await {
            // Trying again will not help, or not soon, and would hold up everybody behind: mails too. The row stays in `due`
            // for the sweep.
            Err(error) if ["ValidationException", "ServiceQuotaExceededException"].contains(&error.code.as_str()) => {
                tracing::error!(%error, reminder_id = %reminder.id, "dispatch.schedule_refused");
                Ok(())
            }
            made => Ok(made?),
        }
    }
}

/// A record of a row that is none of ours: no try will read it, and it would hold up everybody behind.
fn unreadable(record: &Record) -> Result<(), Failure> {
    tracing::error!(sk = record.sk, "dispatch.record_unreadable");
    Ok(())
}
