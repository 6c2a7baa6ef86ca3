//! Mails on their way out.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::update::Expression;
use super::{Item, Permit, Refusal, Store, StoreError, Transaction, WriteError, keys, number, row, text};
use crate::clock::Timestamp;
use crate::domain::delivery::Delivery;
use crate::domain::mail::{KEPT, Mail, MailContent, MailState};
use crate::domain::reminder::Reminder;
use crate::domain::user::User;
use crate::id::{MailId, UserId};

/// A mail and whom it goes to.
#[derive(Debug)]
pub struct Outgoing {
    /// The mail.
    pub mail: Mail,
    /// Whom it goes to.
    pub user: User,
}

impl Store {
    /// A mail and its addressee; `None` when either is gone. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn outgoing(&self, user: UserId, mail: MailId) -> Result<Option<Outgoing>, StoreError> {
        let (mut found_mail, mut found_user) = (None, None);
        for item in self.batch_get(vec![keys::mail(user, mail), keys::account(user)]).await? {
            if item.get(keys::SK).and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk == keys::ACCOUNT) {
                found_user = Some(serde_dynamo::from_item(item)?);
            } else {
                found_mail = Some(serde_dynamo::from_item(item)?);
            }
        }
        Ok(found_mail.zip(found_user).map(|(mail, user)| Outgoing { mail, user }))
    }

    /// Claims a mail for one try: nobody else sends it until the lease ends. 1 call.
    ///
    /// # Errors
    /// [`Refusal::MailClaimed`] when another try has it, or it was sent. One that was given up may be sent after all.
    pub async fn claim_mail(
        &self,
        permit: &Permit,
        mail: &Mail,
        lease: Duration,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let mut change = Expression::default();
        let (state, leased) = (change.name("state"), change.name("leaseUntil"));
        let queued = change.value(text(MailState::Queued.as_str()));
        let failed = change.value(text(MailState::Failed.as_str()));
        let sending = change.value(text(MailState::Sending.as_str()));
        let present = change.value(text(now.to_string()));
        change
            .set("state", text(MailState::Sending.as_str()))
            .set("leaseUntil", text(now.plus(lease).to_string()))
            .add("attempts", 1)
            .require(format!("({state} IN ({queued}, {failed}) OR ({state} = {sending} AND {leased} <= {present}))"));
        self.update_row(permit, keys::mail(mail.user_id, mail.id), &change, Refusal::MailClaimed).await
    }

    /// Gives a claimed mail back at once, so that the next try need not wait for the lease. An event of SES may have
    /// told meanwhile that an earlier try's copy left: then it stays sent. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn release_mail(&self, permit: &Permit, mail: &Mail) -> Result<(), WriteError> {
        let mut change = state_change(MailState::Queued);
        change.require_equal("state", text(MailState::Sending.as_str()));
        self.change_unless_sent(permit, mail, &change).await
    }

    async fn change_unless_sent(&self, permit: &Permit, mail: &Mail, change: &Expression) -> Result<(), WriteError> {
        match self.update_row(permit, keys::mail(mail.user_id, mail.id), change, Refusal::MailClaimed).await {
            Err(WriteError::Refused(Refusal::MailClaimed)) => Ok(()),
            changed => changed,
        }
    }

    /// Records that a mail was sent or given up: from here on it is not sent again, or only by a redrive. One that an
    /// event of SES has shown to have left is not given up any more. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn settle_mail(&self, permit: &Permit, mail: &Mail, outcome: Outcome) -> Result<(), WriteError> {
        let mut change = state_change(outcome.state());
        change.remove(keys::DUE_SHARD).remove(keys::DUE_AT);
        if outcome == Outcome::Sent {
            return self.update_row(permit, keys::mail(mail.user_id, mail.id), &change, Refusal::MailClaimed).await;
        }
        change.require_equal("state", text(MailState::Sending.as_str()));
        self.change_unless_sent(permit, mail, &change).await
    }

    /// Tells the reminder behind a mail what became of it, and returns its new receipt if that changed; other mails
    /// have none. Doing it again changes nothing. 2 calls; 1 for each reminder that a digest tells of; none for others.
    ///
    /// # Errors
    /// The table failed.
    pub async fn write_receipt(
        &self,
        permit: &Permit,
        mail: &Mail,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Option<Delivery>, WriteError> {
        if let (MailContent::Digest { reminders, .. }, Outcome::Sent) = (&mail.content, outcome) {
            self.mark_told_by_digest(permit, mail.user_id, reminders, now).await?;
            return Ok(None);
        }
        let Some(reminder) = self.receipt_of(mail).await? else {
            return Ok(None);
        };
        let delivery = match outcome {
            Outcome::Sent if reminder.email_sent => return Ok(None),
            Outcome::Sent => reminder.delivery.sent(now, mail.attempts),
            Outcome::Failed { reason } => reminder.delivery.failed(mail.attempts, reason),
            Outcome::Held { reason } => reminder.delivery.skipped(reason),
        };
        let key = keys::reminder(reminder.user_id, reminder.id);
        match self
            .update_row(permit, key, &receipt(&reminder, &delivery, outcome, now)?, Refusal::ReminderChanged)
            .await
        {
            Ok(()) => Ok(Some(delivery)),
            // Deleted or re-opened meanwhile: it has no use for the receipt.
            Err(WriteError::Refused(Refusal::ReminderChanged)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn receipt_of(&self, mail: &Mail) -> Result<Option<Reminder>, StoreError> {
        match &mail.content {
            MailContent::HourBefore { reminder_id, plan, .. } => {
                let reminder = self.reminder(mail.user_id, *reminder_id).await?;
                Ok(reminder.filter(|reminder| reminder.plan == *plan))
            }
            MailContent::Verification { .. }
            | MailContent::LoginCode { .. }
            | MailContent::PasswordReset { .. }
            | MailContent::PasswordChanged
            | MailContent::LoginsBlocked
            | MailContent::GoogleLinked
            | MailContent::ExportReady { .. }
            | MailContent::TokenTheft { .. }
            | MailContent::Digest { .. } => Ok(None),
        }
    }
}

fn state_change(state: MailState) -> Expression {
    let mut change = Expression::default();
    change.set("state", text(state.as_str())).remove("leaseUntil").require_row();
    change
}

fn receipt(
    reminder: &Reminder,
    delivery: &Delivery,
    outcome: Outcome,
    now: Timestamp,
) -> Result<Expression, StoreError> {
    let mut change = Expression::default();
    change
        .set("delivery", serde_dynamo::to_attribute_value(delivery)?)
        .set("updatedAt", text(now.to_string()))
        .add("version", 1)
        .require_equal("plan", number(reminder.plan));
    if outcome == Outcome::Sent {
        change.set("emailSent", AttributeValue::Bool(true)).set("emailSentAt", text(now.to_string()));
    } else {
        // What has left stays so, whatever a later try met with.
        change.require_equal("emailSent", AttributeValue::Bool(false));
    }
    Ok(change)
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
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

impl Outcome {
    fn state(self) -> MailState {
        match self {
            Self::Sent => MailState::Sent,
            Self::Failed { .. } => MailState::Failed,
            Self::Held { .. } => MailState::Held,
        }
    }
}

impl Transaction {
    /// Puts a mail on its way: the stream hands it to the queue.
    pub(crate) fn put_mail(&mut self, mail: &Mail) -> Result<(), StoreError> {
        self.put_new(mail_row(mail)?)
    }

    /// The same, unless it was put on its way before.
    pub(crate) fn put_mail_once(&mut self, mail: &Mail) -> Result<(), StoreError> {
        let mut absent = Expression::default();
        absent.require_absent(keys::PK);
        self.put(mail_row(mail)?, &absent, Refusal::AlreadyDone)
    }
}

fn mail_row(mail: &Mail) -> Result<Item, StoreError> {
    let mut item = row(keys::mail(mail.user_id, mail.id), mail)?;
    item.insert(keys::EXPIRES_AT.to_owned(), number(mail.created_at.plus(KEPT).as_second()));
    let (shard, at) = keys::mail_due(mail);
    item.insert(keys::DUE_SHARD.to_owned(), text(shard));
    item.insert(keys::DUE_AT.to_owned(), text(at));
    Ok(item)
}
