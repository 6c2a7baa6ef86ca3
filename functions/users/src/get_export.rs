//! `GET /api/user/export`

use std::time::Duration;

use aws_types::SdkConfig;
use shared::aws::files::Bucket;
use shared::config::{Variable, required};
use shared::domain::body::NoBody;
use shared::domain::export::Export;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Resources, Success, WithHead};
use shared::runtime::Error;

use crate::export::ExportOut;

/// How long a URL of the file works.
const URL_VALID: Duration = Duration::from_secs(5 * 60);

/// The bucket that holds the exported files.
#[derive(Debug)]
pub struct ExportFiles {
    bucket: Bucket,
}

impl Resources for ExportFiles {
    const VARIABLES: &'static [Variable] = &[Variable::UploadsBucket];

    fn from_environment(sdk: &SdkConfig) -> Result<Self, Error> {
        Ok(Self { bucket: Bucket::new(sdk, required(Variable::UploadsBucket)?) })
    }
}

impl ExportFiles {
    pub(crate) async fn url(&self, export: &Export) -> Result<String, ApiError> {
        let url = self.bucket.presign_download(&export.object_key(), "spacedly-export.json", URL_VALID).await;
        url.map_err(ApiError::internal)
    }
}

pub const OPERATION: Operation<NoBody, Success<ExportOut>> =
    Operation::get("/api/user/export", "Get the state of the export, and the URL of its file")
        .describe("`status` is `pending` while the file is written. Once it is `ready`, `url` downloads the file.")
        .errors(&[ErrorCode::NotFound]);

pub async fn handle(app: &App, request: &Request<'_>, files: &ExportFiles) -> Result<Success<ExportOut>, ApiError> {
    let (caller, now) = (request.caller()?, request.now());
    // The URL works without a session, so an ended one gets none.
    let export = app.store.export_in_session((caller.id, caller.session), now).await?;
    let export = export.filter(|export| export.expires_at > now.as_second());
    let export = export.ok_or_else(|| ApiError::not_found("Export"))?;
    let url = if export.is_ready(now) { Some(files.url(&export).await?) } else { None };
    Ok(Success::new("Export retrieved successfully", ExportOut::new(&export, url)).confidential())
}
