//! `mail-send`: sends one mail, once in the ordinary run of things and never not at all.
//!
//! A try claims the mail with a lease, hands it to SES, and records that it did. Killed before SES took it, the
//! next try sends it when the lease has ended; killed between SES and the record, it goes out a second time,
//! which no mail system without a common transaction can rule out. What SES refuses is given back and tried again
//! with the queue's pauses; where its answer was lost, the lease runs out first. What SES has no room for just now goes back
//! to the queue for a random while. After the last delivery the
//! failure is recorded and the message parked.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use shared::auth::keyring::Keyring;
use shared::auth::secrets::Secrets;
use shared::aws::mail_queues::MailQueues;
use shared::aws::mailer::{Mailer, NotSent};
use shared::aws::queue::LONGEST_DELAY;
use shared::aws::secrets::SecretText;
use shared::backoff::{Backoff, retry};
use shared::clock::{Clock, Timestamp};
use shared::config::{Variable, parsed, required, url};
use shared::domain::delivery::MailOutcome;
use shared::domain::mail::{Mail, MailContent, MailLane, MailState};
use shared::domain::remaining::Remaining;
use shared::events::{Environment, Failure, Message, QueueFunction, log_reminder_lateness};
use shared::messages::SendMail;
use shared::runtime::Error;
use shared::store::mails::{MailClaimed, Outgoing};
use shared::store::{Permit, Store, WriteError};

use crate::render::{Links, render};

/// Longer than the function may run, shorter than the queue waits between deliveries.
const LEASE: Duration = Duration::from_secs(60);

/// A reminder's mail that is older than this is sent only if its task still is to be done.
const LATE: Duration = Duration::from_secs(3600);

/// Tries to record that a mail has left, besides the SDK's own: the alternative is to send it again.
const SETTLE: Backoff = Backoff::new(4, Duration::from_millis(500), Duration::from_secs(2));

/// What sending takes.
#[derive(Debug)]
pub struct Sender {
    pub store: Store,
    /// The permit to write.
    pub permit: Permit,
    /// The keys that tokens in mails are derived from.
    pub secrets: Secrets,
    pub mailer: Mailer,
    /// Where links lead.
    pub links: Links,
    /// The deployment, for the metrics.
    pub stage: String,
    /// Deliveries of a message before the queue parks it.
    pub max_receives: NonZeroU32,
    /// Its own queues.
    pub queues: MailQueues,
    /// The source of the instant that a receipt carries: after SES has answered.
    pub clock: Clock,
}

/// How long a mail waits at most when SES takes no more, the first time; it doubles with each try.
const FIRST_WAIT: Duration = Duration::from_secs(15);
/// The same for a code or a reset, for which somebody waits.
const FIRST_WAIT_OF_CODE: Duration = Duration::from_secs(1);
/// Tries of a mail beyond which SES's throttling counts as a failure: some hours.
const THROTTLED_TRIES: u32 = 30;

impl QueueFunction for Sender {
    type Message = SendMail;

    const VARIABLES: &'static [Variable] = &[
        Variable::CodeMailQueueUrl,
        Variable::MailFrom,
        Variable::MailQueueUrl,
        Variable::MaxReceives,
        Variable::SesConfigurationSet,
    ];

    async fn start(Environment { config, sdk, store, permit }: Environment) -> Result<Self, Error> {
        #[expect(clippy::disallowed_methods, reason = "the edge of the function")]
        let clock = Clock::system();
        Ok(Self {
            store,
            permit,
            secrets: Secrets::load(SecretText::new(&sdk, required(Variable::SecretId)?)).await?,
            mailer: Mailer::new(&sdk, parsed(Variable::MailFrom)?, required(Variable::SesConfigurationSet)?),
            links: Links { frontend: config.frontend_url, public: url(Variable::PublicUrl)? },
            stage: config.stage,
            max_receives: parsed(Variable::MaxReceives)?,
            queues: MailQueues::from_env(&sdk)?,
            clock,
        })
    }

    /// Sends the mail that the message names, unless it was sent before.
    async fn handle(&self, message: Message<SendMail>, now: Timestamp) -> Result<(), Failure> {
        let SendMail { user_id, mail_id } = message.body;
        let Some(Outgoing { mut mail, user }) = self.store.outgoing(user_id, mail_id).await? else {
            tracing::info!(%mail_id, "mail.gone");
            return Ok(());
        };
        let permit = &self.permit;
        match mail.state {
            // The try that sent it may have been killed before it wrote the receipt.
            MailState::Sent => return self.receipt(permit, &mail, MailOutcome::Sent, now).await,
            MailState::Held => return Ok(()),
            MailState::Queued | MailState::Sending | MailState::Failed => {}
        }
        match self.store.claim_mail(permit, &mail, LEASE, now).await {
            Err(WriteError::Refused(MailClaimed)) => return Err("another try has the mail".into()),
            claimed => claimed?,
        }
        mail.attempts += 1;
        let held_back = match mail.content.held_back(&user, now) {
            None => self.overtaken(&mail, now).await?,
            reason => reason,
        };
        if let Some(reason) = held_back {
            tracing::info!(%mail_id, reason, "mail.held_back");
            return self.settle(permit, &mail, MailOutcome::Held { reason }).await;
        }
        let rendered = match render(&mail, &user, &self.links, &*self.keyring(&mail).await) {
            Ok(rendered) => rendered,
            Err(error) => {
                self.settle(permit, &mail, MailOutcome::Failed { reason: "the mail could not be written" }).await?;
                return Err(error);
            }
        };
        let Err(error) = self.mailer.send(&user.email, rendered, (user_id, mail_id)).await else {
            tracing::info!(%mail_id, attempts = mail.attempts, "mail.sent");
            return self.settle(permit, &mail, MailOutcome::Sent).await;
        };
        if matches!(error, NotSent::Throttled(_)) && mail.attempts < THROTTLED_TRIES {
            return self.wait(permit, &mail).await;
        }
        if message.deliveries >= self.max_receives.get() {
            self.settle(permit, &mail, MailOutcome::Failed { reason: "the mail service did not take it" }).await?;
        } else if !matches!(error, NotSent::Unknown(_)) {
            self.store.release_mail(permit, &mail).await?;
        }
        Err(error.into())
    }
}

