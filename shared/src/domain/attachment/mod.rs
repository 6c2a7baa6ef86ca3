//! Files that hang on tasks.
//!
//! ```text
//! pending ── its object arrived ──► processing ──► ready
//!    │                                  └────────► rejected
//!    └── no object within a day: gone
//! ```

mod objects;
mod upload;

use std::time::Duration;

use media::Kind;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{AttachmentId, TaskId, UserId};
use crate::word_type;

pub use objects::{FILES, ObjectKeys, RAW, objects_of_task};
pub use upload::{FileName, NewFile, NewFiles};

/// Most attachments of one task.
pub const MAX_ATTACHMENTS: u32 = 20;
/// Most files of one request.
pub const MAX_FILES: usize = 10;
/// Most bytes of one file.
pub const MAX_FILE_BYTES: u64 = 10 * 1024 * 1024;
/// Why an attachment is shown as rejected whose file is no longer there: the reason is ours.
pub const LOST: &str = "The file was lost, please upload it again";
/// The rejection reason after every attempt to process a file failed. The cause is ours, not the file.
pub const GAVE_UP: &str = "The file could not be processed";
/// How long an address for uploading works.
pub const UPLOAD_VALID: Duration = Duration::from_secs(15 * 60);
/// How long an address for downloading works.
pub const DOWNLOAD_VALID: Duration = Duration::from_secs(5 * 60);
/// After this an upload that was not finished is forgotten.
const UNFINISHED: Duration = Duration::from_secs(24 * 3600);
/// A file that is still being processed after this time is rejected. Longer than all attempts together.
const STUCK: Duration = Duration::from_secs(45 * 60);
word_type! {
    /// How far an attachment is.
    AttachmentStatus {
        /// Announced; its bytes have not arrived.
        Pending = "pending",
        /// Being checked and made smaller.
        Processing = "processing",
        /// There.
        Ready = "ready",
        /// Refused; the reason is beside it.
        Rejected = "rejected",
    }
}

/// The fields of an attachment that processing changes, and that its task shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentCard {
    /// For show only.
    pub filename: FileName,
    /// MIME type: the announced one, and of the stored object once it is ready.
    pub file_type: String,
    /// Bytes, likewise.
    pub file_size: u64,
    /// How far it is.
    pub status: AttachmentStatus,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection_reason: Option<String>,
    /// Pixels across, of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels down, of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Bytes as they were uploaded, once it is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_size: Option<u64>,
    /// Whether there is a thumbnail.
    #[serde(default)]
    pub has_thumbnail: bool,
    /// The bytes that its user's quota counts for it.
    pub counted_bytes: u64,
    /// When it was announced.
    pub created_at: Timestamp,
    /// When its status changed last.
    pub changed_at: Timestamp,
}

/// An attachment as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub id: AttachmentId,
    pub user_id: UserId,
    /// The task that it hangs on.
    pub task_id: TaskId,
    pub card: AttachmentCard,
}

/// What is stored of a file.
#[derive(Clone, Debug)]
pub struct Stored {
    /// What it is.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Pixels across and down, of a picture, which has a thumbnail too.
    pub pixels: Option<(u32, u32)>,
}

impl Attachment {
    /// A file that is to arrive.
    pub fn announced(user_id: UserId, task_id: TaskId, file: NewFile, now: Timestamp) -> Self {
        let card = AttachmentCard {
            filename: file.filename,
            file_type: file.kind.mime().to_owned(),
            file_size: file.size,
            status: AttachmentStatus::Pending,
            rejection_reason: None,
            width: None,
            height: None,
            original_size: None,
            has_thumbnail: false,
            counted_bytes: file.size,
            created_at: now,
            changed_at: now,
        };
        Self { id: AttachmentId::new(), user_id, task_id, card }
    }

    /// Its bytes have arrived.
    #[must_use]
    pub fn processing(&self, now: Timestamp) -> Self {
        let mut next = self.clone();
        next.card.changed_at = now;
        next.card.status = AttachmentStatus::Processing;
        next
    }

    /// It is there.
    #[must_use]
    pub fn ready(&self, stored: &Stored, now: Timestamp) -> Self {
        let mut next = self.clone();
        let card = &mut next.card;
        card.changed_at = now;
        card.status = AttachmentStatus::Ready;
        card.original_size = Some(self.card.file_size);
        stored.kind.mime().clone_into(&mut card.file_type);
        card.file_size = stored.size;
        card.counted_bytes = stored.size;
        (card.width, card.height) = (stored.pixels.map(|size| size.0), stored.pixels.map(|size| size.1));
        card.has_thumbnail = stored.pixels.is_some();
        next
    }

