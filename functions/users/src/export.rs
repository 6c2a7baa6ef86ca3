//! `POST /api/user/export`

use serde::Serialize;
use shared::clock::Timestamp;
use shared::domain::body::NoBody;
use shared::domain::export::{Export, ExportState};
use shared::http::{Accepted, ApiError, App, ErrorCode, Operation, Request, retry_conflicts};
use shared::id::ExportId;

/// An export.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct ExportData {
    export: ExportOut,
}

/// An export of all of the user's data.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Export"))]
struct ExportOut {
    id: ExportId,
    status: ExportState,
    requested_at: Timestamp,
    /// When the file is deleted, once it is ready.
    expires_at: Option<Timestamp>,
    /// Size of the file in bytes, once it is ready.
    size: Option<u64>,
    /// URL of the file, once it is ready.
    url: Option<String>,
}

impl ExportData {
    /// An export, with the URL of its file if that is ready.
    pub(crate) fn new(export: &Export, url: Option<String>) -> Self {
        let export = ExportOut {
            id: export.id,
            status: export.state,
            requested_at: export.requested_at,
            expires_at: export.size.map(|_| export.expiry()),
            size: export.size,
            url,
        };
        Self { export }
    }
}

pub const OPERATION: Operation<NoBody, Accepted<ExportData>> =
    Operation::post_nothing("/api/user/export", "Start an export of all data of the account")
        .errors(&[ErrorCode::Conflict]);

/// Answers with the existing export while it is pending, and for some minutes after it was requested.
pub async fn handle(app: &App, request: &Request<'_>) -> Result<Accepted<ExportData>, ApiError> {
    let (user, now) = (request.caller()?.id, request.now());
    let export = retry_conflicts(async || {
        let read = app.store.export(user).await?;
        let permit = request.permit().await?;
        if let Some(existing) = read.as_ref().filter(|export| export.will_do(now)) {
            return Ok(existing.clone());
        }
        let export = Export::new(user, now);
        app.store.start_export(&permit, &export, read.as_ref()).await?;
        Ok(export)
    })
    .await?;
    Ok(Accepted::new("Export started", ExportData::new(&export, None)))
}
