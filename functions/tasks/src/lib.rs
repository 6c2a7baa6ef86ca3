//! Tasks.

pub mod create;
pub mod delete;
pub mod end_plan;
pub mod get;
pub mod list;
pub mod occurrences;
pub mod overdue;
pub mod plan;
pub mod reminders;
pub mod skip;
pub mod update;

use serde::Serialize;
use shared::domain::task::{Task, TaskOut};
use shared::domain::task_change::TaskChange;
use shared::domain::zone::Zone;
use shared::http::{ApiError, App, ErrorCode, RequestParts};
use shared::id::TaskId;
use shared::store::tasks::TaskRow;

shared::functions! {
    serve "tasks" {
        "tasks-create": http(create),
        "tasks-list": http(list),
        "tasks-get": http(get),
        "tasks-update": http(update),
        "tasks-delete": http(delete),
        "tasks-reminders": http(reminders),
        "tasks-skip": http(skip),
        "tasks-occurrences": http(occurrences),
        "tasks-plan": http(plan),
        "tasks-end-plan": http(end_plan),
        "tasks-overdue": queue("overdue", overdue::Overdue),
    }
}

const TASK: &str = "Task";

/// One task.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct TaskData {
    task: TaskOut,
}

impl TaskData {
    fn new(app: &App, task: Task) -> Self {
        Self { task: TaskOut::new(task, &app.http.public_url) }
    }
}

/// The task that the path names.
async fn task_of_path(app: &App, request: &RequestParts) -> Result<TaskRow, ApiError> {
    find(app, request, request.path_id(TASK, TaskId::parse)?).await
}

async fn find(app: &App, request: &RequestParts, id: TaskId) -> Result<TaskRow, ApiError> {
    let row = app.store.task(request.caller()?.id, id).await?;
    row.ok_or_else(|| ApiError::not_found(TASK))
}

/// The change with what it does to the task's relative reminders. It reads them only where the due date moves, and not before the
/// rate limiter has decided.
async fn follow_due_date(app: &App, request: &RequestParts, change: TaskChange) -> Result<TaskChange, ApiError> {
    if change.moved_reminders().next().is_none() {
        return Ok(change);
    }
    request.permit().await?;
    Ok(app.store.follow_due_date(change).await?)
}

/// The caller's time zone, read only where a request depends on it.
async fn zone(app: &App, request: &RequestParts, needed: ZoneNeeded) -> Result<Zone, ApiError> {
    match needed {
        ZoneNeeded::No => Ok(Zone::UTC),
        ZoneNeeded::Yes => {
            let user = app.store.user(request.caller()?.id).await?;
            Ok(user.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?.timezone)
        }
    }
}

/// Whether a request holds a plain date, which only the user's time zone makes an instant, or a recurrence without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ZoneNeeded {
    Yes,
    No,
}

impl ZoneNeeded {
    fn when(is_needed: bool) -> Self {
        if is_needed { Self::Yes } else { Self::No }
    }
}
