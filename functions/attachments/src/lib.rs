//! Attachments.
//!
//! | Function | Called by |
//! |---|---|
//! | `attachments-create` | `POST /api/tasks/{id}/attachments`, `POST /api/attachments/{id}` |
//! | `attachments-get` | `GET /api/attachments/{id}` |
//! | `attachments-delete` | `DELETE /api/attachments/{id}` |
//! | `attachments-optimize` | the upload queue, fed by S3 when an object arrives under `raw/` |

pub mod create;
pub mod delete;
pub mod get;
mod multipart;
pub mod optimize;

use shared::domain::attachment::Attachment;
use shared::http::{ApiError, App, Request};
use shared::id::AttachmentId;

const ATTACHMENT: &str = "Attachment";

/// The attachment that the path names.
async fn attachment_of_path(app: &App, request: &Request<'_>) -> Result<Attachment, ApiError> {
    let id = request.path_id(ATTACHMENT, AttachmentId::parse)?;
    let found = app.store.attachment(request.caller()?.id, id).await?;
    found.ok_or_else(|| ApiError::not_found(ATTACHMENT))
}
