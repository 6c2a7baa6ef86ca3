//! What became of a reminder, for its user to see.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::word_type;

word_type! {
    /// What became of a reminder's delivery.
    DeliveryState {
        /// Still to come.
        Scheduled = "scheduled",
        /// Handed to the mail service, or shown in the app for push.
        Sent = "sent",
        /// Taken by the receiving mail server.
        Delivered = "delivered",
        /// Refused by the receiving mail server.
        Bounced = "bounced",
        /// Given up after every retry.
        Failed = "failed",
        /// Will not happen.
        Skipped = "skipped",
    }
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailOutcome {
    /// The mail service took it.
    Sent,
    /// It was given up.
    Failed {
        /// Why, for the user.
        reason: &'static str,
    },
    /// It is not wanted any more.
    Held {
        /// Why, for the user.
        reason: &'static str,
    },
}

/// A delivery's receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct Delivery {
    /// Outcome of the delivery.
    pub state: DeliveryState,
    /// Planned time; null if it was never planned.
    pub scheduled_for: Option<Timestamp>,
    /// Actual time.
    pub sent_at: Option<Timestamp>,
    /// Milliseconds between the planned and the actual time.
    pub lateness_ms: Option<u64>,
    /// Attempts so far.
    pub attempts: u32,
    /// Why it failed, bounced or was skipped.
    pub reason: Option<String>,
}

impl Delivery {
    pub(super) fn scheduled(fire_at: Timestamp) -> Self {
        Self {
            state: DeliveryState::Scheduled,
            scheduled_for: Some(fire_at),
            sent_at: None,
            lateness_ms: None,
            attempts: 0,
            reason: None,
        }
    }

    /// The receipt once its mail was settled at `now`, after `attempts` tries.
    #[must_use]
    pub fn settled(&self, outcome: MailOutcome, attempts: u32, now: Timestamp) -> Self {
        match outcome {
            MailOutcome::Sent => self.sent(now, attempts),
            MailOutcome::Failed { reason } => self.failed(attempts, reason),
            MailOutcome::Held { reason } => self.skipped(reason),
        }
    }

    /// The receipt once the receiving mail server took the mail; `None` where it changes nothing: one that came back stays.
    pub fn accepted(&self) -> Option<Self> {
        (self.state == DeliveryState::Sent).then(|| Self { state: DeliveryState::Delivered, ..self.clone() })
    }

    /// The receipt of a delivery that went out at `now`, after `attempts` tries.
    #[must_use]
    pub fn sent(&self, now: Timestamp, attempts: u32) -> Self {
        let lateness = self.scheduled_for.map(|due| now.since(due));
        Self {
            state: DeliveryState::Sent,
            sent_at: Some(now),
            lateness_ms: lateness.map(|late| u64::try_from(late.as_millis()).unwrap_or(u64::MAX)),
            attempts,
            reason: None,
            ..self.clone()
        }
    }

    /// The receipt of a delivery that was given up after `attempts` tries.
    #[must_use]
    pub fn failed(&self, attempts: u32, reason: &str) -> Self {
        Self { state: DeliveryState::Failed, attempts, reason: Some(reason.to_owned()), ..self.clone() }
    }

    /// The receipt of a delivery that came back, or that its addressee called spam.
    #[must_use]
    pub fn bounced(&self, reason: &str) -> Self {
        Self { state: DeliveryState::Bounced, reason: Some(reason.to_owned()), ..self.clone() }
    }

    /// The receipt of a delivery that does not happen.
    #[must_use]
    pub fn skipped(&self, reason: &str) -> Self {
        Self { state: DeliveryState::Skipped, reason: Some(reason.to_owned()), ..self.clone() }
    }
}
