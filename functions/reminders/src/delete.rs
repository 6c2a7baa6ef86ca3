//! `DELETE /api/reminders/{id}`

use shared::clock::Timestamp;
use shared::domain::body::NoBody;
use shared::domain::reminder::Reminder;
use shared::domain::task_plan::PlanChange;
use shared::http::{ApiError, App, Done, Operation, Request, retry_conflicts};
use shared::store::tasks::TaskRow;

use crate::reminder_to_recount;

pub const OPERATION: Operation<NoBody, Done> = Operation::delete("/api/reminders/{id}", "Delete a reminder")
    .describe("Nothing is sent for it any more. Deleting the open review of a plan ends the plan.")
    .if_match();

/// The table's stream deletes its schedule.
pub async fn handle(app: &App, request: &Request<'_>) -> Result<Done, ApiError> {
    retry_conflicts(async || {
        let (reminder, snapshot) = reminder_to_recount(app, request).await?;
        request.check_match(reminder.version)?;
        let permit = request.permit().await?;
        if let Some((task, change)) = end_of_plan(app, &reminder, request.now()).await? {
            return Ok(app.store.change_plan(&permit, &task, &change, &snapshot.days).await?);
        }
        Ok(app.store.delete_reminder(&permit, &reminder, &snapshot, request.now()).await?)
    })
    .await?;
    Ok(Done::message("Reminder deleted successfully"))
}

/// The end of the plan that a review belongs to; `None` for other reminders, and for a review whose plan has ended.
async fn end_of_plan(
    app: &App,
    reminder: &Reminder,
    now: Timestamp,
) -> Result<Option<(TaskRow, PlanChange)>, ApiError> {
    if !reminder.is_review() {
        return Ok(None);
    }
    let Some(row) = app.store.task(reminder.user_id, reminder.task_id).await? else { return Ok(None) };
    let is_open = row.task.plan.as_ref().is_some_and(|plan| plan.reminder_id == reminder.id);
    let change = row.task.end_plan(now).filter(|_| is_open);
    Ok(change.map(|change| (row, change)))
}
