//! What comes back from mails and their addressees: deliveries, bounces, complaints.

use super::update::Expression;
use super::{Permit, Refusal, Store, WriteError, keys, number, text};
use crate::clock::Timestamp;
use crate::domain::delivery::Delivery;
use crate::domain::mail::Mail;
use crate::domain::notification::Notification;
use crate::domain::user::MailStop;

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
            .set_value("delivery", &delivery)
            .set("updatedAt", text(now.to_string()))
            .set("version", number(reminder.version + 1))
            .require_equal("version", number(reminder.version));
        let key = keys::reminder(reminder.user_id, reminder.id);
        self.update_row(permit, key, change, Refusal::ReminderChanged).await
    }

    /// Stops mail to a user's address, and notifies the user, once. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when it was stopped before, or the account is gone.
    pub async fn stop_mail(
        &self,
        permit: &Permit,
        stop: MailStop,
        notification: &Notification,
    ) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(notification.created_at);
        let mut change = Expression::default();
        change
            .set_value("mailStopped", &stop)
            .set("updatedAt", text(notification.created_at.to_string()))
            .require_row()
            .require_absent("mailStopped");
        transaction.update(keys::account(notification.user_id), change, Refusal::AccountChanged);
        transaction.notify(notification);
        self.transact(transaction).await
    }
}
