//! Tasks.
//!
//! | Function | Called by |
//! |---|---|
//! | `tasks-create` | `POST /api/tasks` |
//! | `tasks-list` | `GET /api/tasks` |
//! | `tasks-get` | `GET /api/tasks/{id}` |
//! | `tasks-update` | `PUT /api/tasks/{id}` |
//! | `tasks-delete` | `DELETE /api/tasks/{id}` |
//! | `tasks-reminders` | `GET /api/tasks/{id}/reminders` |
//! | `tasks-overdue` | the overdue queue, fed by the sweep |

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod overdue;
pub mod reminders;
pub mod update;

use shared::domain::task::{Task, TaskOut};
use shared::domain::zone::Zone;
use shared::http::{ApiError, App, ErrorCode, Request};
use shared::id::TaskId;
use shared::store::tasks::TaskRow;

/// The task that the path names.
async fn task_of_path(app: &App, request: &Request<'_>) -> Result<TaskRow, ApiError> {
    let id = request.path_id(TASK, TaskId::parse)?;
    find(app, request, id).await
}

async fn find(app: &App, request: &Request<'_>, id: TaskId) -> Result<TaskRow, ApiError> {
    let row = app.store.task(request.caller()?.id, id).await?;
    row.ok_or_else(|| ApiError::not_found(TASK))
}

const TASK: &str = "Task";

/// The caller's time zone, read only where a plain date needs it.
async fn zone(app: &App, request: &Request<'_>, needed: Needed) -> Result<Zone, ApiError> {
    match needed {
        Needed::No => Ok(Zone::UTC),
        Needed::Yes => {
            let user = app.store.user(request.caller()?.id).await?;
            Ok(user.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?.timezone)
        }
    }
}

/// Whether a body holds a plain date, which only the user's time zone makes an instant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    Yes,
    No,
}

impl Needed {
    fn if_plain_date(is_plain_date: bool) -> Self {
        if is_plain_date { Self::Yes } else { Self::No }
    }
}

fn out(app: &App, task: Task) -> serde_json::Value {
    serde_json::json!({ "task": TaskOut::new(task, &app.http.public_url) })
}
