//! `service-sweep`: queues work that is due, and work that was due and did not happen.
//!
//! The tick of each minute queries the index `due`: digests and due dates of the minute that has passed, and at growing
//! intervals everything that is still there. Its cost is constant, plus what is due; it never reads other rows. Work may
//! be queued twice, so every receiver checks first whether it is still to do.
//!
//! A user who changes the zone or the time of the digest has the open reviews that follow them walked, a page a message.

use shared::aws::mail_queues::MailQueues;
use shared::aws::queue::Queue;
use shared::clock::Timestamp;
use shared::config::{Variable, required};
use shared::domain::mail::MailLane;
use shared::domain::reminder::Reminder;
use shared::domain::sweep::{DuePosition, DueWindow, windows};
use shared::events::{Environment, Failure, Message, QueueFunction};
use shared::id::{ReminderId, UserId};
use shared::messages::{CleanUp, DigestCause, FireReminder, SendDigest, SendMail, Sweep, TellOverdue};
use shared::runtime::Error;
use shared::store::Store;
use shared::store::due::DueRow;
use shared::store::keys::DUE_SHARDS;

/// Rows of one page, and keys of one batch. What a page leaves goes back onto the sweep's own queue.
const PAGE: i32 = 100;
/// Pages of one shard that one message reads.
const PAGES: usize = 20;
/// Reviews that one message looks at.
const REVIEWS: u32 = 100;

/// Where work goes.
#[derive(Debug)]
pub struct Sweeper {
    pub store: Store,
    /// Reminders that should have fired.
    pub reminders: Queue<FireReminder>,
    /// Mails that should have left.
    pub mails: MailQueues,
    /// Digests whose moment has come.
    pub digests: Queue<SendDigest>,
    /// Tasks whose due date has passed.
    pub overdue: Queue<TellOverdue>,
    /// Uploads that were not finished.
    pub cleanups: Queue<CleanUp>,
    /// What is left for another run.
    pub sweeps: Queue<Sweep>,
}

impl QueueFunction for Sweeper {
    type Message = Sweep;

    const VARIABLES: &'static [Variable] = &[
        Variable::CleanupQueueUrl,
        Variable::CodeMailQueueUrl,
        Variable::DigestQueueUrl,
        Variable::MailQueueUrl,
        Variable::OverdueQueueUrl,
        Variable::ReminderQueueUrl,
        Variable::SweepQueueUrl,
    ];

    async fn start(Environment { sdk, store, .. }: Environment) -> Result<Self, Error> {
        Ok(Self {
            store,
            reminders: Queue::new(&sdk, required(Variable::ReminderQueueUrl)?),
            mails: MailQueues::from_env(&sdk)?,
            digests: Queue::new(&sdk, required(Variable::DigestQueueUrl)?),
            overdue: Queue::new(&sdk, required(Variable::OverdueQueueUrl)?),
            cleanups: Queue::new(&sdk, required(Variable::CleanupQueueUrl)?),
            sweeps: Queue::new(&sdk, required(Variable::SweepQueueUrl)?),
        })
    }

    async fn handle(&self, message: Message<Sweep>, now: Timestamp) -> Result<(), Failure> {
        match message.body {
            Sweep::Tick => {
                let shards = windows(now).into_iter().flat_map(|window| (0..DUE_SHARDS).map(move |n| (window, n)));
                let work = shards.map(|(window, shard)| self.sweep(window, shard, None));
                let done: Vec<Result<(), Failure>> = futures::future::join_all(work).await;
                // Shards are independent: a failing one does not stop the others.
                done.into_iter().collect()
            }
            Sweep::Rest { of, from, upto, shard, after } => {
                self.sweep(DueWindow { kind: of, from, upto }, shard, Some(after)).await
            }
            Sweep::Reviews { user_id, since, after } => self.reviews(user_id, since, after, now).await,
        }
    }
}

impl Sweeper {
    async fn sweep(&self, window: DueWindow, shard: u8, mut after: Option<DuePosition>) -> Result<(), Failure> {
        let mut found = 0;
        for _ in 0..PAGES {
            let page = self.store.due(&window, shard, after, PAGE).await?;
            found += page.rows.len();
            self.enqueue(&page.rows).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if found > 0 {
            tracing::info!(kind = window.kind.as_str(), shard, found, upto = %window.upto, "sweep.handed_over");
        }
        if let Some(after) = after {
            let DueWindow { kind: of, from, upto } = window;
            self.sweeps.send_all(&[Sweep::Rest { of, from, upto, shard, after }]).await?;
        }
        Ok(())
    }

    async fn enqueue(&self, rows: &[DueRow]) -> Result<(), Failure> {
        let (mut reminders, mut mails, mut digests, mut overdue) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut codes, mut unfinished) = (Vec::new(), Vec::new());
        for row in rows.iter().copied() {
            match row {
                DueRow::Reminder(user, reminder) => reminders.push((user, reminder)),
                DueRow::Mail(user_id, mail_id, MailLane::Codes) => codes.push(SendMail { user_id, mail_id }),
                DueRow::Mail(user_id, mail_id, MailLane::Others) => mails.push(SendMail { user_id, mail_id }),
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
        self.mails.codes.send_all(&codes).await?;
        self.mails.others.send_all(&mails).await?;
        self.digests.send_all(&digests).await?;
        self.cleanups.send_all(&unfinished).await?;
        Ok(self.overdue.send_all(&overdue).await?)
    }

    /// Queues a page of a user's reviews that are not where the user's settings have them: firing moves each. The rest is the next
    /// message's.
    async fn reviews(
        &self,
        user_id: UserId,
        since: Timestamp,
        after: Option<ReminderId>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(found) = self.store.following_reviews(user_id, since, (after, REVIEWS)).await? else {
            return Ok(());
        };
        let moved = found.reviews.iter().filter(|review| review.follow_digest(&found.user, now).is_some());
        self.reminders.send_all(&moved.map(firing).collect::<Vec<_>>()).await?;
        if found.next.is_some() {
            self.sweeps.send_all(&[Sweep::Reviews { user_id, since, after: found.next }]).await?;
        }
        Ok(())
    }

    /// The index holds keys only; a firing names the plan.
    async fn firings(&self, wanted: &[(UserId, ReminderId)]) -> Result<Vec<FireReminder>, Failure> {
        let reminders = self.store.reminders_by_id(wanted).await?;
        let still = reminders.into_iter().filter(|reminder| reminder.fires_at().is_some());
        Ok(still.map(|reminder| firing(&reminder)).collect())
    }
}

fn firing(reminder: &Reminder) -> FireReminder {
    FireReminder { user_id: reminder.user_id, reminder_id: reminder.id, task_id: reminder.task_id, plan: reminder.plan }
}
