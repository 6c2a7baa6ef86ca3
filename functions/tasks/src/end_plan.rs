//! `DELETE /api/tasks/{id}/plan`

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Operation, Request, Success, WithHead, retry_conflicts};
use shared::store::counters::DaySnapshot;

use crate::{TaskData, task_of_path};

pub const OPERATION: Operation<NoBody, Success<TaskData>> =
    Operation::delete("/api/tasks/{id}/plan", "End the plan of spaced reviews of a task")
        .describe("Its open review is deleted. Ratings that were given stay counted.")
        .if_match()
        .etag();

const PLAN: &str = "Plan";

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<TaskData>, ApiError> {
    let task = retry_conflicts(async || {
        let row = task_of_path(app, request).await?;
        request.check_match(row.task.version)?;
        let change = row.task.end_plan(request.now()).ok_or_else(|| ApiError::not_found(PLAN))?;
        let permit = request.permit().await?;
        app.store.change_plan(&permit, &row, &change, &DaySnapshot::default()).await?;
        Ok(change.task)
    })
    .await?;
    let version = task.version;
    Ok(Success::new("Plan deleted successfully", TaskData::new(app, task)).etag(version))
}
