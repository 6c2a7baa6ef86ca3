//! What happens to an account as a whole: alerts, its end.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::error::failed;
use super::mailboxes::SecurityNotice;
use super::sessions::same_sessions;
use super::update::Expression;
use super::users::AccountWithSessions;
use super::{Permit, Refusal, Store, StoreError, WriteError, key_of, keys, text};
use crate::clock::Timestamp;
use crate::domain::cleanup::Left;
use crate::domain::user::ALERT_AGAIN;
use crate::id::UserId;

/// Rows that are read and deleted at once.
const DELETED_AT_ONCE: i32 = 25;

impl Store {
    /// Tells an account's owner in the app and by mail that somebody fails to sign in too often, once an hour at most. 1 call.
    ///
    /// # Errors
    /// [`AlreadyAlerted`] when that was done within the hour, or the account is gone.
    pub async fn alert_of_blocked_logins(
        &self,
        permit: &Permit,
        notice: &SecurityNotice,
    ) -> Result<(), WriteError<AlreadyAlerted>> {
        let (user, now) = (notice.mail.mail.user_id, notice.mail.mail.created_at);
        let mut transaction = permit.transaction(now);
        let mut change = Expression::default();
        change
            .set("loginsBlockedAt", text(now.to_string()))
            .require_row()
            .require_below("loginsBlockedAt", text(now.minus(ALERT_AGAIN).to_string()));
        transaction.notify_of_security(notice, &mut change);
        transaction.update(keys::account(user), change, AlreadyAlerted);
        self.transact(transaction).await
    }

    /// Deletes an account as it was read: its address is free, its sessions end, and the cleaner, which the stream starts,
    /// deletes the rest. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when a session was opened or the password changed in the meantime.
    pub async fn delete_account(
        &self,
        permit: &Permit,
        read: &AccountWithSessions,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let user = &read.user;
        // The caller's own session ends too, so its being alive is a condition of its deletion.
        let (mut transaction, own) = permit.ending_transaction(now);
        transaction.delete(keys::account(user.id), same_sessions(read), Refusal::AccountChanged);
        let mut own_claim = Expression::default();
        own_claim.require_equal("userId", text(user.id.to_string()));
        transaction.delete(keys::email_claim(&user.email), own_claim.clone(), Refusal::AccountChanged);
        if let Some(subject) = &user.google_id {
            transaction.delete(keys::google_claim(subject), own_claim, Refusal::AccountChanged);
        }
        transaction.end_sessions(read.sessions.iter().filter(|session| Some(session.id) != own));
        self.transact(transaction).await
    }

    /// Deletes up to `batches` × 25 rows of a user whose account is gone; answers whether any may be left.
    ///
    /// # Errors
    /// The table failed; what was not deleted yet is deleted by the next try.
    pub async fn delete_rows_of(&self, permit: &Permit, user: UserId, batches: u32) -> Result<Left, StoreError> {
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
                .limit(DELETED_AT_ONCE)
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
            self.delete_rows(permit, rows.iter().filter_map(key_of).collect()).await?;
        }
        Ok(Left::Some)
    }
}

/// The owner was alerted within the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyAlerted;
