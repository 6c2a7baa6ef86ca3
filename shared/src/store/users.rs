//! Accounts and their sessions.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use serde::{Deserialize, Serialize};

use super::error::failed;
use super::gate::ReadCost;
use super::idempotency::OnceRow;
use super::keys::{self, RowKey, UserRowKey};
use super::mailboxes::{AddressedMail, SecurityNotice};
use super::mailed_tokens::verification_token;
use super::permit::repeated;
use super::row::Row;
use super::sessions::next_sessions;
use super::update::Expression;
use super::{Permit, Refusal, Store, StoreError, WriteError, key_of, text};
use crate::auth::mailed::MailedToken;
use crate::auth::session::Session;
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::user::User;
use crate::domain::user_change::{OtherSessions, TwoFactorSwitch, UserChange};
use crate::id::{SessionId, UserId};

/// The row that makes an address unique.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Claim {
    pub(super) user_id: UserId,
}

/// An account with its live sessions, oldest first.
#[derive(Debug)]
pub struct AccountWithSessions {
    /// The account.
    pub user: User,
    /// Its sessions.
    pub sessions: Vec<Session>,
}

impl AccountWithSessions {
    /// The live session of this id.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }
}

impl Store {
    /// Creates an account: claims its address, and sends the mail that verifies it.
    ///
    /// # Errors
    /// [`Refusal::EmailTaken`].
    pub async fn register(
        &self,
        permit: &Permit,
        user: &User,
        mail: &AddressedMail,
        token: &MailedToken,
    ) -> Result<(), WriteError> {
        let now = user.created_at;
        let mut transaction = permit.transaction(now);
        let mut absent = Expression::default();
        absent.require_absent(keys::PK);
        let mut claim = Row::new(keys::email_claim(&user.email), &Claim { user_id: user.id });
        let mut refusal = Refusal::EmailTaken.into();
        if let Some(once) = permit.once() {
            // Nobody is signed in whose partition could hold the first answer.
            claim = claim.with_fields(&OnceRow { once: once.clone() });
            refusal = repeated(once, Some(Refusal::EmailTaken));
        }
        transaction.put(claim, absent, refusal);
        let user = User { verification_hash: Some(token.hash()), ..user.clone() };
        transaction.put_new(account_row(&user));
        transaction.post(mail, vec![verification_token(user.id, token, now)]);
        self.transact(transaction).await
    }

    /// The account of an id. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn user(&self, user: UserId) -> Result<Option<User>, StoreError> {
        self.get(keys::account(user)).await
    }

    /// The account that has claimed an address. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn user_id_of(&self, email: &Email) -> Result<Option<UserId>, StoreError> {
        let claim: Option<Claim> = self.get(keys::email_claim(email)).await?;
        Ok(claim.map(|claim| claim.user_id))
    }

    /// The account and its sessions that live at `now`. 1 call: they lie beside each other.
    ///
    /// # Errors
    /// The table failed.
    pub async fn account_with_sessions(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<AccountWithSessions>, StoreError> {
        let mut expression = Expression::default();
        let (pk, sk) = (expression.name(keys::PK), expression.name(keys::SK));
        let partition = expression.value(text(keys::user_partition(user)));
        let prefix = expression.value(text(keys::ACCOUNT));
        self.admit(ReadCost::Bounded).await?;
        let output = self
            .client()
            .query()
            .table_name(self.table())
            .key_condition_expression(format!("{pk} = {partition} AND begins_with({sk}, {prefix})"))
            .set_expression_attribute_names(expression.names_map())
            .set_expression_attribute_values(expression.values_map())
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| failed("Query", &error))?;
        self.meter().read(output.consumed_capacity.as_ref());
        let mut account = None;
        let mut sessions: Vec<Session> = Vec::new();
        for item in output.items.unwrap_or_default() {
            match key_of(&item).and_then(|key| RowKey::parse(&key.pk, &key.sk)) {
                Some(RowKey::OfUser(_, UserRowKey::Account)) => account = Some(serde_dynamo::from_item(item)?),
                Some(RowKey::OfUser(_, UserRowKey::Session(_))) => sessions.push(serde_dynamo::from_item(item)?),
                other => tracing::error!(?other, "account.row_unexpected"),
            }
        }
        sessions.retain(|session| session.is_alive(now));
        sessions.sort_by_key(|session| (session.created_at, session.id));
        Ok(account.map(|user| AccountWithSessions { user, sessions }))
    }

    /// Writes a change of an account that was `read`: the attributes that differ, and no others, so that no concurrent change is
    /// undone. 1 call, which writes nothing where nothing changes.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when the account is gone, or what its digest is planned from was changed in the meantime.
    pub async fn update_user(&self, permit: &Permit, read: &User, change: &UserChange) -> Result<(), WriteError> {
        let update = account_update(read, &change.user);
        if update.changes_nothing() && change.notification.is_none() {
            return self.check_session(permit, change.at).await;
        }
        let mut transaction = permit.transaction(change.at);
        transaction.update(keys::account(read.id), update, Refusal::AccountChanged);
        if let Some(notification) = &change.notification {
            transaction.notify(notification);
        }
        if change.user.reviews_follow() != read.reviews_follow() {
            transaction.move_reviews(read.id, change.at);
        }
        self.transact(transaction).await
    }
}

