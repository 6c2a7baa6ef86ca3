//! Lists: `limit` and `cursor` of the query, and pages that fit into an answer.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::App;
use super::error::{ApiError, ErrorCode};
use super::request::RequestParts;
use crate::auth::keyring::Keyring;
use crate::domain::field::{FieldError, Parameter, Repetition};
use crate::id::UserId;
use crate::inline_schema;
use crate::store::page::{LIMIT_MAX, LIMIT_MIN, ListPage, Listed, Position};

/// Maximum size of a page's rows, in bytes of JSON before compression. One row is always sent: none is near this.
const ROWS_MAX: usize = 4 * 1024 * 1024;
/// Maximum size of a page's rows in a function's response, in bytes. Lambda takes 6 MB, in which the body is a JSON string.
const RESPONSE_MAX: usize = 5 * 1024 * 1024;

/// The parameter with the maximum number of rows.
pub const LIMIT: &str = "limit";

/// The query parameters of every list. A blank one counts as missing.
pub const PARAMETERS: [Parameter; 2] = [
    Parameter::once::<Limit>(LIMIT, "Maximum number of rows"),
    Parameter::once::<Cursor>("cursor", "The `nextCursor` of the previous page"),
];

/// The type of `limit`. Its default is the route's [`page_size`](super::Facts::page_size).
#[derive(Debug)]
pub struct Limit;

inline_schema!(Limit, { "type": "integer", "minimum": LIMIT_MIN, "maximum": LIMIT_MAX });

/// The type of `cursor`.
#[derive(Debug)]
pub struct Cursor;

inline_schema!(Cursor, { "type": "string" });

/// A page of a list that a request asks for.
#[derive(Debug)]
pub struct PageRequest {
    /// Whose list it is.
    pub user: UserId,
    /// Maximum number of rows.
    pub limit: u32,
    /// Where the page begins; `None` at the beginning of the list.
    pub after: Option<Position>,
    /// What the cursor is bound to, besides the user: the list and its filters.
    list: String,
    keyring: Arc<Keyring>,
}

impl PageRequest {
    /// Reads `limit` and `cursor` of a list without further parameters.
    ///
    /// # Errors
    /// 400 for bad parameters, and for a cursor that was given for another list.
    pub async fn read(app: &App, request: &RequestParts, list: &str) -> Result<Self, ApiError> {
        let list = |(): &()| list.to_owned();
        Self::read_with(app, request, (&[], |_| Ok(())), list).await.map(|(page, ())| page)
    }

    /// Reads `limit`, `cursor` and the list's own parameters. `list` names the list and its filters.
    ///
    /// # Errors
    /// 400 with every bad parameter, and for a cursor that was given for another list or another query.
    pub async fn read_with<Q>(
        app: &App,
        request: &RequestParts,
        (parameters, read): (&[Parameter], impl FnOnce(&[(String, String)]) -> Result<Q, Vec<FieldError>>),
        list: impl FnOnce(&Q) -> String,
    ) -> Result<(Self, Q), ApiError> {
        let repeatable = parameters.iter().filter(|parameter| parameter.repetition == Repetition::Repeatable);
        let repeatable: Vec<&str> = repeatable.map(|parameter| parameter.name).collect();
        let mut errors = request.repeated_parameters(&repeatable);
        let limit = limit(request).map_err(|error| errors.push(error)).ok();
        let query = read(&request.query).map_err(|more| errors.extend(more)).ok();
        let (Some(query), Some(limit), true) = (query, limit, errors.is_empty()) else {
            return Err(errors.into());
        };
        let (user, list, keyring) = (request.caller()?.id, list(&query), app.keyring().await?);
        let position = |cursor| Position::from_cursor(cursor, &keyring, user, &list);
        let after = parameter(request, "cursor").map(position).transpose();
        let after = after.map_err(|_| ApiError::new(ErrorCode::InvalidCursor))?;
        Ok((Self { user, limit, after, list, keyring }, query))
    }