    /// It was refused: nothing of it is kept.
    #[must_use]
    pub fn rejected(&self, reason: &str, now: Timestamp) -> Self {
        let mut next = self.clone();
        next.card.changed_at = now;
        next.card.status = AttachmentStatus::Rejected;
        next.card.rejection_reason = Some(reason.to_owned());
        next.card.counted_bytes = 0;
        next
    }

    /// Whether something is still to happen to it.
    pub fn is_open(&self) -> bool {
        matches!(self.card.status, AttachmentStatus::Pending | AttachmentStatus::Processing)
    }

    /// When the sweep checks it if nothing has happened by then.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.card.status {
            AttachmentStatus::Pending => Some(self.card.changed_at.plus(UNFINISHED)),
            AttachmentStatus::Processing => Some(self.card.changed_at.plus(STUCK)),
            AttachmentStatus::Ready | AttachmentStatus::Rejected => None,
        }
    }

    /// What it is, announced or stored.
    pub fn kind(&self) -> Option<Kind> {
        Kind::of_mime(&self.card.file_type)
    }

    pub fn keys(&self) -> ObjectKeys {
        ObjectKeys { user: self.user_id, task: self.task_id, attachment: self.id }
    }
}

/// A file attached to a task.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Attachment"))]
pub struct AttachmentOut {
    pub id: AttachmentId,
    pub task_id: TaskId,
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub filename: FileName,
    /// The same as `filename`, for compatibility.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub original_name: FileName,
    /// Media type of the stored file; a picture may be stored in another type than it was sent.
    pub file_type: String,
    /// Size of the stored file, in bytes.
    pub file_size: u64,
    /// URL of the file, once it is ready.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Uri>"))]
    pub file_url: Option<String>,
    /// URL of the thumbnail, if the file is a picture.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Uri>"))]
    pub thumbnail_url: Option<String>,
    /// `pending` until it is uploaded, `processing` until it is checked.
    pub status: AttachmentStatus,
    /// Why it was rejected, in words for the user.
    pub rejection_reason: Option<String>,
    /// Pixels, if the file is a picture.
    pub width: Option<u32>,
    /// Pixels, if the file is a picture.
    pub height: Option<u32>,
    pub optimization_stats: Option<OptimizationStats>,
    pub created_at: Timestamp,
}

/// How much smaller the stored file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct OptimizationStats {
    /// Size of the upload, in bytes.
    pub original_size: u64,
    /// Size of the stored file, in bytes.
    pub optimized_size: u64,
    /// Whole per cent saved; negative if the file grew.
    #[cfg_attr(feature = "schema", schemars(range(max = 100)))]
    pub compression_ratio: i64,
}

impl AttachmentOut {
    /// An attachment of `task`; `api` is where the API is, without a final slash.
    pub fn new(task_id: TaskId, id: AttachmentId, card: AttachmentCard, api: &str) -> Self {
        let is_ready = card.status == AttachmentStatus::Ready;
        let url = format!("{api}/api/attachments/{id}");
        let stats =
            card.original_size.filter(|_| is_ready).map(|original| OptimizationStats::new(original, card.file_size));
        Self {
            id,
            task_id,
            original_name: card.filename.clone(),
            filename: card.filename,
            file_type: card.file_type,
            file_size: card.file_size,
            thumbnail_url: (is_ready && card.has_thumbnail).then(|| format!("{url}?thumbnail=true")),
            file_url: is_ready.then_some(url),
            status: card.status,
            rejection_reason: card.rejection_reason,
            width: card.width,
            height: card.height,
            optimization_stats: stats,
            created_at: card.created_at,
        }
    }
}

impl OptimizationStats {
    fn new(original_size: u64, optimized_size: u64) -> Self {
        let signed = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
        let saved = (signed(original_size) - signed(optimized_size)) * 100;
        Self { original_size, optimized_size, compression_ratio: saved.div_euclid(signed(original_size).max(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_whole_per_cent_saved() {
        let ratio = |original, optimized| OptimizationStats::new(original, optimized).compression_ratio;
        assert_eq!((ratio(1000, 254), ratio(1000, 1000), ratio(100, 150)), (74, 0, -50));
    }
}
