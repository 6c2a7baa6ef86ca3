//! `POST /api/user/export/open`: the app exchanges the token of the mailed link for the URL of the file. The link works
//! once, for its own signed-in user, and ends with a new password: whoever reads the mail later has no use for it.

use shared::auth::mailed::PresentedToken;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success, WithHead};
use shared::limits::RateLimitClass;
use shared::store::{Refusal, WriteError};

use crate::export::ExportOut;
use crate::get_export::ExportFiles;

shared::body! {
    /// The link in the mail about an export.
    pub struct ExportLink {
        /// The value of `export` in the link.
        token: PresentedToken = required "token",
    }
}

pub const OPERATION: Operation<ExportLink, Success<ExportOut>> =
    Operation::post("/api/user/export/open", "Exchange the token of the mailed link for the URL of the export")
        .describe(
            "The mailed link leads to the app, which sends its token here. The token works once, for 24 hours, \
             and only for the owner of the export.",
        )
        .limit(RateLimitClass::Auth)
        .errors(&[ErrorCode::InvalidToken, ErrorCode::Conflict]);

pub async fn handle(
    app: &App,
    request: &Request<'_, ExportLink>,
    files: &ExportFiles,
) -> Result<Success<ExportOut>, ApiError> {
    let ExportLink { token } = request.body(app)?;
    let (caller, now) = (request.caller()?, request.now());
    let invalid = || ApiError::new(ErrorCode::InvalidToken).with_message("Invalid or expired link");
    let export =
        app.store.linked_export((caller.id, caller.session), token.as_str(), now).await?.ok_or_else(invalid)?;
    let permit = request.permit().await?;
    match app.store.use_export_link(&permit, token.as_str(), now).await {
        Err(WriteError::Refused(Refusal::TokenVoid)) => return Err(invalid()),
        used => used?,
    }
    let url = files.url(&export).await?;
    Ok(Success::new("Export retrieved successfully", ExportOut::new(&export, Some(url))).confidential())
}
