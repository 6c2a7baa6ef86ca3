//! `POST /api/user/export`: has all of the user's data written into one file. Its link comes by mail, and from
//! `GET /api/user/export`.

use serde_json::json;
use shared::domain::export::Export;
use shared::http::{ApiError, App, Reply, Request, retry_conflicts};

use crate::ExportOut;

/// Answers 202 with the export; the present one while it is being worked on, and for some minutes after.
///
/// # Errors
/// 401 when the session has ended.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let (user, now) = (request.caller()?.id, request.now());
    let request = &*request;
    let export = retry_conflicts(async || {
        let read = app.store.export(user).await?;
        let permit = request.permit().await?;
        if let Some(present) = read.as_ref().filter(|export| export.will_do(now)) {
            return Ok(present.clone());
        }
        let export = Export::new(user, now);
        app.store.start_export(&permit, &export, read.as_ref()).await?;
        Ok(export)
    })
    .await?;
    Ok(Reply::accepted("Export started", json!({ "export": ExportOut::new(&export, None) })))
}
