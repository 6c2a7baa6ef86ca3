//! The original's attachments: each file is fetched, looked into, announced like any upload, and put where uploads arrive.
//! The rest, making pictures small and showing the file as ready, is the system's own work.
//!
//! Announced and not put, by a run that was interrupted, it is fetched again by the next; what has gone further is left
//! alone.

use std::collections::HashSet;

use media::Kind as FileKind;
use serde_json::Value;
use shared::aws::files::Bucket;
use shared::domain::attachment::{Attachment, AttachmentStatus, FileName, NewFile};
use shared::domain::user::User;
use shared::id::{AttachmentId, TaskId};
use shared::operator;
use shared::store::{Refusal, WriteError};

use super::files::{Fetched, Files};
use super::report::Kind;
use super::{Import, rows};
use crate::Failure;

/// No quota: what a user had stays theirs.
const NO_QUOTA: u64 = u64::MAX >> 1;

/// Where files come from, and where they go.
#[derive(Debug)]
pub struct Uploads {
    /// Fetches them.
    pub files: Files,
    /// The bucket of uploads.
    pub bucket: Bucket,
}

/// Why an attachment is not taken, or that the import cannot go on.
enum Left {
    Because(String),
    Failed(Failure),
}

impl From<Failure> for Left {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Import<'_> {
    /// Takes the attachments of the user's tasks, as far as those were taken.
    pub(super) async fn attachments(
        &mut self,
        row: &Value,
        user: &User,
        tasks: &HashSet<TaskId>,
    ) -> Result<(), Failure> {
        for row in self.source.attachments_of(row).await? {
            match self.attachment(&row, user, tasks).await {
                Ok(()) => self.report.take(Kind::Attachment),
                Err(Left::Because(reason)) => self.report.refuse(Kind::Attachment, &row, &reason),
                Err(Left::Failed(failure)) => return Err(failure),
            }
        }
        Ok(())
    }

    async fn attachment(&self, row: &Value, user: &User, tasks: &HashSet<TaskId>) -> Result<(), Left> {
        let because = |reason: &str| Left::Because(reason.to_owned());
        let column = |names: &[&str]| rows::text(row, names).map(str::trim).filter(|text| !text.is_empty());
        let id = column(&["id"]).and_then(|id| AttachmentId::parse(id).ok()).ok_or_else(|| because("id: none"))?;
        let present = self.store.attachment(user.id, id).await.map_err(Failure::from)?;
        if present.as_ref().is_some_and(|present| present.card.status != AttachmentStatus::Pending) {
            return Ok(());
        }
        let task = column(&["task_id", "taskId"]).and_then(|id| TaskId::parse(id).ok());
        let task = task.filter(|task| tasks.contains(task)).ok_or_else(|| because("its task was not taken"))?;
        let address = column(&["file_url", "fileUrl"]).ok_or_else(|| because("it has no address"))?;
        let name = column(&["original_name", "originalName", "filename", "file_name"]).unwrap_or_default();
        let filename = FileName::parse("Filename", name).map_err(Left::Because)?;
        let Some(uploads) = self.uploads else {
            return Err(Left::Because(format!("files are brought over with --uploads only; it lies at {address}")));
        };
        let fetched = uploads.files.fetch(address).await;
        let fetched = fetched.map_err(|reason| Left::Because(format!("{reason}; it should lie at {address}")))?;
        if fetched.bytes.is_empty() {
            return Err(Left::Because(format!("it is empty; it lies at {address}")));
        }
        let kind = kind(&fetched, name, column(&["file_type", "fileType"]))
            .ok_or_else(|| Left::Because(format!("it is of no kind that is allowed; it lies at {address}")))?;
        let file = NewFile { filename, kind, size: fetched.bytes.len() as u64 };
        let mut attachment = Attachment::announced(user.id, task, file, self.now);
        attachment.id = id;
        attachment.card.created_at = rows::created_at(row).unwrap_or(self.now);
        self.announce(present, &attachment).await?;
        let put = uploads.bucket.put(&attachment.keys().raw(), kind.mime(), fetched.bytes).await;
        Ok(put.map_err(|error| Failure::Usage(error.to_string()))?)
    }

    async fn announce(&self, present: Option<Attachment>, attachment: &Attachment) -> Result<(), Left> {
        let permit = operator::permit();
        if let Some(present) = present {
            if present.card.file_size == attachment.card.file_size
                && present.card.file_type == attachment.card.file_type
            {
                return Ok(());
            }
            // The file has changed since it was announced.
            self.store.delete_attachment(&permit, &present, self.now).await.map_err(Failure::from)?;
        }
        let of = (attachment.user_id, attachment.task_id);
        let one = std::slice::from_ref(attachment);
        match self.store.create_attachments(&permit, of, one, NO_QUOTA, self.now).await {
            Err(WriteError::Refused(Refusal::TooManyAttachments)) => {
                Err(Left::Because("its task is gone, or has as many attachments as allowed".to_owned()))
            }
            created => Ok(created.map_err(Failure::from)?),
        }
    }
}

/// What the file is: what the original, its server or its name says, if its bytes agree. The original renames nothing: a
/// picture that it has made a WebP of is still called `.jpg`.
fn kind(file: &Fetched, name: &str, recorded: Option<&str>) -> Option<FileKind> {
    let plain = |mime: &str| mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let by_name =
        FileKind::ALL.into_iter().find(|kind| extension.as_deref().is_some_and(|it| kind.extensions().contains(&it)));
    let said = [recorded.map(plain), file.mime.as_deref().map(plain)];
    let by_type = said.iter().flatten().filter_map(|mime| FileKind::of_mime(mime));
    by_type.chain(by_name).find(|kind| media::content::verify(*kind, &file.bytes).is_ok())
}
