//! Exports, and reading all that is a user's.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use serde_json::Value;

use super::error::failed;
use super::keys::{self, RowKey, UserRowKey};
use super::mailboxes::AddressedMail;
use super::mailed_tokens::{TokenRow, TokenUse, token_write};
use super::row::Row;
use super::update::Expression;
use super::{Item, Permit, ReadError, Refusal, Store, StoreError, WriteError, key_of, number, text, text_of};
use crate::auth::keyring::sha256_hex;
use crate::auth::mailed::MailedToken;
use crate::clock::Timestamp;
use crate::domain::export::{Export, ExportState};
use crate::domain::mail::EXPORT_LINK_VALID;
use crate::domain::user::User;
use crate::id::{SessionId, UserId};

/// One row of a user's partition.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// Its kind and id, from its sort key.
    pub key: UserRowKey,
    /// Its attributes but the keys.
    pub attributes: serde_json::Map<String, Value>,
}

/// Some of a user's rows, and where the next ones begin.
#[derive(Debug)]
pub struct UserRows {
    /// The rows, in order of their sort keys.
    pub rows: Vec<UserRow>,
    /// `None` at the end.
    pub next: Option<String>,
}

impl Store {
    /// The user's newest export. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn export(&self, user: UserId) -> Result<Option<Export>, StoreError> {
        self.get(keys::export(user)).await
    }

    /// The user's newest export, for a session that must be alive. 1 call.
    ///
    /// # Errors
    /// [`ReadError::SessionEnded`], or the table failed.
    pub async fn export_in_session(
        &self,
        caller: (UserId, SessionId),
        now: Timestamp,
    ) -> Result<Option<Export>, ReadError> {
        let key = keys::export(caller.0);
        Ok(self.rows_in_session(caller, vec![key.clone()], now).await?.take(&key)?)
    }

    /// The export that a mailed link leads its user to, for a session that must be alive. `None` for a link that was used,
    /// is another user's, too old, or was mailed under another password, and when the file is not there any more. 1 call.
    ///
    /// # Errors
    /// As [`Self::export_in_session`].
    pub async fn linked_export(
        &self,
        caller: (UserId, SessionId),
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Export>, ReadError> {
        let (export, account) = (keys::export(caller.0), keys::account(caller.0));
        let link = keys::mailed_token(&sha256_hex(token.as_bytes()));
        let mut rows = self.rows_in_session(caller, vec![export.clone(), account.clone(), link.clone()], now).await?;
        let (Some(link), Some(user)) = (rows.take::<TokenRow>(&link)?, rows.take::<User>(&account)?) else {
            return Ok(None);
        };
        let is_own = link.token_use == TokenUse::FetchExport && link.user_id == user.id;
        let is_good = is_own && link.is_in_time(now) && link.password_version == Some(user.password_version);
        let export: Option<Export> = rows.take(&export)?;
        Ok(export.filter(|export| is_good && export.is_ready(now)))
    }

    /// Uses the link up that led to an export. 1 call.
    ///
    /// # Errors
    /// [`Refusal::TokenVoid`] when it was used in the meantime.
    pub async fn use_export_link(&self, permit: &Permit, token: &str, now: Timestamp) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(now);
        let mut unused = Expression::default();
        unused.require_row();
        transaction.delete(keys::mailed_token(&sha256_hex(token.as_bytes())), unused, Refusal::TokenVoid);
        self.transact(transaction).await
    }

    /// Has an export made, in place of the one that was read. 1 call.
    ///
    /// # Errors
    /// [`Refusal::ExportChanged`] when another was begun meanwhile.
    pub async fn start_export(
        &self,
        permit: &Permit,
        export: &Export,
        read: Option<&Export>,
    ) -> Result<(), WriteError> {
        let mut transaction = permit.transaction(export.requested_at);
        let mut same = Expression::default();
        match read {
            Some(read) => same.require_equal("id", text(read.id.to_string())),
            None => same.require_absent(keys::PK),
        };
        transaction.put(Row::new(keys::export(export.user_id), export), same, Refusal::ExportChanged);
        self.transact(transaction).await
    }

    /// Records that an export's file of `size` bytes is there, and tells the user by mail, once. 1 call.
    ///
    /// # Errors
    /// [`Refusal::ExportChanged`] when that was done before, or the export was replaced or deleted.
    pub async fn finish_export(
        &self,
        permit: &Permit,
        export: &Export,
        size: u64,
        mail: &AddressedMail,
        token: &MailedToken,
    ) -> Result<(), WriteError> {
        let now = mail.mail.created_at;
        let mut transaction = permit.transaction(now);
        let mut change = Expression::default();
        change
            .set("state", text(ExportState::Ready.as_str()))
            .set("size", number(size))
            .require_equal("id", text(export.id.to_string()))
            .require_equal("state", text(ExportState::Pending.as_str()));
        transaction.update(keys::export(export.user_id), change, Refusal::ExportChanged);
        let valid_until = now.plus(EXPORT_LINK_VALID);
        let row = TokenRow::new(export.user_id, TokenUse::FetchExport, valid_until);
        let token = token_write(token, &row.until_password_changes(export.password_version));
        transaction.post(mail, vec![token]);
        self.transact(transaction).await
    }

    /// Up to a megabyte of the user's rows behind the sort key `after`. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn rows_of_user(&self, user: UserId, after: Option<&str>) -> Result<UserRows, StoreError> {
        let mut expression = Expression::default();
        let pk = expression.name(keys::PK);
        let partition = expression.value(text(keys::user_partition(user)));
        let start = after.map(|sk| {
            HashMap::from([
                (keys::PK.to_owned(), AttributeValue::S(keys::user_partition(user))),
                (keys::SK.to_owned(), AttributeValue::S(sk.to_owned())),
            ])
        });
        let output = self
            .client()
            .query()
            .table_name(self.table())
            .key_condition_expression(format!("{pk} = {partition}"))
            .set_expression_attribute_names(expression.names_map())
            .set_expression_attribute_values(expression.values_map())
            .set_exclusive_start_key(start)
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| failed("Query", &error))?;
        self.meter().read(output.consumed_capacity.as_ref());
        let next = output.last_evaluated_key.as_ref().and_then(|key| text_of(key, keys::SK)).map(str::to_owned);
        let rows = output.items.unwrap_or_default().into_iter().filter_map(user_row).collect::<Result<_, _>>()?;
        Ok(UserRows { rows, next })
    }
}

fn user_row(mut item: Item) -> Option<Result<UserRow, StoreError>> {
    let Some(RowKey::OfUser(_, key)) = key_of(&item).and_then(|key| RowKey::parse(&key.pk, &key.sk)) else {
        tracing::error!(sk = text_of(&item, keys::SK), "export.row_unknown");
        return None;
    };
    for name in keys::ALL_KEYS {
        item.remove(name);
    }
    Some(serde_dynamo::from_item(item).map(|attributes| UserRow { key, attributes }).map_err(StoreError::from))
}
