//! What happens to an account as a whole: two-factor login, alerts, its end.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::sessions::same_sessions;
use super::update::Expression;
use super::users::AccountWithSessions;
use super::{Permit, Refusal, Store, StoreError, Transaction, WriteError, failed, keys, number, text};
use crate::clock::Timestamp;
use crate::domain::mail::Mail;
use crate::domain::notification::Notification;
use crate::domain::user::ALERT_AGAIN;
use crate::id::{SessionId, UserId};

impl Store {
    /// Switches two-factor login, and tells the user in the app. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when the account is gone.
    pub async fn set_two_factor(
        &self,
        permit: &Permit,
        user: UserId,
        enabled: TwoFactor,
        told: &Notification,
    ) -> Result<(), WriteError> {
        let now = told.created_at;
        let mut transaction = Transaction::new(permit, now)?;
        let mut change = Expression::default();
        change
            .set("isTwoFactorEnabled", AttributeValue::Bool(enabled == TwoFactor::On))
            .set("updatedAt", text(now.to_string()))
            .require_row();
        transaction.update(keys::account(user), &change, Refusal::AccountChanged)?;
        transaction.put_notification(told)?;
        self.transact(transaction).await
    }

    /// Tells an account's owner by mail that somebody fails to sign in too often, once an hour at most. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AlreadyDone`] when that was done within the hour, or the account is gone.
    pub async fn alert_of_blocked_logins(&self, permit: &Permit, mail: &Mail) -> Result<(), WriteError> {
        let now = mail.created_at;
        let mut transaction = Transaction::new(permit, now)?;
        let mut change = Expression::default();
        change
            .set("loginsBlockedAt", text(now.to_string()))
            .require_row()
            .require_below("loginsBlockedAt", text(now.minus(ALERT_AGAIN).to_string()));
        transaction.update(keys::account(mail.user_id), &change, Refusal::AlreadyDone)?;
        transaction.put_mail(mail)?;
        self.transact(transaction).await
    }

    /// Deletes an account as it was read: its address is free, its sessions end, and the stream has the cleaner
    /// delete the rest. `own` is the session of who asks. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when a session was opened or the password changed meanwhile;
    /// [`Refusal::SessionChanged`] when the caller's session has ended.
    pub async fn delete_account(
        &self,
        read: &AccountWithSessions,
        own: SessionId,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let user = &read.user;
        // The caller's session is among what is deleted, which the condition of a permit would get in the way of.
        let mut transaction = Transaction::new(&Permit::of_system(), now)?;
        transaction.delete(keys::account(user.id), &same_sessions(read), Refusal::AccountChanged)?;
        let mut own_claim = Expression::default();
        own_claim.require_equal("userId", text(user.id.to_string()));
        transaction.delete(keys::email_claim(&user.email), &own_claim, Refusal::AccountChanged)?;
        if let Some(subject) = &user.google_id {
            transaction.delete(keys::google_claim(subject), &own_claim, Refusal::AccountChanged)?;
        }
        let mut alive = Expression::default();
        alive.require_row().require_greater(keys::EXPIRES_AT, number(now.as_second()));
        transaction.delete(keys::session(user.id, own), &alive, Refusal::SessionChanged)?;
        transaction.end_sessions(read.sessions.iter().filter(|session| session.id != own))?;
        self.transact(transaction).await
    }

    /// Deletes up to `batches` × 25 rows of a user whose account is gone; answers whether any may be left.
    ///
    /// # Errors
    /// The table failed; what was not deleted yet is deleted by the next try.
    pub async fn delete_rows_of(&self, _permit: &Permit, user: UserId, batches: u32) -> Result<Left, StoreError> {
        for _ in 0..batches {
            let mut expression = Expression::default();
            let (pk, sk) = (expression.name(keys::PK), expression.name(keys::SK));
            let partition = expression.value(text(keys::user_partition(user)));
            let output = self
                .client()
                .query()
                .table_name(self.table())
                .key_condition_expression(format!("{pk} = {partition}"))
                .projection_expression(format!("{pk}, {sk}"))
                .set_expression_attribute_names(expression.names_map())
                .set_expression_attribute_values(expression.values_map())
                .consistent_read(true)
                .limit(super::notifications::DELETED_AT_ONCE)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| failed("Query", &error))?;
            self.meter().read(output.consumed_capacity.as_ref());
            let rows = output.items.unwrap_or_default();
            // Only a look that finds none is the end: an event that was under way may have written one more.
            if rows.is_empty() && output.last_evaluated_key.is_none() {
                return Ok(Left::Nothing);
            }
            self.delete_rows(rows).await?;
        }
        Ok(Left::Some)
    }
}

/// Whether a login needs a mailed code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwoFactor {
    /// It does.
    On,
    /// It does not.
    Off,
}

/// Whether rows are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// None.
    Nothing,
    /// There may be.
    Some,
}
