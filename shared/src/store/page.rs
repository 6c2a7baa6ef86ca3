//! Pages of a list: cursors that cannot be forged, and the Query behind them.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error};

use super::error::failed;
use super::gate::ReadCost;
use super::keys::{self, Index};
use super::update::Expression;
use super::{Item, Store, StoreError, text};
use crate::auth::keyring::{Keyring, Purpose};
use crate::id::UserId;

/// Minimum number of rows of a page.
pub const LIMIT_MIN: u32 = 1;
/// Maximum number of rows of a page.
pub const LIMIT_MAX: u32 = 500;

/// A page of a list.
#[derive(Debug)]
pub struct ListPage<T> {
    /// The rows in order.
    pub rows: Vec<Listed<T>>,
    /// Where the next page begins; `None` at the end of the list.
    pub next: Option<Position>,
}

/// A row of a list.
#[derive(Debug)]
pub struct Listed<T> {
    pub value: T,
    /// Where the next page begins.
    pub position: Position,
}

impl<T> ListPage<T> {
    /// The same page with other values.
    pub fn map<U>(self, to: impl Fn(T) -> U) -> ListPage<U> {
        let rows = self.rows.into_iter().map(|Listed { value, position }| Listed { value: to(value), position });
        ListPage { rows: rows.collect(), next: self.next }
    }
}

impl ListPage<Item> {
    /// The page with its rows read.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<ListPage<T>, serde_dynamo::Error> {
        let read = |Listed { value, position }| Ok(Listed { value: serde_dynamo::from_item(value)?, position });
        let rows = self.rows.into_iter().map(read).collect::<Result<_, serde_dynamo::Error>>()?;
        Ok(ListPage { rows, next: self.next })
    }
}

impl Listed<Item> {
    /// A row of an index.
    fn of(item: Item, index: Index) -> Result<Self, serde_dynamo::Error> {
        let position = Position::of(&item, index);
        let position =
            position.ok_or_else(|| serde_dynamo::Error::custom("it is in an index without the index's keys"))?;
        Ok(Self { value: item, position })
    }
}

/// Where the next page begins: behind the row of these two sort keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The table's sort key.
    pub sk: String,
    /// The index's sort key.
    pub index_sk: String,
}

/// The cursor is not one that was given to this user for this query.
#[derive(Debug, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct InvalidCursor;

impl Position {
    const TAG_LENGTH: usize = 16;
    /// Longer than any cursor that was ever given out.
    const LONGEST: usize = 600;

    /// The cursor of this position in `list` (a route and its query) of `user`.
    pub fn to_cursor(&self, keyring: &Keyring, user: UserId, list: &str) -> String {
        let body = format!("{}\n{}", self.sk, self.index_sk);
        let tag = keyring.tag(Purpose::Cursor, &context(user, list, &body));
        let mut bytes = tag.get(..Self::TAG_LENGTH).unwrap_or(&tag).to_vec();
        bytes.extend_from_slice(body.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor.
    ///
    /// # Errors
    /// [`InvalidCursor`] when it was changed, or is another user's or another query's.
    pub fn from_cursor(cursor: &str, keyring: &Keyring, user: UserId, list: &str) -> Result<Self, InvalidCursor> {
        if cursor.len() > Self::LONGEST {
            return Err(InvalidCursor);
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| InvalidCursor)?;
        let (tag, body) = bytes.split_at_checked(Self::TAG_LENGTH).ok_or(InvalidCursor)?;
        let body = str::from_utf8(body).map_err(|_| InvalidCursor)?;
        if !keyring.verifies(Purpose::Cursor, &context(user, list, body), tag) {
            return Err(InvalidCursor);
        }
        let (sk, index_sk) = body.split_once('\n').ok_or(InvalidCursor)?;
        Ok(Self { sk: sk.to_owned(), index_sk: index_sk.to_owned() })
    }

    fn of(item: &Item, index: Index) -> Option<Self> {
        let get = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some(Self { sk: get(keys::SK)?, index_sk: get(index.sort_key())? })
    }

    fn into_key(self, user: UserId, index: Index) -> Item {
        Item::from([
            (keys::PK.to_owned(), text(keys::user_partition(user))),
            (keys::SK.to_owned(), text(self.sk)),
            (index.sort_key().to_owned(), text(self.index_sk)),
        ])
    }
}

fn context(user: UserId, list: &str, body: &str) -> Vec<u8> {
    format!("{user}\n{list}\n{body}").into_bytes()
}

/// Behind every sort key that begins with `prefix`: those go on in ASCII below `~`.
pub(crate) fn end_of(prefix: &str) -> String {
    format!("{prefix}~")
}

/// In which order to read an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

/// One Query over an index of a user's partition.
pub(crate) struct IndexQuery<'a> {
    pub(crate) user: UserId,
    pub(crate) index: Index,
    /// First and last sort key of the index, both included.
    pub(crate) range: (&'a str, &'a str),
    pub(crate) direction: Direction,
    pub(crate) after: Option<Position>,
    /// Most rows to read.
    pub(crate) limit: u32,
}

/// Rows in order, and whether the index has more behind them.
pub(crate) struct Rows {
    pub(crate) items: Vec<Listed<Item>>,
    pub(crate) more: bool,
}

impl Store {
    /// Rows of one index, and where the next page begins. 1 call.
    pub(crate) async fn page(&self, query: IndexQuery<'_>) -> Result<ListPage<Item>, StoreError> {
        let limit = query.limit as usize;
        let one_more = IndexQuery { limit: query.limit + 1, ..query };
        let Rows { items: mut rows, mut more } = self.query_index(one_more).await?;
        more |= rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.position.clone());
        Ok(ListPage { rows, next })
    }

    pub(crate) async fn query_index(&self, query: IndexQuery<'_>) -> Result<Rows, StoreError> {
        let mut expression = Expression::default();
        let pk = expression.name(keys::PK);
        let sort = expression.name(query.index.sort_key());
        let partition = expression.value(text(keys::user_partition(query.user)));
        let (low, high) = query.range;
        let (low, high) = (expression.value(text(low)), expression.value(text(high)));
        let limit = i32::try_from(query.limit).unwrap_or(i32::MAX);
        self.admit(ReadCost::Bounded).await?;
        let output = self
            .client()
            .query()
            .table_name(self.table())
            .set_index_name(query.index.name().map(str::to_owned))
            .key_condition_expression(format!("{pk} = {partition} AND {sort} BETWEEN {low} AND {high}"))
            .set_expression_attribute_names(expression.names_map())
            .set_expression_attribute_values(expression.values_map())
            .consistent_read(true)
            .scan_index_forward(query.direction == Direction::Ascending)
            .set_exclusive_start_key(query.after.map(|position| position.into_key(query.user, query.index)))
            .limit(limit)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| failed("Query", &error))?;
        self.meter().read(output.consumed_capacity.as_ref());
        let more = output
            .last_evaluated_key
            .is_some_and(|key: std::collections::HashMap<String, AttributeValue>| !key.is_empty());
        let items = output.items.unwrap_or_default().into_iter().map(|item| Listed::of(item, query.index));
        Ok(Rows { items: items.collect::<Result<_, _>>()?, more })
    }
}
