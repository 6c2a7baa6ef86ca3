//! `tasks-overdue`: notifies a user, once for each due date, that it has passed and the task is not completed.

use shared::clock::Timestamp;
use shared::domain::notification::Notification;
use shared::events::{Environment, Failure, Message, QueueFunction, retry_races};
use shared::messages::TellOverdue;
use shared::runtime::Error;
use shared::store::{Permit, Refusal, Store, WriteError};

/// What the function works with.
#[derive(Debug)]
pub struct Overdue {
    /// The table.
    pub store: Store,
    /// The permit to write.
    pub permit: Permit,
}

impl QueueFunction for Overdue {
    type Message = TellOverdue;

    async fn start(environment: Environment) -> Result<Self, Error> {
        Ok(Self { store: environment.store, permit: environment.permit })
    }

    /// A message for a task that was moved, completed or deleted does nothing.
    async fn handle(&self, message: Message<TellOverdue>, now: Timestamp) -> Result<(), Failure> {
        let attempt = async || attempt(&self.store, &self.permit, &message.body, now).await;
        retry_races(&[Refusal::TaskChanged], attempt).await
    }
}

async fn attempt(store: &Store, permit: &Permit, message: &TellOverdue, now: Timestamp) -> Result<(), WriteError> {
    let TellOverdue { user_id, task_id } = *message;
    let Some(row) = store.task(user_id, task_id).await? else {
        tracing::info!(%task_id, "overdue.gone");
        return Ok(());
    };
    match row.task.overdue_at() {
        Some(due) if due <= now => {
            store.notify_overdue(permit, &row.task, &Notification::overdue(&row.task, now)).await
        }
        Some(_) => {
            tracing::info!(%task_id, "overdue.moved");
            Ok(())
        }
        // A change that rested on an older reading has put it back into the index.
        None => store.settle_overdue(permit, &row.task).await,
    }
}
