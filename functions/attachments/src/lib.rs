//! Attachments.

pub mod create;
pub mod delete;
pub mod get;
pub mod multipart;
pub mod optimize;

use shared::domain::attachment::Attachment;
use shared::http::{ApiError, App, RequestParts};
use shared::id::AttachmentId;

shared::functions! {
    serve "attachments" {
        "attachments-create": http_with(create, create::Uploads),
        "attachments-get": http_with(get, get::Files),
        "attachments-delete": http(delete),
    }
    serve_optimize "attachments-optimize" {
        "attachments-optimize": queue("upload", optimize::Optimizer),
    }
}

const ATTACHMENT: &str = "Attachment";

/// The attachment that the path names.
async fn attachment_of_path(app: &App, request: &RequestParts) -> Result<Attachment, ApiError> {
    let id = request.path_id(ATTACHMENT, AttachmentId::parse)?;
    let found = app.store.attachment(request.caller()?.id, id).await?;
    found.ok_or_else(|| ApiError::not_found(ATTACHMENT))
}