impl Sender {
    /// Why a reminder's mail that comes late, out of the parked ones say, is of no use any more. An ordinary one is not
    /// looked into: its task was read when it was written.
    async fn overtaken(&self, mail: &Mail, now: Timestamp) -> Result<Option<&'static str>, Failure> {
        let MailContent::HourBefore { task_id, remaining, .. } = &mail.content else {
            return Ok(None);
        };
        if now < mail.created_at.plus(LATE) {
            return Ok(None);
        }
        Ok(match self.store.task(mail.user_id, *task_id).await? {
            None => Some("its task was deleted"),
            Some(row) if row.task.is_over_since(mail.created_at) => Some("its task is completed"),
            Some(row) if *remaining == Remaining::Review && row.task.is_reviewed_since(mail.created_at) => {
                Some("its review was rated")
            }
            Some(_) => None,
        })
    }

    /// Gives the mail back for a while that grows with its tries and differs from mail to mail, as a new message: a burst
    /// that is larger than SES's rate spreads out by itself, and uses up none of the queue's few deliveries. Killed in
    /// between, there are two messages, of which one finds nothing to do.
    async fn wait(&self, permit: &Permit, mail: &Mail) -> Result<(), Failure> {
        self.store.release_mail(permit, mail).await?;
        let lane = mail.content.lane();
        let first = match lane {
            MailLane::Codes => FIRST_WAIT_OF_CODE,
            MailLane::Others => FIRST_WAIT,
        };
        let longest = first.saturating_mul(2_u32.saturating_pow(mail.attempts)).min(LONGEST_DELAY);
        let delay = longest.mul_f64(fastrand::f64());
        tracing::info!(mail_id = %mail.id, attempts = mail.attempts, delay_s = delay.as_secs(), "mail.throttled");
        Ok(self.queues.of(lane).send(&SendMail { user_id: mail.user_id, mail_id: mail.id }, delay).await?)
    }

    /// The keys, among them the one that the mail's token or code is derived with.
    async fn keyring(&self, mail: &Mail) -> Arc<Keyring> {
        match mail.content.kid() {
            Some(kid) => self.secrets.keyring_with(kid).await,
            None => self.secrets.keyring().await,
        }
    }

    async fn settle(&self, permit: &Permit, mail: &Mail, outcome: MailOutcome) -> Result<(), Failure> {
        let now = self.clock.now();
        retry(SETTLE, |_| true, async || self.store.settle_mail(permit, mail, outcome).await).await?;
        self.receipt(permit, mail, outcome, now).await
    }

    /// Writes the receipt; how late the mail left is a metric.
    async fn receipt(&self, permit: &Permit, mail: &Mail, outcome: MailOutcome, now: Timestamp) -> Result<(), Failure> {
        let receipt = self.store.write_receipt(permit, mail, outcome, now).await?;
        if let Some(receipt) = receipt.filter(|_| outcome == MailOutcome::Sent) {
            log_reminder_lateness(&self.stage, "mail", &receipt, ("mail_id", json!(mail.id)));
        }
        Ok(())
    }
}
