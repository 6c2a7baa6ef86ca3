//! What happens when a reminder fires.

use crate::clock::Timestamp;
use crate::domain::mail::{Mail, UNSUBSCRIBED};
use crate::domain::mailbox::{UnverifiedMail, UnverifiedMailbox};
use crate::domain::notification::Notification;
use crate::domain::remaining::Remaining;
use crate::domain::reminder::{Reminder, ReminderStatus};
use crate::domain::reminder_change::{ReminderChange, TASK_COMPLETED};
use crate::domain::task::{Task, TaskStatus};
use crate::domain::user::User;

/// What a firing depends on.
#[derive(Clone, Debug)]
pub struct Firing {
    /// The reminder.
    pub reminder: Reminder,
    /// Its task.
    pub task: Task,
    /// Its user.
    pub user: User,
    /// The user's mailbox, where nobody has verified the address.
    pub unverified: Option<UnverifiedMailbox>,
}

/// What a firing does.
#[derive(Clone, Debug)]
pub enum FiringDecision {
    /// The reminder is cancelled: its task is completed.
    Cancel(Box<ReminderChange>),
    /// It fires.
    Fire(Box<Fired>),
}

/// A reminder that fires.
#[derive(Clone, Debug)]
pub struct Fired {
    /// The reminder is over.
    pub change: ReminderChange,
    /// What the user sees in the app.
    pub notification: Notification,
    /// Its mail, if it has one and the address takes it.
    pub mail: Option<Mail>,
    /// What counts its mail, where nobody has verified the address.
    pub unverified: Option<UnverifiedMail>,
}

impl Firing {
    /// Decides what the reminder does at `now`.
    pub fn decide(&self, now: Timestamp) -> FiringDecision {
        let Self { reminder, task, user, unverified } = self;
        // Completing a task cancels the reminders that it has; one that was being planned in the meantime slips through.
        let slipped = task.status == TaskStatus::Completed
            && reminder.status == ReminderStatus::Pending
            && task.completed_at.is_some_and(|completed| reminder.planned_at <= completed);
        if slipped {
            return FiringDecision::Cancel(Box::new(reminder.cancel(now, TASK_COMPLETED)));
        }
        let mut change = reminder.fire(now);
        let fired = &mut change.next;
        let mail = match user.refuses_mail(unverified.as_ref(), now) {
            _ if !reminder.channel.mails() => None,
            _ if user.reminder_mails_off => {
                fired.delivery = fired.delivery.skipped(UNSUBSCRIBED);
                None
            }
            Some(reason) => {
                fired.delivery = fired.delivery.failed(0, reason);
                None
            }
            None => Some(Mail::reminder(fired, task, now)),
        };
        let unverified = unverified.clone().filter(|_| mail.is_some());
        FiringDecision::Fire(Box::new(Fired {
            change,
            notification: Notification::upcoming(task, Remaining::of(reminder, task.due_date, now), now),
            mail,
            unverified: unverified.map(|mailbox| UnverifiedMail { mailbox, at: now }),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::domain::body::testing::parsed;
    use crate::domain::delivery::DeliveryState;
    use crate::domain::email::Email;
    use crate::domain::field::Field;
    use crate::domain::mailbox::MailboxTag;
    use crate::domain::password::PasswordHash;
    use crate::domain::reminder::{Channel, NewReminder, ReminderTime};
    use crate::domain::task::TaskPatch;
    use crate::domain::user::{MailStop, PersonName};
    use crate::domain::zone::Zone;

    const HOUR: Duration = Duration::from_secs(3600);

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-05T08:00:00Z").unwrap()
    }

    fn firing(channel: Channel) -> Firing {
        let name = PersonName::read("Name", &json!("Asha")).unwrap();
        let hash = PasswordHash::from_phc(String::new());
        let user = User::register(name, Email::parse("a@b.c").unwrap(), hash, Zone::UTC, now());
        let task = Task::new(user.id, parsed(json!({"title": "Pay rent"})).unwrap(), &Zone::UTC, now()).unwrap();
        let input = NewReminder {
            task_id: task.id,
            time: ReminderTime::At(now().plus(HOUR)),
            lead_minutes: None,
            channel: Some(channel),
            message: None,
            status: None,
        };
        Firing { reminder: Reminder::new(user.id, input, None, now()).unwrap(), task, user, unverified: None }
    }

    #[track_caller]
    fn fired(firing: &Firing) -> Fired {
        match firing.decide(now()) {
            FiringDecision::Fire(fired) => *fired,
            FiringDecision::Cancel(_) => panic!("cancelled"),
        }
    }

    #[test]
    fn a_mail_to_an_unverified_address_counts_and_one_to_a_verified_address_does_not() {
        let verified = firing(Channel::Email);
        let first = fired(&verified);
        assert!(first.mail.is_some() && first.unverified.is_none());
        assert_eq!(first.change.next.status, ReminderStatus::Completed);
        let mailbox = |sent| Some(UnverifiedMailbox { tag: MailboxTag::of_account(verified.user.id), sent });
        let unverified = Firing { unverified: mailbox(vec![now(); 2]), ..verified.clone() };
        let third = fired(&unverified);
        assert!(third.mail.is_some());
        assert_eq!(third.unverified.unwrap().at, now());
        let fourth = fired(&Firing { unverified: mailbox(vec![now(); 3]), ..unverified });
        assert!(fourth.mail.is_none() && fourth.unverified.is_none());
        assert_eq!(fourth.change.next.delivery.state, DeliveryState::Failed);
    }

    #[test]
    fn without_a_mail_the_receipt_says_why() {
        let push = fired(&firing(Channel::Push));
        assert_eq!((push.mail.is_none(), push.change.next.delivery.state), (true, DeliveryState::Sent));
        let mut unsubscribed = firing(Channel::Both);
        unsubscribed.user.reminder_mails_off = true;
        assert_eq!(fired(&unsubscribed).change.next.delivery.state, DeliveryState::Skipped);
        let mut stopped = firing(Channel::Both);
        stopped.user.mail_stopped = Some(MailStop::Bounced);
        let stopped = fired(&stopped);
        assert_eq!((stopped.mail.is_none(), stopped.change.next.delivery.state), (true, DeliveryState::Failed));
    }

    #[test]
    fn a_reminder_that_was_planned_before_its_task_was_completed_is_cancelled_and_a_later_one_fires() {
        let mut firing = firing(Channel::Email);
        let done = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
        firing.task = firing.task.change(done, &Zone::UTC, now()).unwrap().task;
        let FiringDecision::Cancel(cancelled) = firing.decide(now()) else { panic!("it fires") };
        assert_eq!(cancelled.next.status, ReminderStatus::Skipped);
        firing.reminder.planned_at = now().plus(HOUR);
        fired(&firing);
    }
}
