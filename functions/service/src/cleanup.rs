//! `service-cleanup`: deletes what deleted things leave behind.

use std::time::Duration;

use shared::aws::files::Bucket;
use shared::aws::queue::{CleanUp, Queue};
use shared::domain::export;
use shared::events::Failure;
use shared::id::UserId;
use shared::store::accounts::Left;
use shared::store::{Permit, Store};

/// Rows of an account that one message deletes, in batches of 25; what is left is the next message's.
const BATCHES: u32 = 80;

/// Objects of an account that one message deletes below one prefix, in pages of 1,000.
const PAGES: u32 = 10;

/// What cleaning takes.
#[derive(Debug)]
pub struct Cleaner {
    /// The table.
    pub store: Store,
    /// Where files lie.
    pub bucket: Bucket,
    /// Its own queue.
    pub queue: Queue<CleanUp>,
}

impl Cleaner {
    /// Cleans up after one deletion. Doing it again is harmless.
    ///
    /// # Errors
    /// A service failed: the message comes again.
    pub async fn handle(&self, message: CleanUp) -> Result<(), Failure> {
        let permit = Permit::of_system();
        match message {
            CleanUp::Task { user_id, task_id } => {
                Ok(self.store.delete_notifications_of(&permit, user_id, task_id).await?)
            }
            CleanUp::Account { user_id } => self.account(&permit, user_id).await,
        }
    }

    /// The rows of reminders take their schedules along: the stream tells of each.
    async fn account(&self, permit: &Permit, user: UserId) -> Result<(), Failure> {
        if self.store.user(user).await?.is_some() {
            tracing::error!(user_id = %user, "cleanup.account_lives");
            return Ok(());
        }
        // Rows first: an export that is being built finds its row gone, and removes its file itself.
        let mut left = self.store.delete_rows_of(permit, user, BATCHES).await?;
        for prefix in [export::objects_of(user), format!("files/{user}/"), format!("raw/{user}/")] {
            if left == Left::Nothing {
                left = self.bucket.delete_all(&prefix, PAGES).await?;
            }
        }
        if left == Left::Some {
            self.queue.send(&CleanUp::Account { user_id: user }, Duration::ZERO).await?;
        }
        Ok(())
    }
}
