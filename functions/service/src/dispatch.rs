//! `service-dispatch`: what follows from a change of the table.
//!
//! The table is the truth. A record of its stream is a hint that a row changed: the row is read again, and what
//! it needs now is done. So records may come twice, late or out of order, and a crash between two services
//! loses nothing: the record comes again.
//!
//! | Row | What follows |
//! |---|---|
//! | a reminder that is to fire | its schedule; within a minute, straight onto the queue |
//! | a reminder that is no longer to fire as planned | its old schedule is deleted |
//! | a new mail | its message on the queue of codes and resets, or on that of other mail |
//! | a task, an attachment, an account, or a reminder with completions that was deleted | its message on the clean-up queue |
//! | an export that was asked for | its message on the export queue |
//! | a change of what a user's open reviews follow | its message on the sweep's queue, a moment later |
//! | a session whose refresh token was stolen | it is deleted, and its user is notified in the app and by mail |

use std::time::Duration;

use shared::auth::session::SessionState;
use shared::aws::mail_queues::MailQueues;
use shared::aws::queue::Queue;
use shared::aws::schedules::{Schedules, Target};
use shared::clock::Timestamp;
use shared::config::{Variable, limits, required};
use shared::domain::export::ExportState;
use shared::domain::reminder::Reminder;
use shared::events::{Environment, Failure, Record, RowEvent, StreamFunction};
use shared::id::{ReminderId, SessionId, UserId};
use shared::limits::Limits;
use shared::messages::{BuildExport, CleanUp, FireReminder, SendMail, Sweep};
use shared::runtime::Error;
use shared::store::keys::{RowKey, UserRowKey};
use shared::store::mailboxes::SecurityNotice;
use shared::store::{Permit, Refusal, Store, WriteError};

/// Below this a schedule would come too late: Scheduler's precision is a minute.
const STRAIGHT: Duration = Duration::from_secs(60);
/// How long the settings that open reviews follow rest before the reviews are moved.
const REVIEWS_REST: Duration = Duration::from_secs(10);

/// Where work goes.
#[derive(Debug)]
pub struct Dispatcher {
    /// The table.
    pub store: Store,
    /// The permit to write.
    pub permit: Permit,
    /// One-time schedules.
    pub schedules: Schedules,
    /// Reminders that fire now.
    pub reminders: Queue<FireReminder>,
    /// Mails.
    pub mails: MailQueues,
    /// Deletions.
    pub cleanups: Queue<CleanUp>,
    /// Exports.
    pub exports: Queue<BuildExport>,
    /// Reviews to be moved.
    pub sweeps: Queue<Sweep>,
    /// The limits of mail.
    pub limits: Limits,
}

