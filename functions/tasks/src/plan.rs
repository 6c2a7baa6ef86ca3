//! `PUT /api/tasks/{id}/plan`

use shared::domain::review_plan::PlanInput;
use shared::domain::task_plan::NoPlan;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success, WithHead, retry_conflicts};
use shared::id::TaskId;
use shared::store::counters::DaySnapshot;

use crate::{TASK, TaskData, find};

pub const OPERATION: Operation<PlanInput, Success<TaskData>> = Operation::put(
    "/api/tasks/{id}/plan",
    "Plan spaced reviews of a task, or change the plan",
)
.describe(
    "A plan keeps one review open: a reminder of kind `review`, which is sent at its time and waits to be rated. \
             The first one is after `days[0]` days, or, with `fsrs`, on the next day. For a plan of the same kind, the \
             settings change and the progress stays; a plan of another kind starts anew.",
)
.if_match()
.etag()
.errors(&[ErrorCode::NotOpen, ErrorCode::PlanExists, ErrorCode::LimitReached]);

const COMPLETED: &str = "A completed task has no reviews";

pub async fn handle(app: &App, request: &Request<'_, PlanInput>) -> Result<Success<TaskData>, ApiError> {
    let id = request.path_id(TASK, TaskId::parse)?;
    let input = request.body(app)?;
    let task = retry_conflicts(async || {
        let row = find(app, request, id).await?;
        request.check_match(row.task.version)?;
        let present = row.task.plan.as_ref().map(|plan| plan.reminder_id);
        let (user, open) = app.store.user_and_reminder(row.task.user_id, present).await?;
        let user = user.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?;
        let change = row.task.set_plan(input.clone(), open.as_ref(), &user, request.now()).map_err(refused)?;
        let permit = request.permit().await?;
        app.store.change_plan(&permit, &row, &change, &DaySnapshot::default()).await?;
        Ok(change.task)
    })
    .await?;
    let version = task.version;
    Ok(Success::new("Plan saved successfully", TaskData::new(app, task)).etag(version))
}

fn refused(reason: NoPlan) -> ApiError {
    match reason {
        NoPlan::Completed => ApiError::new(ErrorCode::NotOpen).with_message(COMPLETED),
        NoPlan::Recurs => ApiError::new(ErrorCode::PlanExists),
    }
}
