//! `GET /api/attachments/{id}`: where the file can be fetched.

use serde_json::json;
use shared::aws::files::Bucket;
use shared::domain::attachment::{Attachment, AttachmentStatus, DOWNLOAD_VALID};
use shared::http::{ApiError, App, ErrorCode, Reply, Request};

use crate::attachment_of_path;

/// Answers 302 to the file, or 200 with its address to a client that wants JSON; `?thumbnail=true` is the thumbnail.
///
/// # Errors
/// 404 when it is not the user's, 409 while it is not ready or when it was rejected.
pub async fn handle(bucket: &Bucket, app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let attachment = attachment_of_path(app, request).await?;
    match attachment.card.status {
        AttachmentStatus::Ready => {}
        AttachmentStatus::Rejected => {
            return Err(ApiError::new(ErrorCode::AttachmentNotReady).saying("The file was rejected"));
        }
        AttachmentStatus::Pending | AttachmentStatus::Processing => {
            return Err(ApiError::new(ErrorCode::AttachmentNotReady));
        }
    }
    let (key, name) = object(&attachment, request.parameter("thumbnail") == Some("true"))?;
    let url = bucket.presign_download(&key, &name, DOWNLOAD_VALID).await.map_err(ApiError::internal)?;
    if wants_json(request.header("accept").unwrap_or_default()) {
        let expires_at = request.now().plus(DOWNLOAD_VALID);
        let data = json!({ "url": url, "expiresAt": expires_at });
        return Ok(Reply::ok("Attachment retrieved successfully", data).confidential());
    }
    Ok(Reply::redirect(url).confidential())
}

fn object(attachment: &Attachment, thumbnail: bool) -> Result<(String, String), ApiError> {
    let kind = attachment.kind().ok_or_else(|| ApiError::internal("an attachment of no kind"))?;
    let name = &attachment.card.filename;
    if !thumbnail {
        return Ok((attachment.keys().file(), name.for_download(kind)));
    }
    if !attachment.card.has_thumbnail {
        return Err(ApiError::not_found("Thumbnail"));
    }
    Ok((attachment.keys().thumbnail(), name.for_download(media::Kind::Webp)))
}

/// Whether `Accept` names JSON (RFC 9110 §12.5.1); `*/*` names the file.
fn wants_json(accept: &str) -> bool {
    let kinds = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    kinds.into_iter().any(|kind| kind.eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clients_that_name_json_get_it() {
        for json in ["application/json", "Application/JSON; q=0.9", "text/html, application/json"] {
            assert!(wants_json(json), "{json}");
        }
        for other in ["", "*/*", "image/webp,*/*;q=0.8", "application/*"] {
            assert!(!wants_json(other), "{other}");
        }
    }
}
