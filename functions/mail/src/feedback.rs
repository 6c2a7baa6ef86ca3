//! `mail-feedback`: what SES tells of mails that left: taken by the receiving server, come back, or called spam.
//!
//! SES's events name mail and user by the tags that the mail was sent with, so nothing is looked up by address. A mail
//! of which SES tells anything has left: where the record of that was lost, it is made now, and the mail is not sent
//! again.

use std::collections::HashMap;

use serde::Deserialize;
use shared::aws::mailer::{MAIL_TAG, USER_TAG};
use shared::clock::Timestamp;
use shared::domain::delivery::{Delivery, DeliveryEvent, MailOutcome};
use shared::domain::mail::{MailContent, MailState};
use shared::domain::notification::Notification;
use shared::domain::user::MailStop;
use shared::events::{Environment, Failure, Message, QueueFunction, retry_races};
use shared::id::{MailId, UserId};
use shared::runtime::Error;
use shared::store::mails::Outgoing;
use shared::store::{Permit, Refusal, Store, WriteError};

/// An event of SES, as far as it is of interest.
/// <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SesEvent {
    /// `Delivery`, `Bounce`, `Complaint`, …
    event_type: String,
    mail: SesMail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
}

#[derive(Clone, Debug, Deserialize)]
struct SesMail {
    #[serde(default)]
    tags: HashMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    /// `Permanent`, `Transient`, `Undetermined`.
    bounce_type: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    /// `abuse`, `fraud`, `not-spam`, …; missing where the report named none.
    complaint_feedback_type: Option<String>,
}

/// What an event means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Meaning {
    /// What became of the mail.
    delivery: DeliveryEvent,
    /// Why mail to the address stops.
    stop: Option<MailStop>,
}

impl SesEvent {
    /// `None` for an event that changes nothing.
    fn meaning(&self) -> Option<Meaning> {
        let (delivery, stop) = match self.event_type.as_str() {
            "Delivery" => (DeliveryEvent::Accepted, None),
            // Its reader took it out of the folder for spam.
            "Complaint" if self.complaint_type() == Some("not-spam") => return None,
            // It arrived. That its reader called it spam is notified in the app.
            "Complaint" => (DeliveryEvent::Accepted, Some(MailStop::Complained)),
            "Bounce" => match self.bounce.as_ref().map(|bounce| bounce.bounce_type.as_str()) {
                Some("Permanent") => (DeliveryEvent::Refused, Some(MailStop::Bounced)),
                _ => (DeliveryEvent::CameBack, None),
            },
            _ => return None,
        };
        Some(Meaning { delivery, stop })
    }

    fn complaint_type(&self) -> Option<&str> {
        self.complaint.as_ref()?.complaint_feedback_type.as_deref()
    }

    /// Whose mail it is about, and which; `None` for mails that were sent without tags.
    fn subject(&self) -> Option<(UserId, MailId)> {
        let tag = |name: &str| self.mail.tags.get(name)?.first();
        Some((UserId::parse(tag(USER_TAG)?).ok()?, MailId::parse(tag(MAIL_TAG)?).ok()?))
    }
}

/// What SES publishes when it begins to publish to a topic:
/// `Successfully validated SNS topic for Amazon SES event publishing.`
const ANNOUNCEMENT: &str = "Successfully validated SNS topic";

/// What the function works with.
#[derive(Debug)]
pub struct FeedbackRecorder {
    /// The table.
    pub store: Store,
    /// The permit to write.
    pub permit: Permit,
}

impl QueueFunction for FeedbackRecorder {
    type Message = SesEvent;

    async fn start(environment: Environment) -> Result<Self, Error> {
        Ok(Self { store: environment.store, permit: environment.permit })
    }

    /// A new event destination is announced with a sentence, which is no JSON.
    fn parse(text: &str) -> Result<Option<SesEvent>, Failure> {
        if text.starts_with(ANNOUNCEMENT) {
            tracing::info!("feedback.destination_validated");
            return Ok(None);
        }
        Ok(Some(serde_json::from_str(text)?))
    }

    async fn handle(&self, message: Message<SesEvent>, now: Timestamp) -> Result<(), Failure> {
        handle(&self.store, &self.permit, &message.body, now).await
    }
}

/// Records an event. One that comes twice, or in another order, changes nothing that it should not.
///
/// # Errors
/// The table failed: the message comes again.
pub async fn handle(store: &Store, permit: &Permit, event: &SesEvent, now: Timestamp) -> Result<(), Failure> {
    let Some((Meaning { delivery, stop }, (user_id, mail_id))) = event.meaning().zip(event.subject()) else {
        tracing::info!(event_type = event.event_type, "feedback.ignored");
        return Ok(());
    };
    tracing::info!(%mail_id, event_type = event.event_type, "feedback.received");
    if let Some(stop) = stop {
        match store.stop_mail(permit, stop, &Notification::mail_stopped(user_id, stop, now)).await {
            // Stopped before, or the account is gone.
            Ok(()) | Err(WriteError::Refused(Refusal::AccountChanged)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let Some(Outgoing { mail, .. }) = store.outgoing(user_id, mail_id).await? else {
        return Ok(());
    };
    let was_recorded = mail.state == MailState::Sent;
    if !was_recorded {
        store.settle_mail(permit, &mail, MailOutcome::Sent).await?;
    }
    // A digest's receipt is on every reminder that it told of, and mail-send comes again until it is.
    if !(was_recorded && matches!(mail.content, MailContent::Digest { .. })) {
        store.write_receipt(permit, &mail, MailOutcome::Sent, now).await?;
    }
    let receipt = |present: &Delivery| present.after(delivery);
    retry_races(&[Refusal::ReminderChanged], async || store.amend_receipt(permit, &mail, receipt, now).await).await
}
