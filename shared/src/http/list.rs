//! Lists: `limit` and `cursor` of the query, and the cursor of the next page.

use std::sync::Arc;

use super::App;
use super::error::{ApiError, ErrorCode};
use super::request::RequestParts;
use crate::auth::keyring::Keyring;
use crate::domain::field::{FieldError, Parameter, Repetition};
use crate::id::UserId;
use crate::inline_schema;
use crate::store::page::{LIMIT_DEFAULT, LIMIT_MAX, LIMIT_MIN, Position};

/// The query parameters of every list.
pub const PARAMETERS: [Parameter; 2] = [
    Parameter::once::<Limit>("limit", ""),
    Parameter::once::<Cursor>("cursor", "The `nextCursor` of the previous page"),
];

/// The type of `limit`.
#[derive(Debug)]
pub struct Limit;

inline_schema!(Limit, { "type": "integer", "minimum": LIMIT_MIN, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT });

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
        let after = request.parameter("cursor").map(position).transpose();
        let after = after.map_err(|_| ApiError::new(ErrorCode::InvalidCursor))?;
        Ok((Self { user, limit, after, list, keyring }, query))
    }

    /// The cursor of the page that begins at `next`.
    pub fn cursor(&self, next: Option<Position>) -> Option<String> {
        next.map(|position| position.to_cursor(&self.keyring, self.user, &self.list))
    }
}

fn limit(request: &RequestParts) -> Result<u32, FieldError> {
    let Some(text) = request.parameter("limit") else {
        return Ok(LIMIT_DEFAULT);
    };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text.parse().ok().filter(|limit| digits && (LIMIT_MIN..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| FieldError::new("limit", format!("Limit must be a number from {LIMIT_MIN} to {LIMIT_MAX}")))
}
