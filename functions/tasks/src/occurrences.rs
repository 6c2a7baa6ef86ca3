//! `GET /api/tasks/{id}/occurrences`

use serde::Serialize;
use shared::domain::body::NoBody;
use shared::domain::occurrence::OccurrenceOut;
use shared::http::{ApiError, App, Operation, PageRequest, Request, Serialized, Success};
use shared::id::TaskId;

use crate::{TASK, find};

/// Occurrences of a page, unless `limit` says otherwise.
const PAGE_SIZE: u32 = 50;

/// A page of a task's occurrences.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct OccurrencesPage {
    #[cfg_attr(feature = "schema", schemars(length(max = shared::store::page::LIMIT_MAX)))]
    occurrences: Vec<Serialized<OccurrenceOut>>,
    /// The cursor of the next page; null at the end.
    next_cursor: Option<String>,
}

pub const OPERATION: Operation<NoBody, Success<OccurrencesPage>> = Operation::get(
    "/api/tasks/{id}/occurrences",
    "List the completed and skipped occurrences of a recurring task, newest first",
)
.describe("Each occurrence has its due date, its outcome and when it ended. The present one is the task itself.")
.paged(PAGE_SIZE);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<OccurrencesPage>, ApiError> {
    let id = request.path_id(TASK, TaskId::parse)?;
    let mut page = PageRequest::read(app, request, &format!("occurrences of {id}")).await?;
    let (user, after, limit) = (page.user, page.after.take(), page.limit);
    let list = async { Ok(app.store.occurrences(user, id, after, limit).await?) };
    let (_, found) = futures::try_join!(find(app, request, id), list)?;
    let (occurrences, next_cursor) = page.answer(found.map(OccurrenceOut::from))?;
    Ok(Success::new("Occurrences retrieved successfully", OccurrencesPage { occurrences, next_cursor }))
}
