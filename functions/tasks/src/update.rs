//! `PUT /api/tasks/{id}`

use std::cell::OnceCell;

use serde::Serialize;
use shared::domain::occurrence::OccurrenceOut;
use shared::domain::task::{TaskOut, TaskPatch};
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success, WithHead, retry_conflicts};
use shared::id::TaskId;

use crate::{TASK, ZoneNeeded, find, follow_due_date, zone};

/// The task after the update.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct UpdatedTask {
    task: TaskOut,
    /// The occurrence of a recurring task that the update completed.
    completed_occurrence: Option<OccurrenceOut>,
}

pub const OPERATION: Operation<TaskPatch, Success<UpdatedTask>> =
    Operation::put("/api/tasks/{id}", "Update a task: change the fields that are sent")
        .describe(
            "Fields that are not sent keep their value; null clears an optional field. Completing a task cancels \
             its pending reminders, ends its plan of reviews and creates a notification. Completing a recurring task advances it to its next \
             due date instead.",
        )
        .if_match()
        .etag()
        .idempotent()
        .errors(&[ErrorCode::DueDateNeeded, ErrorCode::PlanExists]);

pub async fn handle(app: &App, request: &Request<'_, TaskPatch>) -> Result<Success<UpdatedTask>, ApiError> {
    let id = request.path_id(TASK, TaskId::parse)?;
    let patch = request.body(app)?;
    let zone = zone(app, request, ZoneNeeded::when(patch.needs_zone())).await?;
    let first_occurrence = OnceCell::new();
    let updated = retry_conflicts(async || {
        let row = find(app, request, id).await?;
        request.check_match(row.task.version)?;
        let seen = *first_occurrence.get_or_init(|| row.task.present_occurrence());
        let change = row.task.change_seen(patch.clone(), seen, &zone, request.now())?;
        row.task.require_no_followers(&change)?;
        row.task.require_no_plan(&change)?;
        let change = follow_due_date(app, request, change).await?;
        let updated = UpdatedTask {
            task: TaskOut::new(change.task.clone(), &app.http.public_url),
            completed_occurrence: change.occurrence.clone().map(OccurrenceOut::from),
        };
        let answer = Success::new("Task updated successfully", updated).etag(change.task.version);
        request.answer_once(app, answer, async |permit| app.store.update_task(permit, &row, &change).await).await
    })
    .await;
    request.or_first_answer(app, updated).await
}
