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

/// What the mail service reports of a mail that it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryEvent {
    /// The receiving mail server took it.
    Accepted,
    /// It came back: a mailbox that was full, or the automatic reply of one who is away.
    CameBack,
    /// The address does not accept mail.
    Refused,
}

impl DeliveryEvent {
    /// The reason in the receipt, for the user.
    fn reason(self) -> Option<&'static str> {
        match self {
            Self::Accepted => None,
            Self::CameBack => Some("the mail came back"),
            Self::Refused => Some("the address does not accept mail"),
        }
    }
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

    /// The receipt after an event of the mail service; `None` where that changes nothing. The order of the events makes no
    /// difference: a refusal of the address outweighs a delivery, and a delivery a mail that came back, which then is an
    /// automatic reply.
    pub fn after(&self, event: DeliveryEvent) -> Option<Self> {
        let came_back = self.reason.as_deref() == DeliveryEvent::CameBack.reason();
        let (state, counts) = match event {
            DeliveryEvent::Accepted => {
                let counts = match self.state {
                    DeliveryState::Sent => true,
                    DeliveryState::Bounced => came_back,
                    DeliveryState::Scheduled
                    | DeliveryState::Delivered
                    | DeliveryState::Failed
                    | DeliveryState::Skipped => false,
                };
                (DeliveryState::Delivered, counts)
            }
            DeliveryEvent::CameBack => {
                (DeliveryState::Bounced, !matches!(self.state, DeliveryState::Delivered | DeliveryState::Bounced))
            }
            DeliveryEvent::Refused => (DeliveryState::Bounced, self.state != DeliveryState::Bounced || came_back),
        };
        counts.then(|| Self { state, reason: event.reason().map(ToOwned::to_owned), ..self.clone() })
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

    /// The receipt of a delivery that does not happen.
    #[must_use]
    pub fn skipped(&self, reason: &str) -> Self {
        Self { state: DeliveryState::Skipped, reason: Some(reason.to_owned()), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::testing::now;

    #[test]
    fn the_receipt_is_the_same_in_whatever_order_the_events_come_and_however_often() {
        use DeliveryEvent::{Accepted, CameBack, Refused};

        let sent = Delivery::scheduled(now()).sent(now(), 1);
        let receipt = |events: &[DeliveryEvent]| {
            events.iter().fold(sent.clone(), |receipt, event| receipt.after(*event).unwrap_or(receipt))
        };
        for (events, state, reason) in [
            (&[Accepted][..], DeliveryState::Delivered, None),
            (&[CameBack], DeliveryState::Bounced, Some("the mail came back")),
            (&[Accepted, CameBack], DeliveryState::Delivered, None),
            (&[CameBack, Accepted], DeliveryState::Delivered, None),
            (&[CameBack, Accepted, CameBack, Accepted], DeliveryState::Delivered, None),
            (&[Refused, Accepted], DeliveryState::Bounced, Some("the address does not accept mail")),
            (&[Accepted, Refused], DeliveryState::Bounced, Some("the address does not accept mail")),
            (
                &[CameBack, Refused, CameBack, Accepted],
                DeliveryState::Bounced,
                Some("the address does not accept mail"),
            ),
        ] {
            let twice: Vec<_> = events.iter().flat_map(|event| [*event; 2]).collect();
            for events in [events, &twice[..]] {
                let receipt = receipt(events);
                assert_eq!((receipt.state, receipt.reason.as_deref()), (state, reason), "{events:?}");
            }
        }
    }

    #[test]
    fn an_event_without_news_changes_nothing() {
        let sent = Delivery::scheduled(now()).sent(now(), 1);
        for event in [DeliveryEvent::Accepted, DeliveryEvent::CameBack, DeliveryEvent::Refused] {
            let once = sent.after(event).unwrap();
            assert_eq!(once.after(event), None, "{event:?}");
        }
    }
}
