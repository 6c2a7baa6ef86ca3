//! `reminders-fire`: an hour before its moment a reminder tells its user, in the app and by mail.
//!
//! The message names a reminder and the plan that it was made for. One transaction claims the reminder (it is
//! over from then on), writes the notification, and writes the mail, which the stream hands to the mail queue.
//! So a run that is killed anywhere has done all of it or nothing, a message that comes twice finds nothing to
//! do, and so does one for a reminder that was moved, finished or deleted.
//!
//! A review whose time is that of the digest is moved instead, if its user has changed that or the zone: `service-sweep` sends
//! a message for each when they change, and one that slipped through is noticed when it fires.

use std::time::Duration;

use serde_json::json;
use shared::clock::Timestamp;
use shared::domain::delivery::{Delivery, DeliveryState};
use shared::domain::firing::FiringDecision;
use shared::events::{Environment, Failure, Message, QueueFunction, log_reminder_lateness, retry_races};
use shared::messages::FireReminder;
use shared::runtime::Error;
use shared::store::counters::CounterSnapshot;
use shared::store::{Permit, Refusal, Store, WriteError};

/// A message that comes earlier than this before its reminder's time was made by mistake, not by a clock that is a
/// little ahead. The sweep sends the reminder when its time has passed.
const EARLY: Duration = Duration::from_secs(6 * 60);
/// What the function works with.
#[derive(Debug)]
pub struct ReminderSender {
    /// The table.
    pub store: Store,
    /// The permit to write.
    pub permit: Permit,
    /// The stage, for the metrics.
    pub stage: String,
}

impl QueueFunction for ReminderSender {
    type Message = FireReminder;

    async fn start(environment: Environment) -> Result<Self, Error> {
        Ok(Self { store: environment.store, permit: environment.permit, stage: environment.config.stage })
    }

    /// Fires a reminder. The lateness of a notification in the app is a metric here; that of a mail is known once SES has
    /// taken it, and `mail-send` measures it.
    async fn handle(&self, message: Message<FireReminder>, now: Timestamp) -> Result<(), Failure> {
        let reminder_id = message.body.reminder_id;
        if let Some(receipt) = handle(&self.store, &self.permit, message.body, now).await? {
            log_reminder_lateness(&self.stage, "push", &receipt, ("reminder_id", json!(reminder_id)));
        }
        Ok(())
    }
}

/// Fires a reminder, if it still is what the message says. Returns the receipt of one that goes out in the app only: it
/// is out now.
///
/// # Errors
/// The table failed, or others never let it through: the message comes again.
pub async fn handle(
    store: &Store,
    permit: &Permit,
    message: FireReminder,
    now: Timestamp,
) -> Result<Option<Delivery>, Failure> {
    // Another run was faster, or the user was, or another reminder counts its mail: the next try sees which.
    let races = [Refusal::ReminderChanged, Refusal::MailboxChanged];
    retry_races(&races, async || attempt(store, permit, &message, now).await).await
}

async fn attempt(
    store: &Store,
    permit: &Permit,
    message: &FireReminder,
    now: Timestamp,
) -> Result<Option<Delivery>, WriteError> {
    let FireReminder { user_id, reminder_id, task_id, plan } = *message;
    let Some(firing) = store.firing(user_id, reminder_id, task_id).await? else {
        tracing::info!(%reminder_id, plan, "reminder.gone");
        return Ok(None);
    };
    let reminder = &firing.reminder;
    let Some(fires_at) = reminder.fires_at().filter(|_| reminder.plan == plan) else {
        tracing::info!(%reminder_id, plan, present_plan = reminder.plan, "reminder.stale");
        return Ok(None);
    };
    if let Some(change) = reminder.follow_digest(&firing.user, now) {
        store.update_reminder(permit, &change, &CounterSnapshot::default()).await?;
        return Ok(None);
    }
    if fires_at.since(now) > EARLY {
        tracing::warn!(%reminder_id, plan, "reminder.early");
        return Ok(None);
    }
    match firing.decide(now) {
        FiringDecision::Cancel(change) => {
            store.update_reminder(permit, &change, &CounterSnapshot::default()).await?;
            Ok(None)
        }
        FiringDecision::Fire(fired) => {
            store.fire_reminder(permit, &firing.user, &fired).await?;
            let delivery = fired.change.next.delivery;
            Ok(Some(delivery).filter(|delivery| delivery.state == DeliveryState::Sent))
        }
    }
}
