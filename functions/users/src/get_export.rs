//! `GET /api/user/export`: how far the user's export is, and where its file can be fetched. The link in the mail
//! leads here too, with a token in place of a session.

use std::time::Duration;

use serde_json::json;
use shared::aws::files::Bucket;
use shared::domain::export::Export;
use shared::http::{ApiError, App, ErrorCode, Reply, Request};
use shared::store::mailed_tokens::TokenUse;

use crate::ExportOut;

/// How long an address of the file works once it was given out.
const LINK_VALID: Duration = Duration::from_secs(5 * 60);

/// Answers 200 with the export; with a token 302 to the file.
///
/// # Errors
/// 404 when the user asked for none within the last days; 400 for a token that is unknown or too old.
pub async fn handle(bucket: &Bucket, app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let now = request.now();
    if let Some(token) = request.parameter("token") {
        let invalid = || ApiError::new(ErrorCode::InvalidToken).saying("Invalid or expired link");
        let row = app.store.mailed_token(token, TokenUse::FetchExport).await?;
        let row = row.filter(|row| row.is_in_time(now)).ok_or_else(invalid)?;
        let export = app.store.export(row.user_id).await?.filter(|export| export.is_ready(now));
        return Ok(Reply::redirect(link(bucket, &export.ok_or_else(invalid)?).await?));
    }
    let export = app.store.export(request.caller()?.id).await?;
    let export = export.filter(|export| export.expires_at > now.as_second());
    let export = export.ok_or_else(|| ApiError::not_found("Export"))?;
    let url = if export.is_ready(now) { Some(link(bucket, &export).await?) } else { None };
    Ok(Reply::ok("Export retrieved successfully", json!({ "export": ExportOut::new(&export, url) })))
}

async fn link(bucket: &Bucket, export: &Export) -> Result<String, ApiError> {
    let presigned = bucket.presign_download(&export.object_key(), "spacedly-export.json", LINK_VALID).await;
    presigned.map_err(ApiError::internal)
}
