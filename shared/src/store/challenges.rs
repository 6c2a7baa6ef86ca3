//! Logins that wait for a mailed code.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValue};

use super::error::failed;
use super::mailboxes::AddressedMail;
use super::row::Row;
use super::transact::{Transaction, past_transactions};
use super::update::Expression;
use super::{Permit, Refusal, Store, StoreError, WriteError, key_item, keys, number, text};
use crate::auth::challenge::{Challenge, MAX_RESENDS, MAX_TRIES};
use crate::clock::Timestamp;
use crate::domain::password::PasswordHash;
use crate::id::ChallengeId;

impl Store {
    /// Opens a challenge, and sends its code. An outdated hash of the password is `replaced` by a new one. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when the outdated hash is not the account's any more, [`WriteError::MailboxFull`].
    pub async fn open_challenge(
        &self,
        permit: &Permit,
        challenge: &Challenge,
        mail: &AddressedMail,
        replaced: Option<(&PasswordHash, &PasswordHash)>,
    ) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(mail.mail.created_at);
        if let Some((outdated, rehash)) = replaced {
            const HASH: &str = "passwordHash";
            let mut change = Expression::default();
            change.set(HASH, text(rehash.as_str())).require_equal(HASH, text(outdated.as_str()));
            transaction.update(keys::account(challenge.user_id), change, Refusal::AccountChanged);
        }
        transaction.put_new(Row::new(keys::challenge(challenge.id), challenge));
        transaction.post(mail, Vec::new());
        self.transact(transaction).await
    }

    /// A challenge, alive or not. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn challenge(&self, challenge: ChallengeId) -> Result<Option<Challenge>, StoreError> {
        self.get(keys::challenge(challenge)).await
    }

    /// Counts a try before anything is compared, so that tries at the same time cannot be more than those one after
    /// the other. `None` when there is no such challenge, it is too old, or had all its tries. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn try_challenge(
        &self,
        _permit: &Permit,
        challenge: ChallengeId,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        let mut change = Expression::default();
        change
            .add(TRIES, 1)
            .require_row()
            .require_below(TRIES, number(MAX_TRIES))
            .require_greater(keys::EXPIRES_AT, number(now.as_second()));
        let update = self
            .client()
            .update_item()
            .table_name(self.table())
            .set_key(Some(key_item(keys::challenge(challenge))))
            .set_update_expression(change.update_text())
            .set_condition_expression(change.condition_text())
            .set_expression_attribute_names(change.names_map())
            .set_expression_attribute_values(change.values_map())
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match past_transactions(async || update.clone().send().await).await {
            Ok(output) => {
                self.meter().write(output.consumed_capacity.as_ref());
                Ok(output.attributes.map(serde_dynamo::from_item).transpose()?)
            }
            Err(error)
                if matches!(error.as_service_error(), Some(UpdateItemError::ConditionalCheckFailedException(_))) =>
            {
                Ok(None)
            }
            Err(error) => Err(failed("UpdateItem", &error)),
        }
    }

    /// Gives a challenge as it was read another code, and sends it. 1 call.
    ///
    /// # Errors
    /// [`Refusal::ChallengeOver`] when it was met or given another code meanwhile; [`Refusal::AccountChanged`] when the
    /// account is gone or has another password than the login began with: the code would open nothing;
    /// [`WriteError::MailboxFull`].
    pub async fn renew_challenge(
        &self,
        permit: &Permit,
        renewed: &Challenge,
        mail: &AddressedMail,
    ) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(mail.mail.created_at);
        let mut change = Expression::default();
        change
            .set("seed", text(renewed.seed.to_string()))
            .set("kid", text(renewed.kid.as_str()))
            .set("resends", number(renewed.resends))
            .set(keys::EXPIRES_AT, number(renewed.expires_at))
            .require_equal("resends", number(renewed.resends.saturating_sub(1)))
            .require_below("resends", number(MAX_RESENDS))
            .require_below(TRIES, number(MAX_TRIES));
        transaction.update(keys::challenge(renewed.id), change, Refusal::ChallengeOver);
        let mut same_password = Expression::default();
        // The version only grows, and accounts from before it have none: so this is equality.
        same_password.require_row().require_below("passwordVersion", number(renewed.password_version + 1));
        transaction.check(keys::account(renewed.user_id), same_password, Refusal::AccountChanged);
        transaction.post(mail, Vec::new());
        self.transact(transaction).await
    }
}

/// The attribute that counts tries.
const TRIES: &str = "tries";

impl Transaction {
    /// A challenge that was met is not met again, and not by a code that was replaced.
    pub(super) fn use_up(&mut self, challenge: &Challenge) {
        let mut same_code = Expression::default();
        same_code.require_equal("seed", text(challenge.seed.to_string()));
        self.delete(keys::challenge(challenge.id), same_code, Refusal::ChallengeOver);
    }
}
