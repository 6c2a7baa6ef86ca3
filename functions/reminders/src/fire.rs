//! `reminders-fire`: an hour before its moment a reminder tells its user, in the app and by mail.
//!
//! The message names a reminder and the plan that it was made for. One transaction claims the reminder (it is
//! over from then on), writes the notification, and writes the mail, which the stream hands to the mail queue.
//! So a run that is killed anywhere has done all of it or nothing, a message that comes twice finds nothing to
//! do, and so does one for a reminder that was moved, finished or deleted.

use std::time::Duration;

use serde_json::json;
use shared::aws::queue::FireReminder;
use shared::clock::Timestamp;
use shared::domain::delivery::{Delivery, DeliveryState};
use shared::domain::mail::{Mail, UNSUBSCRIBED};
use shared::domain::notification::Notification;
use shared::domain::reminder::{Reminder, ReminderStatus};
use shared::domain::task::{Task, TaskStatus};
use shared::domain::user::User;
use shared::events::Failure;
use shared::store::reminders::Firing;
use shared::store::{Permit, Refusal, Store, WriteError};
use shared::telemetry;

/// A message that comes earlier than this before its reminder's time was made by mistake, not by a clock that is a
/// little ahead. The sweep sends the reminder when its time has passed.
const EARLY: Duration = Duration::from_secs(6 * 60);
/// Tries against others who change the same rows; then the message waits for its next delivery.
const TRIES: u32 = 8;
/// The longest first pause between tries; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Fires a reminder as [`handle`] does; how late one was shown in the app is a metric. A mail's lateness is known when
/// it has left, and `mail-send` tells of it.
///
/// # Errors
/// As [`handle`].
pub async fn serve(store: &Store, stage: &str, message: FireReminder, now: Timestamp) -> Result<(), Failure> {
    let reminder_id = message.reminder_id;
    if let Some(receipt) = handle(store, message, now).await? {
        telemetry::reminder_lateness(stage, "push", &receipt, ("reminder_id", json!(reminder_id)));
    }
    Ok(())
}

/// Fires a reminder, if it still is what the message says. Returns the receipt of one that goes out in the app only: it
/// is out now.
///
/// # Errors
/// The table failed, or others never let it through: the message comes again.
pub async fn handle(store: &Store, message: FireReminder, now: Timestamp) -> Result<Option<Delivery>, Failure> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match attempt(store, &message, now).await {
            // Another run was faster, or the user was, or another reminder counts its mail: the next try sees which.
            Err(WriteError::Refused(Refusal::ReminderChanged | Refusal::AccountChanged)) => {
                tokio::time::sleep(pause.mul_f64(fastrand::f64())).await;
                pause *= 2;
            }
            other => return Ok(other?),
        }
    }
    Ok(attempt(store, &message, now).await?)
}

async fn attempt(store: &Store, message: &FireReminder, now: Timestamp) -> Result<Option<Delivery>, WriteError> {
    let FireReminder { user_id, reminder_id, task_id, plan } = *message;
    let Some(Firing { reminder, task, user }) = store.firing(user_id, reminder_id, task_id).await? else {
        tracing::info!(%reminder_id, plan, "reminder.gone");
        return Ok(None);
    };
    let Some(fires_at) = reminder.fires_at().filter(|_| reminder.plan == plan) else {
        tracing::info!(%reminder_id, plan, present_plan = reminder.plan, "reminder.stale");
        return Ok(None);
    };
    if fires_at.since(now) > EARLY {
        tracing::warn!(%reminder_id, plan, "reminder.early");
        return Ok(None);
    }
    let permit = Permit::of_system();
    match decide(&reminder, &task, &user) {
        Decision::CallOff(reason) => {
            let mut skipped = reminder.clone();
            skipped.skip(now, reason);
            store.update_reminder(&permit, &skipped, reminder.version).await?;
            Ok(None)
        }
        Decision::Fire(mailing) => {
            let mut fired = reminder.clone();
            fired.fire(now);
            let mail = match mailing {
                Mailing::Yes => Some(Mail::hour_before(&fired, &task, now)),
                Mailing::No => None,
                Mailing::Refused(reason) => {
                    fired.delivery = fired.delivery.failed(0, reason);
                    None
                }
                Mailing::Unwanted(reason) => {
                    fired.delivery = fired.delivery.skipped(reason);
                    None
                }
            };
            let notification = Notification::upcoming(&task, now);
            store.fire_reminder(&permit, (&fired, reminder.version), &notification, mail.as_ref(), &user).await?;
            Ok(Some(fired.delivery).filter(|delivery| delivery.state == DeliveryState::Sent))
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Decision {
    CallOff(&'static str),
    Fire(Mailing),
}

#[derive(Debug, PartialEq, Eq)]
enum Mailing {
    Yes,
    No,
    Refused(&'static str),
    Unwanted(&'static str),
}

fn decide(reminder: &Reminder, task: &Task, user: &User) -> Decision {
    // Completing a task calls off the reminders that it has; one that was being planned meanwhile slips through.
    let slipped = task.status == TaskStatus::Completed
        && reminder.status == ReminderStatus::Pending
        && task.completed_at.is_some_and(|completed| reminder.planned_at <= completed);
    if slipped {
        return Decision::CallOff("its task was completed");
    }
    Decision::Fire(match user.refuses_mail() {
        _ if !reminder.channel.mails() => Mailing::No,
        _ if user.reminder_mails_off => Mailing::Unwanted(UNSUBSCRIBED),
        Some(reason) => Mailing::Refused(reason),
        None => Mailing::Yes,
    })
}
