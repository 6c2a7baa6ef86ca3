//! `GET /api/user/export`: the state of the export, for its owner. The mailed link points here too: its token replaces
//! the session, and the answer redirects to the file.

use std::time::Duration;

use aws_types::SdkConfig;
use shared::aws::files::Bucket;
use shared::config::{Variable, required};
use shared::domain::body::NoBody;
use shared::domain::export::Export;
use shared::domain::field::Parameter;
use shared::http::{ApiError, App, Either, ErrorCode, Operation, Redirect, Request, RequestParts, Resources, Success};
use shared::runtime::Error;
use shared::store::mailed_tokens::TokenUse;

use crate::export::ExportData;

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
    async fn url(&self, export: &Export) -> Result<String, ApiError> {
        let url = self.bucket.presign_download(&export.object_key(), "spacedly-export.json", URL_VALID).await;
        url.map_err(ApiError::internal)
    }
}

const PARAMETERS: [Parameter; 1] =
    [Parameter::once::<String>("token", "The token of the mailed link, in place of a session")];

pub const OPERATION: Operation<NoBody, Either<Success<ExportData>, Redirect>> =
    Operation::get("/api/user/export", "Get the state of the export, and the URL of its file")
        .anyone_or_signed_in()
        .query(&PARAMETERS)
        .errors(&[ErrorCode::NotFound, ErrorCode::InvalidToken, ErrorCode::Unauthorized]);

pub async fn handle(
    app: &App,
    request: &Request<'_>,
    files: &ExportFiles,
) -> Result<Either<Success<ExportData>, Redirect>, ApiError> {
    match request.parameter("token") {
        Some(token) => Ok(Either::Right(Redirect::to(url_for_token(app, request, files, token).await?))),
        None => Ok(Either::Left(export_of_caller(app, request, files).await?)),
    }
}

async fn url_for_token(
    app: &App,
    request: &RequestParts,
    files: &ExportFiles,
    token: &str,
) -> Result<String, ApiError> {
    let now = request.now();
    let invalid = || ApiError::new(ErrorCode::InvalidToken).with_message("Invalid or expired link");
    let row = app.store.mailed_token(token, TokenUse::FetchExport).await?;
    let row = row.filter(|row| row.is_in_time(now)).ok_or_else(invalid)?;
    let export = app.store.export(row.user_id).await?.filter(|export| export.is_ready(now));
    files.url(&export.ok_or_else(invalid)?).await
}

async fn export_of_caller(
    app: &App,
    request: &RequestParts,
    files: &ExportFiles,
) -> Result<Success<ExportData>, ApiError> {
    let now = request.now();
    let export = app.store.export(request.caller()?.id).await?;
    let export = export.filter(|export| export.expires_at > now.as_second());
    let export = export.ok_or_else(|| ApiError::not_found("Export"))?;
    let url = if export.is_ready(now) { Some(files.url(&export).await?) } else { None };
    Ok(Success::new("Export retrieved successfully", ExportData::new(&export, url)))
}
