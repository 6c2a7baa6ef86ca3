//! `service-sweep`: hands over what is due, and finds what was due and did not happen.
//!
//! The tick of each minute queries the index `due`: digests and due dates of the minute that has passed, and at
//! longer and longer distances everything that is still there. Its cost is a constant and what is due; it knows
//! nothing of the rows that are not. What it hands over may have been handed over before: every receiver looks first.

use shared::aws::queue::{CleanUp, DigestCause, FireReminder, Queue, SendDigest, SendMail, Sweep, TellOverdue};
use shared::clock::Timestamp;
use shared::domain::sweep::{Stretch, stretches};
use shared::events::Failure;
use shared::id::{ReminderId, UserId};
use shared::store::Store;
use shared::store::due::{DuePosition, DueRow};
use shared::store::keys::DUE_SHARDS;

/// Rows of one page, and keys of one batch. What a page leaves goes back onto the sweep's own queue.
const PAGE: i32 = 100;
/// Pages of one shard that one message looks at.
const PAGES: usize = 20;

/// Where work goes.
#[derive(Debug)]
pub struct Sweeper {
    /// The table.
    pub store: Store,
    /// Reminders that should have fired.
    pub reminders: Queue<FireReminder>,
    /// Mails that should have left.
    pub mails: Queue<SendMail>,
    /// Digests whose moment has come.
    pub digests: Queue<SendDigest>,
    /// Tasks whose due date has passed.
    pub overdue: Queue<TellOverdue>,
    /// Uploads that were not finished.
    pub cleanups: Queue<CleanUp>,
    /// What is left for another run.
    pub sweeps: Queue<Sweep>,
}

impl Sweeper {
    /// Handles a message.
    ///
    /// # Errors
    /// The table or a queue failed: the message comes again.
    pub async fn handle(&self, message: Sweep, now: Timestamp) -> Result<(), Failure> {
        match message {
            Sweep::Tick => {
                let shards = stretches(now).into_iter().flat_map(|stretch| (0..DUE_SHARDS).map(move |n| (stretch, n)));
                let work = shards.map(|(stretch, shard)| self.sweep(stretch, shard, None));
                let done: Vec<Result<(), Failure>> = futures::future::join_all(work).await;
                // Each shard stands on its own: one that fails does not keep the others from being handed over.
                done.into_iter().collect()
            }
            Sweep::Rest { of, from, upto, shard, after } => {
                self.sweep(Stretch { kind: of, from, upto }, shard, Some(after)).await
            }
        }
    }

    async fn sweep(&self, stretch: Stretch, shard: u8, mut after: Option<DuePosition>) -> Result<(), Failure> {
        let mut found = 0;
        for _ in 0..PAGES {
            let page = self.store.due(&stretch, shard, after, PAGE).await?;
            found += page.rows.len();
            self.hand_over(&page.rows).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if found > 0 {
            tracing::info!(kind = stretch.kind.as_str(), shard, found, upto = %stretch.upto, "sweep.handed_over");
        }
        if let Some(after) = after {
            let Stretch { kind: of, from, upto } = stretch;
            self.sweeps.send_all(&[Sweep::Rest { of, from, upto, shard, after }]).await?;
        }
        Ok(())
    }

    async fn hand_over(&self, rows: &[DueRow]) -> Result<(), Failure> {
        let (mut reminders, mut mails, mut digests, mut overdue) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut unfinished = Vec::new();
        for row in rows.iter().copied() {
            match row {
                DueRow::Reminder(user, reminder) => reminders.push((user, reminder)),
                DueRow::Mail(user_id, mail_id) => mails.push(SendMail { user_id, mail_id }),
                DueRow::Digest(user_id) => {
                    digests.push(SendDigest { user_id, cause: DigestCause::Planned, mail_id: None });
                }
                DueRow::Task(user_id, task_id) => overdue.push(TellOverdue { user_id, task_id }),
                DueRow::Attachment(user_id, attachment_id) => {
                    unfinished.push(CleanUp::Unfinished { user_id, attachment_id });
                }
            }
        }
        self.reminders.send_all(&self.firings(&reminders).await?).await?;
        self.mails.send_all(&mails).await?;
        self.digests.send_all(&digests).await?;
        self.cleanups.send_all(&unfinished).await?;
        Ok(self.overdue.send_all(&overdue).await?)
    }

    /// The index holds keys only; a firing names the plan.
    async fn firings(&self, wanted: &[(UserId, ReminderId)]) -> Result<Vec<FireReminder>, Failure> {
        let reminders = self.store.reminders_by_id(wanted).await?;
        let still = reminders.into_iter().filter(|reminder| reminder.fires_at().is_some());
        Ok(still
            .map(|reminder| FireReminder {
                user_id: reminder.user_id,
                reminder_id: reminder.id,
                task_id: reminder.task_id,
                plan: reminder.plan,
            })
            .collect())
    }
}
