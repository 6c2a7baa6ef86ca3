//! `POST /api/tasks/{id}/attachments`, also `POST /api/attachments/{id}`, where the id is the task's.
//!
//! The files are either announced as JSON, and the answer holds an upload URL for each, or sent in the body. Both ways
//! the object is stored under `raw/`, which starts `attachments-optimize`. A request with the files in its body is
//! answered when that function is done with them, so that its client finds their URLs in the answer.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use aws_types::SdkConfig;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use shared::aws::files::{Bucket, Upload};
use shared::clock::Timestamp;
use shared::config::{Variable, parsed, required};
use shared::domain::attachment::{Attachment, AttachmentOut, AttachmentStatus, NewFile, NewFiles, UPLOAD_VALID};
use shared::http::idempotency::{Outcome, canonical};
use shared::http::{ApiError, App, Created, ErrorCode, Operation, Permit, Request, RequestParts, Resources, WithHead};
use shared::id::{AttachmentId, TaskId};
use shared::inline_schema;
use shared::limits::RateLimitClass;
use shared::runtime::Error;
use shared::store::idempotency::FirstAnswer;

use crate::multipart::{self, Part};

/// When the files of a body are looked at, after they were stored. Most are ready within a second or two; the function is
/// paid for the time that it waits.
const LOOKS: [Duration; 6] = [
    Duration::from_millis(300),
    Duration::from_millis(700),
    Duration::from_millis(1500),
    Duration::from_secs(3),
    Duration::from_secs(6),
    Duration::from_secs(10),
];

/// Time of the request that is kept for the last look and the answer.
const RESERVE: Duration = Duration::from_secs(2);

/// Where uploaded files are stored.
#[derive(Debug)]
pub struct Uploads {
    pub bucket: Bucket,
    /// Maximum size of all files of a user, in bytes.
    pub quota: u64,
}

impl Resources for Uploads {
    const VARIABLES: &'static [Variable] = &[Variable::UploadsBucket, Variable::UserQuotaBytes];

    fn from_environment(sdk: &SdkConfig) -> Result<Self, Error> {
        let bucket = Bucket::new(sdk, required(Variable::UploadsBucket)?);
        Ok(Self { bucket, quota: parsed(Variable::UserQuotaBytes)? })
    }
}

/// The attachments of the sent files, in the order of the files.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub enum NewAttachments {
    /// Of announced files.
    Announced { files: Vec<AnnouncedFile> },
    /// Of files in the body.
    Received { attachments: Vec<AttachmentOut> },
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct AnnouncedFile {
    attachment: AttachmentOut,
    upload: UploadOut,
}

