//! Accounts and their sessions.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use serde::{Deserialize, Serialize};

use super::update::Expression;
use super::{Item, Permit, Refusal, Store, StoreError, Transaction, WriteError, failed, keys, number, row, text};
use crate::auth::mailed::MailedToken;
use crate::auth::session::Session;
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::mail::Mail;
use crate::domain::user::{User, UserPatch};
use crate::id::UserId;

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

impl Store {
    /// Creates an account: claims its address, and sends the mail that verifies it.
    ///
    /// # Errors
    /// [`Refusal::EmailTaken`].
    pub async fn register(
        &self,
        permit: &Permit,
        user: &User,
        mail: &Mail,
        token: &MailedToken,
    ) -> Result<(), WriteError> {
        let now = user.created_at;
        let mut transaction = Transaction::new(permit, now)?;
        let mut absent = Expression::default();
        absent.require_absent(keys::PK);
        let mut claim = row(keys::email_claim(&user.email), &Claim { user_id: user.id })?;
        super::idempotency::on_claim(permit, &mut claim)?;
        transaction.put(claim, &absent, Refusal::EmailTaken)?;
        let user = User { verification_hash: Some(token.hash()), ..user.clone() };
        transaction.put_new(account_row(&user)?)?;
        transaction.put_verification(user.id, token, mail, now)?;
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
            match item.get(keys::SK).and_then(|sk| sk.as_s().ok()).map(String::as_str) {
                Some(keys::ACCOUNT) => account = Some(serde_dynamo::from_item(item)?),
                Some(sk) if sk.starts_with(keys::SESSION_PREFIX) => sessions.push(serde_dynamo::from_item(item)?),
                _ => {}
            }
        }
        sessions.retain(|session| session.is_alive(now));
        sessions.sort_by_key(|session| (session.created_at, session.id));
        Ok(account.map(|user| AccountWithSessions { user, sessions }))
    }

    /// Changes the fields of an account that `patch` names, and no others, so that no concurrent change is undone.
    /// 1 call.
    ///
    /// # Errors
    /// [`Refusal::AccountChanged`] when the account is gone, or what its digest is planned from changed meanwhile.
    pub async fn update_user(
        &self,
        permit: &Permit,
        read: &User,
        patch: &UserPatch,
        now: Timestamp,
    ) -> Result<User, WriteError> {
        let mut transaction = Transaction::new(permit, now)?;
        transaction.update(keys::account(read.id), &patched(read, patch, now)?, Refusal::AccountChanged)?;
        self.transact(transaction).await?;
        let mut user = read.clone();
        user.apply(patch.clone(), now);
        Ok(user)
    }
}

/// The change of an account that `patch` makes. One that moves the digest rests on what decides it.
pub(super) fn patched(read: &User, patch: &UserPatch, now: Timestamp) -> Result<Expression, StoreError> {
    let mut change = Expression::default();
    change.set("updatedAt", text(now.to_string())).require_row();
    if let Some(name) = &patch.name {
        change.set("name", text(name.as_str()));
    }
    if let Some(zone) = &patch.timezone {
        change.set("timezone", text(zone.name()));
    }
    if let Some(enabled) = patch.digest_enabled {
        change.set("morningDigest.enabled", AttributeValue::Bool(enabled));
    }
    if let Some(time) = &patch.digest_time {
        change.set("morningDigest.time", text(time.as_str()));
    }
    if patch.timezone.is_some() || patch.digest_enabled.is_some() || patch.digest_time.is_some() {
        let mut next = read.clone();
        next.apply(patch.clone(), now);
        change.plan_digest(read, &next)?;
    }
    Ok(change)
}

/// An account's row, with its place in the index of what is due.
pub(crate) fn account_row(user: &User) -> Result<Item, StoreError> {
    let mut item = row(keys::account(user.id), user)?;
    if let Some(planned) = user.next_digest {
        let (shard, at) = keys::digest_due(user.id, planned.at);
        item.insert(keys::DUE_SHARD.to_owned(), text(shard));
        item.insert(keys::DUE_AT.to_owned(), text(at));
    }
    Ok(item)
}

impl Expression {
    /// Writes the digest that `next` plans, if all that it was planned from is as `read`.
    pub(super) fn plan_digest(&mut self, read: &User, next: &User) -> Result<&mut Self, StoreError> {
        self.require_equal("timezone", text(read.timezone.name()))
            .require_equal("morningDigest", serde_dynamo::to_attribute_value(&read.morning_digest)?);
        match read.digest_day {
            Some(day) => self.require_equal("digestDay", text(day.to_string())),
            None => self.require_absent("digestDay"),
        };
        for (name, before, after) in
            [("digestDay", read.digest_day, next.digest_day), ("digestTold", read.digest_told, next.digest_told)]
        {
            match after {
                _ if before == after => {}
                Some(day) => {
                    self.set(name, text(day.to_string()));
                }
                None => {
                    self.remove(name);
                }
            }
        }
        match next.next_digest {
            Some(planned) => {
                let (shard, at) = keys::digest_due(next.id, planned.at);
                self.set("nextDigest", serde_dynamo::to_attribute_value(planned)?)
                    .set(keys::DUE_SHARD, text(shard))
                    .set(keys::DUE_AT, text(at))
            }
            None => self.remove("nextDigest").remove(keys::DUE_SHARD).remove(keys::DUE_AT),
        };
        Ok(self)
    }
}

impl Transaction {
    /// One reminder mail more to an address that nobody has verified.
    pub(crate) fn count_unverified_mail(&mut self, user: &User) -> Result<(), StoreError> {
        let mut expression = Expression::default();
        expression
            .set("unverifiedReminderMails", number(user.unverified_reminder_mails + 1))
            .require_equal("unverifiedReminderMails", number(user.unverified_reminder_mails))
            .require_row();
        self.update(keys::account(user.id), &expression, Refusal::AccountChanged)
    }
}