    /// The rows of a page that was found, as far as they fit into one answer, and the cursor of the page behind them.
    ///
    /// # Errors
    /// A row cannot be serialised.
    pub fn answer<T: Serialize>(&self, found: ListPage<T>) -> Result<(Vec<Serialized<T>>, Option<String>), ApiError> {
        let (rows, next) = fitting(found).map_err(ApiError::internal)?;
        Ok((rows, next.map(|position| position.to_cursor(&self.keyring, self.user, &self.list))))
    }
}

/// A row as it is sent. Its size decides whether it fits into the page, so it is serialised before the page is.
#[derive(Debug)]
pub struct Serialized<T> {
    json: Box<RawValue>,
    row: PhantomData<T>,
}

impl<T: Serialize> Serialized<T> {
    fn new(row: &T) -> serde_json::Result<Self> {
        Ok(Self { json: to_raw_value(row)?, row: PhantomData })
    }
}

impl<T> Serialize for Serialized<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl<T: crate::schema::Described> schemars::JsonSchema for Serialized<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// The rows that fit into one answer, and where the next page begins.
fn fitting<T: Serialize>(found: ListPage<T>) -> serde_json::Result<(Vec<Serialized<T>>, Option<Position>)> {
    let (mut rows, mut last) = (Vec::with_capacity(found.rows.len()), None);
    let mut size = Size::default();
    for Listed { value, position } in found.rows {
        let row = Serialized::new(&value)?;
        size.add(row.json.get());
        if size.is_too_large() && last.is_some() {
            return Ok((rows, last));
        }
        rows.push(row);
        last = Some(position);
    }
    Ok((rows, found.next))
}

/// The size of JSON.
#[derive(Default)]
struct Size {
    bytes: usize,
    /// Those that take two bytes in a JSON string.
    escaped: usize,
}

impl Size {
    fn add(&mut self, json: &str) {
        self.bytes += json.len();
        self.escaped += json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    }

    fn is_too_large(&self) -> bool {
        self.bytes > ROWS_MAX || self.bytes + self.escaped > RESPONSE_MAX
    }
}

/// A parameter that is not blank.
fn parameter<'r>(request: &'r RequestParts, name: &str) -> Option<&'r str> {
    request.parameter(name).filter(|value| !value.trim().is_empty())
}

fn limit(request: &RequestParts) -> Result<u32, FieldError> {
    let Some(text) = parameter(request, LIMIT) else {
        return Ok(request.facts.page_size.unwrap_or(LIMIT_MAX));
    };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text.parse().ok().filter(|limit| digits && (LIMIT_MIN..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| FieldError::new("limit", format!("Limit must be a number from {LIMIT_MIN} to {LIMIT_MAX}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: usize, row: &str) -> ListPage<String> {
        let position = |n: usize| Position { sk: n.to_string(), index_sk: n.to_string() };
        let rows: Vec<_> = (1..=rows).map(|n| Listed { value: row.to_owned(), position: position(n) }).collect();
        let next = Some(position(rows.len()));
        ListPage { rows, next }
    }

    fn fit(rows: usize, row: &str) -> (usize, String) {
        let (rows, next) = fitting(page(rows, row)).unwrap();
        assert!(rows.iter().all(|sent| serde_json::to_string(sent).unwrap() == serde_json::to_string(row).unwrap()));
        (rows.len(), next.unwrap().sk)
    }

    #[test]
    fn a_page_ends_before_its_rows_are_more_than_an_answer_takes() {
        let row = "é".repeat(5_000);
        assert_eq!(fit(419, &row), (419, "419".to_owned()));
        assert_eq!(fit(500, &row), (419, "419".to_owned()), "10,002 bytes each, of 4,194,304");
        assert_eq!(fit(1, &"x".repeat(ROWS_MAX)), (1, "1".to_owned()), "one row is always sent");
    }

    #[test]
    fn what_takes_more_bytes_in_the_function_s_response_ends_a_page_earlier() {
        // Each quote is `\"` in the body, and `\\\"` in the response.
        assert_eq!(fit(500, &"\"".repeat(5_000)), (262, "262".to_owned()), "20,004 bytes each, of 5,242,880");
    }
}