impl Store {
    /// Turns two-factor login on or off in an account as it was read, and notifies the user in the app and by mail. 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when the account is gone, or the setting was changed or a session opened in the meantime.
    pub async fn switch_two_factor(
        &self,
        permit: &Permit,
        read: &AccountWithSessions,
        switch: &TwoFactorSwitch,
        others: OtherSessions,
        notice: &SecurityNotice,
    ) -> Result<(), WriteError> {
        let (user, now) = (&read.user, switch.user.updated_at);
        let mut transaction = permit.transaction(now);
        // A login that began before would open a session without a code. It fails, and reads the account once more.
        let mut change = next_sessions(read);
        change
            .set(TWO_FACTOR, AttributeValue::Bool(switch.user.is_two_factor_enabled))
            .set("updatedAt", text(now.to_string()))
            .require_equal(TWO_FACTOR, AttributeValue::Bool(user.is_two_factor_enabled));
        transaction.notify_of_security(notice, &mut change);
        transaction.update(keys::account(user.id), change, Refusal::AccountChanged);
        if others == OtherSessions::End {
            let own = permit.session().map(|(_, session)| session);
            transaction.end_sessions(read.sessions.iter().filter(|session| Some(session.id) != own));
        }
        self.transact(transaction).await
    }
}

/// The attribute of the account that tells whether a login needs a mailed code.
const TWO_FACTOR: &str = "isTwoFactorEnabled";

/// What the digest is planned from, and what planning it writes.
const DIGEST: [&str; 7] =
    ["timezone", "morningDigest", "digestDay", "digestTold", "nextDigest", keys::DUE_SHARD, keys::DUE_AT];

/// Turns the account that was `read` into `next`. A change of the digest requires all that it is planned from to be as read.
pub(super) fn account_update(read: &User, next: &User) -> Expression {
    let mut change = Expression::between(&account_row(read), &account_row(next));
    change.require_row();
    if change.touches(&DIGEST) {
        change.require_value("timezone", &read.timezone).require_value("morningDigest", &read.morning_digest);
        match read.digest_day {
            Some(day) => change.require_equal("digestDay", text(day.to_string())),
            None => change.require_absent("digestDay"),
        };
    }
    change
}

/// An account's row, with its place in the index of what is due.
pub(crate) fn account_row(user: &User) -> Row {
    let row = Row::new(keys::account(user.id), user);
    match user.next_digest {
        Some(planned) => row.with_due(keys::digest_due(user.id, planned.at)),
        None => row,
    }
}

/// The attribute of the account that names the token which verifies its address.
pub(super) const VERIFICATION: &str = "verificationHash";
/// The attribute of the account that names the token which sets a new password.
pub(super) const RESET: &str = "resetHash";
