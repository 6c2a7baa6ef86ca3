//! `service-cleanup`: deletes what deleted things leave behind.

use shared::aws::queue::CleanUp;
use shared::events::Failure;
use shared::store::{Permit, Store};

/// Cleans up after one deletion. Doing it again is harmless.
///
/// # Errors
/// The table failed: the message comes again.
pub async fn handle(store: &Store, message: CleanUp) -> Result<(), Failure> {
    match message {
        CleanUp::Task { user_id, task_id } => {
            store.delete_notifications_of(&Permit::of_system(), user_id, task_id).await?;
        }
    }
    Ok(())
}
