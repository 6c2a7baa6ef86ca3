//! `tasks-overdue`: tells a user, once for each due date, that it has passed and the task is not completed.

use shared::aws::queue::TellOverdue;
use shared::clock::Timestamp;
use shared::domain::notification::Notification;
use shared::events::{Failure, retry_races};
use shared::store::{Permit, Refusal, Store, WriteError};

/// Handles a message. One for a task that was moved, completed or deleted does nothing.
///
/// # Errors
/// The table failed, or others never let it through: the message comes again.
pub async fn handle(store: &Store, message: &TellOverdue, now: Timestamp) -> Result<(), Failure> {
    retry_races(Refusal::TaskChanged, async || attempt(store, message, now).await).await
}

async fn attempt(store: &Store, message: &TellOverdue, now: Timestamp) -> Result<(), WriteError> {
    let TellOverdue { user_id, task_id } = *message;
    let Some(row) = store.task(user_id, task_id).await? else {
        tracing::info!(%task_id, "overdue.gone");
        return Ok(());
    };
    let permit = Permit::of_system();
    match row.task.overdue_at() {
        Some(due) if due <= now => store.tell_overdue(&permit, &row.task, &Notification::overdue(&row.task, now)).await,
        Some(_) => {
            tracing::info!(%task_id, "overdue.moved");
            Ok(())
        }
        // A change that rested on an older reading has put it back into the index.
        None => store.settle_overdue(&permit, &row.task).await,
    }
}
