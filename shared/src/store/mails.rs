//! Mails on their way out.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::error::Refuse;
use super::row::Row;
use super::transact::Transaction;
use super::update::Expression;
use super::{Permit, Refusal, Store, StoreError, WriteError, keys, number, text};
use crate::clock::Timestamp;
use crate::domain::delivery::{Delivery, MailOutcome};
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
        let (mail, account) = (keys::mail(user, mail), keys::account(user));
        let mut rows = self.get_rows(vec![mail.clone(), account.clone()]).await?;
        Ok(rows.take(&mail)?.zip(rows.take(&account)?).map(|(mail, user)| Outgoing { mail, user }))
    }

    /// Claims a mail for one try: nobody else sends it until the lease ends. 1 call.
    ///
    /// # Errors
    /// [`MailClaimed`] when another try has it, or it was sent. One that was given up may be sent after all.
    pub async fn claim_mail(
        &self,
        permit: &Permit,
        mail: &Mail,
        lease: Duration,
        now: Timestamp,
    ) -> Result<(), WriteError<MailClaimed>> {
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
        self.update_row(permit, keys::mail(mail.user_id, mail.id), change, MailClaimed).await
    }

    /// Gives a claimed mail back at once, so that the next try need not wait for the lease. An event of SES may have
    /// shown in the meantime that an earlier try's copy left: then it stays sent. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn release_mail(&self, permit: &Permit, mail: &Mail) -> Result<(), WriteError<MailClaimed>> {
        let mut change = state_change(MailState::Queued);
        change.require_equal("state", text(MailState::Sending.as_str()));
        self.change_unless_sent(permit, mail, change).await
    }

    async fn change_unless_sent(
        &self,
        permit: &Permit,
        mail: &Mail,
        change: Expression,
    ) -> Result<(), WriteError<MailClaimed>> {
        match self.update_row(permit, keys::mail(mail.user_id, mail.id), change, MailClaimed).await {
            Err(WriteError::Refused(MailClaimed)) => Ok(()),
            changed => changed,
        }
    }

    /// Records that a mail was sent or given up: from here on it is not sent again, or only by a redrive. One that an
    /// event of SES has shown to have left is not given up any more. 1 call.
    ///
    /// # Errors
    /// [`MailClaimed`] when a mail that was sent is gone.
    pub async fn settle_mail(
        &self,
        permit: &Permit,
        mail: &Mail,
        outcome: MailOutcome,
    ) -> Result<(), WriteError<MailClaimed>> {
        let mut change = state_change(outcome.into());
        change.remove(keys::DUE_SHARD).remove(keys::DUE_AT);
        if outcome == MailOutcome::Sent {
            return self.update_row(permit, keys::mail(mail.user_id, mail.id), change, MailClaimed).await;
        }
        change.require_equal("state", text(MailState::Sending.as_str()));
        self.change_unless_sent(permit, mail, change).await
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
        outcome: MailOutcome,
        now: Timestamp,
    ) -> Result<Option<Delivery>, WriteError> {
        if let (MailContent::Digest { reminders, .. }, MailOutcome::Sent) = (&mail.content, outcome) {
            self.mark_told_by_digest(permit, mail.user_id, reminders, now).await?;
            return Ok(None);
        }
        let Some(reminder) = self.receipt_of(mail).await? else {
            return Ok(None);
        };
        let Some(delivery) = reminder.receipt(outcome, mail.attempts, now) else {
            return Ok(None);
        };
        let key = keys::reminder(reminder.user_id, reminder.id);
        let change = receipt(&reminder, &delivery, outcome, now);
        match self.update_row(permit, key, change, Refusal::ReminderChanged).await {
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
            | MailContent::TwoFactorSwitched { .. }
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

fn receipt(reminder: &Reminder, delivery: &Delivery, outcome: MailOutcome, now: Timestamp) -> Expression {
    let mut change = Expression::default();
    change
        .set_value("delivery", delivery)
        .set("updatedAt", text(now.to_string()))
        .add("version", 1)
        .require_equal("plan", number(reminder.plan));
    if outcome == MailOutcome::Sent {
        change.set("emailSent", AttributeValue::Bool(true)).set("emailSentAt", text(now.to_string()));
    } else {
        // What has left stays so, whatever a later try met with.
        change.require_equal("emailSent", AttributeValue::Bool(false));
    }
    change
}

/// Another try has the mail, or it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailClaimed;

impl<R: Refuse> Transaction<R> {
    /// Puts a mail that no budget limits on its way: the stream hands it to the queue.
    pub(crate) fn put_mail(&mut self, mail: &Mail) {
        self.put_new(mail_row(mail));
    }
}

pub(super) fn mail_row(mail: &Mail) -> Row {
    Row::new(keys::mail(mail.user_id, mail.id), mail)
        .with(keys::EXPIRES_AT, number(mail.created_at.plus(KEPT).as_second()))
        .with_due(keys::mail_due(mail))
}