/// How to upload a file. The URL admits one body, once: S3 answers any further request with 412, also after the file was
/// processed. To a client that repeats a request whose answer was lost, 412 means that the file has arrived.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Upload"))]
struct UploadOut {
    /// Where to `PUT` the bytes of the file.
    #[cfg_attr(feature = "schema", schemars(with = "shared::schema::Uri"))]
    url: String,
    method: UploadMethod,
    /// Headers that the upload must carry unchanged.
    headers: BTreeMap<String, String>,
    /// When the URL stops working.
    expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum UploadMethod {
    Put,
}

inline_schema!(UploadMethod, { "const": "PUT" });

pub const OPERATION: Operation<NewFiles, Created<NewAttachments>> =
    Operation::post("/api/tasks/{id}/attachments", "Attach files to a task: announce them, or send them in the body")
        .describe(
            "Announce files of up to 10 MB each as JSON, and `PUT` each to its `upload.url`; or send files of up \
             to 4 MB together as a form, which returns when they are processed, after ten seconds at the latest. \
             An attachment is `pending` until it is uploaded, then `processing`, then `ready` or `rejected`. The \
             `id` in the path is the task's.",
        )
        .alias("/api/attachments/{id}")
        .or_multipart()
        .limit(RateLimitClass::Upload)
        .idempotent()
        .errors(&[ErrorCode::NotFound, ErrorCode::LimitReached, ErrorCode::QuotaExceeded]);

pub async fn handle(
    app: &App,
    request: &Request<'_, NewFiles>,
    uploads: &Uploads,
) -> Result<Created<NewAttachments>, ApiError> {
    let task = request.path_id("Task", TaskId::parse)?;
    if request.media_type().eq_ignore_ascii_case("multipart/form-data") {
        receive(app, request, uploads, task).await
    } else {
        announce(app, request, uploads, task).await
    }
}

async fn announce(
    app: &App,
    request: &Request<'_, NewFiles>,
    uploads: &Uploads,
    task: TaskId,
) -> Result<Created<NewAttachments>, ApiError> {
    let files = request.body(app)?.0;
    let Creation { attachments, is_repeated } =
        create(app, request, uploads, task, &files, &canonical(request.bytes())).await?;
    let expires_at = request.now().plus(UPLOAD_VALID);
    let signed = attachments.into_iter().map(async |attachment| {
        let (key, Attachment { card, .. }) = (attachment.keys().raw(), &attachment);
        let presigned = uploads.bucket.presign_upload(&key, &card.file_type, card.file_size, UPLOAD_VALID).await;
        let Upload { url, headers } = presigned.map_err(ApiError::internal)?;
        let upload = UploadOut { url, method: UploadMethod::Put, headers, expires_at };
        Ok::<_, ApiError>(AnnouncedFile { attachment: out(app, attachment), upload })
    });
    let files = try_join_all(signed).await?;
    let answer = Created::new("Files announced successfully", NewAttachments::Announced { files }).confidential();
    Ok(if is_repeated { answer } else { answer.counted_in(RateLimitClass::Upload) })
}

/// Stores the files of the body, and waits until they are ready or rejected.
async fn receive(
    app: &App,
    request: &RequestParts,
    uploads: &Uploads,
    task: TaskId,
) -> Result<Created<NewAttachments>, ApiError> {
    let parts = multipart::read(request.bytes(), request.header("content-type").unwrap_or_default()).await?;
    let files: Vec<NewFile> = parts.iter().map(|part| part.file.clone()).collect();
    let Creation { attachments, is_repeated } =
        create(app, request, uploads, task, &files, &multipart::meaning(&parts)).await?;
    let current = if is_repeated {
        let ids: Vec<AttachmentId> = attachments.iter().map(|attachment| attachment.id).collect();
        app.store.attachments_by_id(request.caller()?.id, &ids).await?
    } else {
        attachments.into_iter().map(Some).collect()
    };
    let received = parts.into_iter().zip(current).filter_map(|(part, attachment)| Some((part, attachment?)));
    let stored = received.map(async |(Part { bytes, .. }, attachment)| {
        // Of a repeated request, the first may have ended before the bytes were stored.
        if attachment.card.status == AttachmentStatus::Pending {
            let put = uploads.bucket.put_new(&attachment.keys().raw(), &attachment.card.file_type, bytes).await;
            put.map_err(ApiError::unavailable)?;
        }
        Ok::<_, ApiError>(attachment)
    });
    let settled = settled(app, request, try_join_all(stored).await?).await;
    let attachments = settled.into_iter().map(|attachment| out(app, attachment)).collect();
    let answer = Created::new("Files uploaded successfully", NewAttachments::Received { attachments });
    Ok(if is_repeated { answer } else { answer.counted_in(RateLimitClass::Upload) })
}

/// The attachments once all are ready or rejected, or as they are when the patience or the request's time ends. One that
/// is deleted in the meantime is left out. 1 call for each look.
async fn settled(app: &App, request: &RequestParts, mut attachments: Vec<Attachment>) -> Vec<Attachment> {
    let stored = Instant::now();
    for look in LOOKS {
        let open: Vec<_> = attachments.iter().filter(|it| it.is_open()).map(|it| (it.user_id, it.id)).collect();
        let Some((user, _)) = open.first().copied() else {
            break;
        };
        let pause = look.saturating_sub(stored.elapsed());
        if request.time_left() < pause + RESERVE {
            break;
        }
        request.wait(pause).await;
        let ids: Vec<AttachmentId> = open.into_iter().map(|(_, id)| id).collect();
        match app.store.attachments_by_id(user, &ids).await {
            Ok(read) => {
                let read: HashMap<_, _> = ids.into_iter().zip(read).collect();
                attachments =
                    attachments.into_iter().filter_map(|it| read.get(&it.id).cloned().unwrap_or(Some(it))).collect();
            }
            // The files are stored: the answer is right without the look.
            Err(error) => tracing::warn!(%error, "attachments.look_failed"),
        }
    }
    attachments
}

/// Attachments as they were when they were created.
struct Creation {
    attachments: Vec<Attachment>,
    /// Whether an earlier request created them.
    is_repeated: bool,
}

/// Creates an attachment for each file, once for the request's `Idempotency-Key`.
async fn create(
    app: &App,
    request: &RequestParts,
    uploads: &Uploads,
    task: TaskId,
    files: &[NewFile],
    meaning: &[u8],
) -> Result<Creation, ApiError> {
    let (user, now) = (request.caller()?.id, request.now());
    let announced = |at| files.iter().map(move |file| Attachment::announced(user, task, file.clone(), at));
    let new: Vec<Attachment> = announced(now).collect();
    let first = FirstAnswer::Rows { attachments: new.iter().map(|attachment| attachment.id).collect() };
    let write =
        async |permit: &Permit| app.store.create_attachments(permit, (user, task), &new, uploads.quota, now).await;
    match request.write_once(app, meaning, first, write).await? {
        Outcome::Written => Ok(Creation { attachments: new, is_repeated: false }),
        Outcome::Repeated { first, at } => {
            let attachments = announced(at).zip(ids(first)?).map(|(new, id)| Attachment { id, ..new });
            Ok(Creation { attachments: attachments.collect(), is_repeated: true })
        }
    }
}

fn out(app: &App, attachment: Attachment) -> AttachmentOut {
    AttachmentOut::new(attachment.task_id, attachment.id, attachment.card, &app.http.public_url)
}

/// The ids of the attachments in a first answer. Earlier versions of this function kept the whole body.
fn ids(first: FirstAnswer) -> Result<Vec<AttachmentId>, ApiError> {
    match first {
        FirstAnswer::Rows { attachments } => Ok(attachments),
        FirstAnswer::Body { body, .. } => {
            let KeptBody { data: KeptData { files, attachments } } =
                serde_json::from_str(&body).map_err(ApiError::internal)?;
            let kept = files.into_iter().map(|file| file.attachment).chain(attachments);
            Ok(kept.map(|attachment| attachment.id).collect())
        }
    }
}

#[derive(Deserialize)]
struct KeptBody {
    data: KeptData,
}

/// One list or the other.
#[derive(Default, Deserialize)]
#[serde(default)]
struct KeptData {
    files: Vec<KeptFile>,
    attachments: Vec<KeptAttachment>,
}

#[derive(Deserialize)]
struct KeptFile {
    attachment: KeptAttachment,
}

#[derive(Deserialize)]
struct KeptAttachment {
    id: AttachmentId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_that_an_earlier_version_kept_names_its_attachments() {
        let (one, two) = (AttachmentId::new(), AttachmentId::new());
        let kept = |data| FirstAnswer::Body {
            status: 201,
            body: json!({ "success": true, "message": "Files", "data": data }).to_string(),
            etag: None,
            location: None,
        };
        let announced = json!({ "files": [{ "attachment": { "id": one } }, { "attachment": { "id": two } }] });
        let received = json!({ "attachments": [{ "id": one, "fileSize": 5 }, { "id": two, "fileSize": 6 }] });
        for data in [announced, received] {
            assert_eq!(ids(kept(data)).unwrap(), [one, two]);
        }
        assert_eq!(ids(FirstAnswer::Rows { attachments: vec![two] }).unwrap(), [two]);
    }
}
