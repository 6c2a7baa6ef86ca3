//! `GET /api/tasks`

use serde::Serialize;
use shared::domain::body::NoBody;
use shared::domain::due_date::DueDate;
use shared::domain::task::TaskOut;
use shared::domain::task_query::TaskQuery;
use shared::http::{ApiError, App, Operation, PageRequest, Request, Selected, Serialized, Success};
use shared::store::page::LIMIT_MAX;

use crate::{ZoneNeeded, zone};

/// A page of tasks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct TasksPage {
    #[cfg_attr(feature = "schema", schemars(length(max = LIMIT_MAX)))]
    tasks: Vec<Serialized<Selected<TaskOut>>>,
    /// The cursor of the next page; null at the end.
    next_cursor: Option<String>,
}

pub const OPERATION: Operation<NoBody, Success<TasksPage>> =
    Operation::get("/api/tasks", "List tasks; a filtered page may be shorter than its limit")
        .describe(
            "Filters combine: a task must match each. `status`, `priority` and `category` may repeat, and then \
             any of the values matches. Continue until `nextCursor` is null, however short a page is.",
        )
        .paged(LIMIT_MAX)
        .query(&TaskQuery::PARAMETERS);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<TasksPage>, ApiError> {
    let parameters = (&TaskQuery::PARAMETERS[..], TaskQuery::read);
    let list = |query: &TaskQuery<DueDate>| format!("tasks?{}", query.fingerprint());
    let (mut page, query) = PageRequest::read_with(app, request, parameters, list).await?;
    let zone = zone(app, request, ZoneNeeded::when(query.needs_zone())).await?;
    let query = query.resolve(&zone);
    let found = app.store.tasks(page.user, &query, page.after.take(), page.limit).await?;
    let shown = |task| Selected::new(TaskOut::new(task, &app.http.public_url), query.fields.clone());
    let (tasks, next_cursor) = page.answer(found.map(shown))?;
    Ok(Success::new("Tasks retrieved successfully", TasksPage { tasks, next_cursor }))
}
