//! What comes back from mails and their addressees: deliveries, bounces, complaints, unsubscriptions.

use aws_sdk_dynamodb::types::AttributeValue;

use super::update::Expression;
use super::users::patched;
use super::{Permit, Refusal, Store, Transaction, WriteError, keys, number, text};
use crate::clock::Timestamp;
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::mail::{Mail, MailCategory};
use crate::domain::notification::Notification;
use crate::domain::user::{MailStop, User, UserPatch};

impl Store {
    /// Writes what became of a mail that left into the receipt of its reminder: `receipt` makes the new one of the
    /// present one, or `None` when that stays. Other mails have none. 2 calls.
    ///
    /// # Errors
    /// The table failed; [`Refusal::ReminderChanged`] when it changed meanwhile.
    pub async fn amend_receipt(
        &self,
        permit: &Permit,
        mail: &Mail,
        receipt: impl FnOnce(&Delivery) -> Option<Delivery>,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let Some(reminder) = self.receipt_of(mail).await? else {
            return Ok(());
        };
        let Some(delivery) = receipt(&reminder.delivery) else {
            return Ok(());
        };
        let mut change = Expression::default();
        change
            .set("delivery", serde_dynamo::to_attribute_value(delivery).map_err(super::StoreError::from)?)
            .set("updatedAt", text(now.to_string()))
            .set("version", number(reminder.version + 1))
            .require_equal("version", number(reminder.version));
        let key = keys::reminder(reminder.user_id, reminder.id);
        self.update_row(permit, key, &change, Refusal::ReminderChanged).await
    }

    /// Stops mail to a user's address, and tells the user in the app, once. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when it was stopped before, or the account is gone.
    pub async fn stop_mail(&self, permit: &Permit, stop: MailStop, told: &Notification) -> Result<(), WriteError> {
        let mut transaction = Transaction::new(permit, told.created_at)?;
        let mut change = Expression::default();
        change
            .set("mailStopped", serde_dynamo::to_attribute_value(stop).map_err(super::StoreError::from)?)
            .set("updatedAt", text(told.created_at.to_string()))
            .require_row()
            .require_absent("mailStopped");
        transaction.update(keys::account(told.user_id), &change, Refusal::AccountChanged)?;
        transaction.put_notification(told)?;
        self.transact(transaction).await
    }

    /// Turns a category of mail off or on for an account as it was read; `told` is what the user sees of it in the
    /// app. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when the account is gone, or what its digest is planned from changed meanwhile.
    pub async fn subscribe(
        &self,
        permit: &Permit,
        read: &User,
        (category, wanted): (MailCategory, Wanted),
        told: Option<&Notification>,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let is_wanted = wanted == Wanted::Yes;
        let change = match category {
            MailCategory::Digest => {
                let patch = UserPatch { digest_enabled: Some(is_wanted), ..UserPatch::default() };
                patched(read, &patch, now)?
            }
            MailCategory::Reminders => {
                let mut change = patched(read, &UserPatch::default(), now)?;
                change.set("reminderMailsOff", AttributeValue::Bool(!is_wanted));
                change
            }
        };
        let mut transaction = Transaction::new(permit, now)?;
        transaction.update(keys::account(read.id), &change, Refusal::AccountChanged)?;
        if let Some(told) = told {
            transaction.put_notification(told)?;
        }
        self.transact(transaction).await
    }
}

/// Whether a category of mail is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// The receipt of a mail that a receiving server took; one that came back stays.
pub fn delivered(present: &Delivery) -> Option<Delivery> {
    (present.state == DeliveryState::Sent).then(|| present.delivered())
}
