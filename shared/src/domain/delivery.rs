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

/// A delivery's receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// What became of it.
    pub state: DeliveryState,
    /// When it is to go out; null when it never was.
    pub scheduled_for: Option<Timestamp>,
    /// When it went out.
    pub sent_at: Option<Timestamp>,
    /// How long after `scheduled_for` it went out, in milliseconds.
    pub lateness_ms: Option<u64>,
    /// Tries so far.
    pub attempts: u32,
    /// Why it failed, bounced or will not happen.
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

    /// The receipt of a delivery that the receiving mail server took.
    #[must_use]
    pub fn delivered(&self) -> Self {
        Self { state: DeliveryState::Delivered, ..self.clone() }
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
