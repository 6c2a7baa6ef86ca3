//! `mail-send`: sends one mail, once in the ordinary run of things and never not at all.
//!
//! A try claims the mail with a lease, hands it to SES, and records that it did. Killed before SES took it, the
//! next try sends it when the lease has ended; killed between SES and the record, it goes out a second time,
//! which no mail system without a common transaction can rule out. What fails is given back and tried again with
//! the queue's pauses; after the last delivery the failure is recorded and the message parked.

use std::num::NonZeroU32;
use std::time::Duration;

use shared::aws::mailer::Mailer;
use shared::aws::queue::SendMail;
use shared::aws::secrets::Secrets;
use shared::clock::Timestamp;
use shared::domain::mail::MailState;
use shared::events::{Failure, Message};
use shared::store::mails::{Outcome, Outgoing};
use shared::store::{Permit, Refusal, Store, WriteError};

use crate::render::render;

/// Longer than the function may run, shorter than the queue waits between deliveries.
const LEASE: Duration = Duration::from_secs(60);

/// What sending takes.
#[derive(Debug)]
pub struct Sender {
    /// The table.
    pub store: Store,
    /// The keys that tokens in mails are derived from.
    pub secrets: Secrets,
    /// SES.
    pub mailer: Mailer,
    /// Where the app is.
    pub frontend_url: String,
    /// Deliveries of a message before the queue parks it.
    pub max_receives: NonZeroU32,
}

impl Sender {
    /// Sends the mail that the message names, unless that was done.
    ///
    /// # Errors
    /// It could not be sent, or another try has it: the message comes again.
    pub async fn handle(&self, message: Message<SendMail>, now: Timestamp) -> Result<(), Failure> {
        let SendMail { user_id, mail_id } = message.body;
        let Some(Outgoing { mut mail, user }) = self.store.outgoing(user_id, mail_id).await? else {
            tracing::info!(%mail_id, "mail.gone");
            return Ok(());
        };
        if mail.state == MailState::Sent {
            tracing::info!(%mail_id, "mail.sent_before");
            return Ok(());
        }
        let permit = Permit::of_system();
        match self.store.claim_mail(&permit, &mail, LEASE, now).await {
            Err(WriteError::Refused(Refusal::MailClaimed)) => return Err("another try has the mail".into()),
            claimed => claimed?,
        }
        mail.attempts += 1;
        let rendered = render(&mail, &user, &self.frontend_url, &*self.secrets.keyring().await)?;
        let sent = self.mailer.send(&user.email, rendered).await;
        let settled_at = Timestamp::now();
        match sent {
            Ok(()) => {
                self.store.settle_mail(&permit, &mail, Outcome::Sent, settled_at).await?;
                tracing::info!(%mail_id, attempts = mail.attempts, "mail.sent");
                Ok(())
            }
            Err(error) => {
                if message.deliveries >= self.max_receives.get() {
                    let outcome = Outcome::Failed { reason: "the mail service did not take it" };
                    self.store.settle_mail(&permit, &mail, outcome, settled_at).await?;
                } else {
                    self.store.release_mail(&permit, &mail).await?;
                }
                Err(error.into())
            }
        }
    }
}
