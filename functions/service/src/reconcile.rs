//! The reconciliation of bucket and table: finds files without a row, and rows without a file, and settles both.
//!
//! Neither should exist: an attempt that was killed at the worst moment, or somebody by hand, left them. Once a day the
//! bucket's listing is compared with the rows, user by user. Files younger than a day may still be in progress and are
//! skipped. Uploads that were not processed are below another prefix, where the bucket's lifecycle deletes them.
//!
//! A user all of whose files are missing is in no listing, and is not found.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use shared::aws::CallFailed;
use shared::clock::Timestamp;
use shared::domain::attachment::{Attachment, AttachmentStatus, FILES, LOST, ObjectKeys};
use shared::events::Failure;
use shared::id::{AttachmentId, UserId};
use shared::messages::CleanUp;
use shared::store::{Refusal, WriteError};

use crate::cleanup::Cleaner;

/// Pages of 1,000 objects that one message reads; the next message continues.
const PAGES: u32 = 5;
/// Users that are compared at the same time.
const AT_ONCE: usize = 10;
/// What is younger may be on its way.
const SETTLED: Duration = Duration::from_secs(24 * 3600);

/// A user's files.
struct Owner {
    user: UserId,
    files: Vec<Found>,
}

/// A file in the bucket.
struct Found {
    keys: ObjectKeys,
    key: String,
    modified: Timestamp,
}

impl Cleaner {
    /// Compares the users' files behind the key `after` with their rows.
    ///
    /// # Errors
    /// A service failed: the message comes again.
    pub(crate) async fn reconcile(&self, mut after: Option<String>, now: Timestamp) -> Result<(), Failure> {
        for _ in 0..PAGES {
            let (owners, next) = self.owners(after).await?;
            let compared = stream::iter(owners).map(|owner| self.compare(owner, now)).buffer_unordered(AT_ONCE);
            compared.try_collect::<Vec<()>>().await?;
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
        Ok(self.queue.send(&CleanUp::Reconcile { after }, Duration::ZERO).await?)
    }

    /// Users with all of their files, at least one user unless there are none; and the key behind which the next begin.
    async fn owners(&self, mut after: Option<String>) -> Result<(Vec<Owner>, Option<String>), CallFailed> {
        let mut owners: Vec<Owner> = Vec::new();
        loop {
            let page = self.bucket.list(FILES, after.as_deref()).await?;
            let last = page.objects.last().map(|object| object.key.clone());
            for object in page.objects {
                let Some(keys) = ObjectKeys::of_file(&object.key) else {
                    tracing::error!("reconcile.key_unknown");
                    continue;
                };
                let file = Found { keys, key: object.key, modified: object.modified };
                match owners.last_mut().filter(|owner| owner.user == keys.user) {
                    Some(owner) => owner.files.push(file),
                    None => owners.push(Owner { user: keys.user, files: vec![file] }),
                }
            }
            if !page.has_more || last.is_none() {
                return Ok((owners, None));
            }
            // The page may have cut the last one's files in two.
            if owners.len() > 1 {
                owners.pop();
                let next = owners.last().map(|owner| behind(owner.user));
                return Ok((owners, next));
            }
            after = last;
        }
    }

    async fn compare(&self, owner: Owner, now: Timestamp) -> Result<(), Failure> {
        let rows = self.store.attachments_of_user(owner.user).await?;
        let rows: HashMap<AttachmentId, Attachment> = rows.into_iter().map(|row| (row.id, row)).collect();
        let is_settled = |since: Timestamp| since.plus(SETTLED) <= now;
        let mut there: HashSet<AttachmentId> = HashSet::new();
        for file in owner.files {
            let row = rows.get(&file.keys.attachment).filter(|row| row.keys() == file.keys);
            if row.is_some_and(|row| row.card.status != AttachmentStatus::Rejected) {
                there.extend((file.key == file.keys.file()).then_some(file.keys.attachment));
            } else if is_settled(file.modified) {
                tracing::warn!(attachment_id = %file.keys.attachment, "reconcile.file_without_row");
                self.bucket.delete(&file.key).await?;
            }
        }
        for row in rows.into_values() {
            let is_missed = row.card.status == AttachmentStatus::Ready && !there.contains(&row.id);
            if is_missed && is_settled(row.card.changed_at) {
                self.give_up(&row, now).await?;
            }
        }
        Ok(())
    }

    /// Shows as rejected what has lost its file, and gives its bytes back.
    async fn give_up(&self, row: &Attachment, now: Timestamp) -> Result<(), Failure> {
        // The listing is some time old by now.
        if self.bucket.has(&row.keys().file()).await? {
            return Ok(());
        }
        tracing::error!(attachment_id = %row.id, "reconcile.file_lost");
        match self.store.change_attachment(&self.permit, row, &row.rejected(LOST, now), now).await {
            // Deleted this moment.
            Err(WriteError::Refused(Refusal::AttachmentChanged)) => Ok(()),
            changed => Ok(changed?),
        }
    }
}

/// Behind all keys of the user's files, and before those of the next.
fn behind(user: UserId) -> String {
    // The character after the slash.
    format!("{FILES}{user}0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::id::TaskId;

    #[test]
    fn a_users_files_lie_before_what_is_behind_and_the_nexts_do_not() {
        let (user, next) = (UserId::new(), UserId::new());
        let key = |user| ObjectKeys { user, task: TaskId::new(), attachment: AttachmentId::new() }.thumbnail();
        assert!(key(user) < behind(user) && behind(user) < key(next));
    }
}
