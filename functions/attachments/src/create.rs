//! `POST /api/tasks/{id}/attachments`, also `POST /api/attachments/{id}`: files for a task.
//!
//! Either they are announced as JSON, and each gets an address that takes exactly that file, or they are in the body.
//! Both ways the object lands under `raw/`, where the optimizer finds it.

use futures::future::try_join_all;
use serde_json::{Value, json};
use shared::aws::files::{Bucket, Upload};
use shared::domain::attachment::{Attachment, AttachmentOut, NewFile, NewFiles, ObjectKeys, UPLOAD_VALID};
use shared::http::{ApiError, App, Reply, Request};
use shared::id::{AttachmentId, TaskId};

use crate::multipart::{self, Part};

/// Where files go, and how much room there is.
#[derive(Debug)]
pub struct Uploads {
    /// Where they go.
    pub bucket: Bucket,
    /// Most bytes of one user's files.
    pub quota: u64,
}

/// Answers 201 with the attachments; announced ones with where to upload each.
///
/// # Errors
/// 400 for bad files, 404 when the task is not the user's, 409 when it has as many attachments as allowed, 413 when
/// the user's storage is full, and those of [`Request::create_once`].
pub async fn handle(uploads: &Uploads, app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let task = request.path_id("Task", TaskId::parse)?;
    match multer::parse_boundary(request.header("content-type").unwrap_or_default()) {
        Ok(boundary) => receive(uploads, app, request, task, boundary).await,
        Err(_) => announce(uploads, app, request, task).await,
    }
}

async fn announce(uploads: &Uploads, app: &App, request: &Request<'_>, task: TaskId) -> Result<Reply, ApiError> {
    let files = request.body(NewFiles::read)?.0;
    let attachments = announced(request, task, files)?;
    let shown: Vec<Value> = shown(app, &attachments).map(|attachment| json!({ "attachment": attachment })).collect();
    let reply = Reply::created("Files announced successfully", json!({ "files": shown }));
    let of = (request.caller()?.id, task);
    let create =
        async |permit: &_| app.store.create_attachments(permit, of, &attachments, uploads.quota, request.now()).await;
    let reply = request.create_once(app, reply, create).await?;
    signed(uploads, request, task, reply).await
}

async fn receive(
    uploads: &Uploads,
    app: &App,
    request: &Request<'_>,
    task: TaskId,
    boundary: String,
) -> Result<Reply, ApiError> {
    let parts = multipart::read(request.bytes()?, boundary).await?;
    let files = parts.iter().map(|part| part.file.clone()).collect();
    let attachments = announced(request, task, files)?;
    let shown: Vec<AttachmentOut> = shown(app, &attachments).collect();
    let reply = Reply::created("Files uploaded successfully", json!({ "attachments": shown }));
    let of = (request.caller()?.id, task);
    let create =
        async |permit: &_| app.store.create_attachments(permit, of, &attachments, uploads.quota, request.now()).await;
    let reply = request.create_once_of(app, &multipart::meaning(&parts), reply, create).await?;
    let first = reply.data().and_then(|data| data.pointer("/attachments/0/id")).and_then(Value::as_str);
    // The answer to an earlier request names that one's attachments, whose bytes are there.
    if first == attachments.first().map(|attachment| attachment.id.to_string()).as_deref() {
        let puts = attachments.iter().zip(parts).map(|(attachment, Part { bytes, .. })| {
            let key = attachment.keys().raw();
            async move { uploads.bucket.put(&key, &attachment.card.file_type, bytes).await }
        });
        try_join_all(puts).await.map_err(ApiError::unavailable)?;
    }
    Ok(reply)
}

fn announced(request: &Request<'_>, task: TaskId, files: Vec<NewFile>) -> Result<Vec<Attachment>, ApiError> {
    let user = request.caller()?.id;
    Ok(files.into_iter().map(|file| Attachment::announced(user, task, file, request.now())).collect())
}

fn shown<'a>(app: &'a App, attachments: &'a [Attachment]) -> impl Iterator<Item = AttachmentOut> + 'a {
    let api = &app.http.public_url;
    attachments.iter().map(|it| AttachmentOut::new(it.task_id, it.id, it.card.clone(), api))
}

/// Puts beside each announced file where it is to be uploaded. A first answer that is given again holds no addresses:
/// they would have run out.
async fn signed(uploads: &Uploads, request: &Request<'_>, task: TaskId, reply: Reply) -> Result<Reply, ApiError> {
    let user = request.caller()?.id;
    let files = reply.data().and_then(|data| data.get("files")).and_then(Value::as_array).cloned().unwrap_or_default();
    let expires_at = request.now().plus(UPLOAD_VALID);
    let signed = files.into_iter().map(async |mut file| {
        let text =
            |name: &str| file.pointer(&format!("/attachment/{name}")).and_then(Value::as_str).unwrap_or_default();
        let attachment = AttachmentId::parse(text("id")).map_err(ApiError::internal)?;
        let size = file.pointer("/attachment/fileSize").and_then(Value::as_u64).unwrap_or_default();
        let key = ObjectKeys { user, task, attachment }.raw();
        let presigned = uploads.bucket.presign_upload(&key, text("fileType"), size, UPLOAD_VALID).await;
        let Upload { url, headers } = presigned.map_err(ApiError::internal)?;
        if let Some(file) = file.as_object_mut() {
            let upload = json!({ "url": url, "method": "PUT", "headers": headers, "expiresAt": expires_at });
            file.insert("upload".to_owned(), upload);
        }
        Ok::<_, ApiError>(file)
    });
    let files = try_join_all(signed).await?;
    Ok(reply.with_data(json!({ "files": files })).confidential())
}