impl StreamFunction for Dispatcher {
    const VARIABLES: &'static [Variable] = &[
        Variable::CleanupQueueUrl,
        Variable::CodeMailQueueUrl,
        Variable::ExportQueueUrl,
        Variable::MailQueueUrl,
        Variable::ReminderQueueArn,
        Variable::ReminderQueueUrl,
        Variable::ScheduleGroup,
        Variable::SchedulerDlqArn,
        Variable::SchedulerRoleArn,
        Variable::SweepQueueUrl,
    ];

    async fn start(Environment { sdk, store, permit, .. }: Environment) -> Result<Self, Error> {
        Ok(Self {
            store,
            permit,
            schedules: Schedules::new(&sdk, Target::from_env()?),
            reminders: Queue::new(&sdk, required(Variable::ReminderQueueUrl)?),
            mails: MailQueues::from_env(&sdk)?,
            cleanups: Queue::new(&sdk, required(Variable::CleanupQueueUrl)?),
            exports: Queue::new(&sdk, required(Variable::ExportQueueUrl)?),
            sweeps: Queue::new(&sdk, required(Variable::SweepQueueUrl)?),
            limits: limits()?,
        })
    }

    async fn handle(&self, record: Record, now: Timestamp) -> Result<(), Failure> {
        let RowKey::OfUser(user_id, row) = &record.row else { return Ok(()) };
        let (user_id, is_removed) = (*user_id, record.event == RowEvent::Remove);
        match row {
            UserRowKey::Reminder(id) => {
                self.plan(user_id, *id, record.old_plan, now).await?;
                // The row is gone: only its old image tells whether it leaves completions, and of which task.
                match record.old_task.filter(|_| is_removed && record.old_kept_day.is_some()) {
                    Some(task_id) => self.clean(CleanUp::Reminder { user_id, task_id, reminder_id: *id }).await,
                    None => Ok(()),
                }
            }
            UserRowKey::Mail(mail_id) if record.event == RowEvent::Insert => {
                let message = SendMail { user_id, mail_id: *mail_id };
                Ok(self.mails.of(record.lane).send(&message, Duration::ZERO).await?)
            }
            UserRowKey::Task(task_id) if is_removed => self.clean(CleanUp::Task { user_id, task_id: *task_id }).await,
            UserRowKey::Attachment(attachment_id) if is_removed => {
                // The row is gone: only its old image names the task.
                let Some(task_id) = record.old_task else {
                    tracing::error!(%attachment_id, "dispatch.record_unreadable");
                    return Ok(());
                };
                self.clean(CleanUp::Attachment { user_id, task_id, attachment_id: *attachment_id }).await
            }
            UserRowKey::Account if is_removed => self.clean(CleanUp::Account { user_id }).await,
            // The stream's filter lets those through that have come down to nothing.
            UserRowKey::Category(category) => Ok(self.store.forget_category(&self.permit, user_id, category).await?),
            UserRowKey::Export if !is_removed => self.export(user_id).await,
            UserRowKey::ReviewMove if !is_removed => self.move_reviews(user_id).await,
            UserRowKey::Session(session_id) if !is_removed => self.notify_of_theft(user_id, *session_id, now).await,
            UserRowKey::Account
            | UserRowKey::Session(_)
            | UserRowKey::Export
            | UserRowKey::ReviewMove
            | UserRowKey::Counters
            | UserRowKey::Days(_)
            | UserRowKey::Streak(_)
            | UserRowKey::Completion(..)
            | UserRowKey::Task(_)
            | UserRowKey::Attachment(_)
            | UserRowKey::Notification(_)
            | UserRowKey::Inbox
            | UserRowKey::Mail(_)
            | UserRowKey::Occurrence(..)
            | UserRowKey::Idempotency(_) => Ok(()),
        }
    }
}

impl Dispatcher {
    async fn clean(&self, message: CleanUp) -> Result<(), Failure> {
        Ok(self.cleanups.send(&message, Duration::ZERO).await?)
    }

    async fn export(&self, user: UserId) -> Result<(), Failure> {
        let export = self.store.export(user).await?;
        if let Some(export) = export.filter(|export| export.state == ExportState::Pending) {
            let message = BuildExport { user_id: user, export_id: export.id };
            self.exports.send(&message, Duration::ZERO).await?;
        }
        Ok(())
    }

    /// Whoever tries several settings causes one walk over the reviews: an earlier change's message finds a later one and does nothing.
    async fn move_reviews(&self, user_id: UserId) -> Result<(), Failure> {
        let Some(since) = self.store.reviews_moved_at(user_id).await? else { return Ok(()) };
        Ok(self.sweeps.send(&Sweep::Reviews { user_id, since, after: None }, REVIEWS_REST).await?)
    }

    async fn notify_of_theft(&self, user: UserId, session: SessionId, now: Timestamp) -> Result<(), Failure> {
        let found = self.store.session_with_account(user, session).await?;
        let Some((stolen, user)) = found.filter(|(session, _)| session.state == Some(SessionState::Stolen)) else {
            return Ok(());
        };
        let notice = SecurityNotice::new(stolen.theft_notice(now), user.mailbox_tag(), &user, &self.limits);
        match self.store.notify_of_theft(&self.permit, &stolen, &notice).await {
            // Another delivery of the record has done it, or the account is gone.
            Err(WriteError::Refused(Refusal::SessionChanged | Refusal::AccountChanged)) => Ok(()),
            notified => Ok(notified?),
        }
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
        match self.schedules.create((reminder.id, reminder.plan), &message, fires_at).await {
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
