//! `POST /api/user/export`

use serde::Serialize;
use shared::body;
use shared::clock::Timestamp;
use shared::domain::export::{Export, ExportState};
use shared::domain::password::Password;
use shared::http::{Accepted, ApiError, App, ErrorCode, Operation, Request, retry_conflicts};
use shared::id::ExportId;
use shared::limits::RateLimitClass;

use crate::account_with_sessions;
use crate::proof::{Proof, prove};

/// An export of all of the user's data.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Export"))]
pub struct ExportOut {
    id: ExportId,
    /// `ready` once the file can be downloaded.
    status: ExportState,
    requested_at: Timestamp,
    /// When the file is deleted, once it is ready.
    expires_at: Option<Timestamp>,
    /// Size of the file in bytes, once it is ready.
    size: Option<u64>,
    /// URL of the file, once it is ready.
    url: Option<String>,
}

impl ExportOut {
    /// An export, with the URL of its file if that is ready.
    pub(crate) fn new(export: &Export, url: Option<String>) -> Self {
        Self {
            id: export.id,
            status: export.state,
            requested_at: export.requested_at,
            expires_at: export.size.map(|_| export.expiry()),
            size: export.size,
            url,
        }
    }
}

body! {
    /// Proof of who asks.
    pub struct ExportOrder {
        /// Not needed within ten minutes of the sign-in, nor by an account that has no password.
        password: Option<Password> = optional "password",
    }
}

pub const OPERATION: Operation<ExportOrder, Accepted<ExportOut>> =
    Operation::post("/api/user/export", "Start an export of all data of the account")
        .describe(
            "Needs the password or a sign-in within the last ten minutes. The file is written in the background, \
             and a mail announces it. An export that is only minutes old is returned again.",
        )
        .optional_body()
        .limit(RateLimitClass::Auth)
        .errors(&[ErrorCode::WrongPassword, ErrorCode::ReauthRequired, ErrorCode::Conflict]);

/// Answers with the existing export while it is pending, and for some minutes after it was requested.
pub async fn handle(app: &App, request: &Request<'_, ExportOrder>) -> Result<Accepted<ExportOut>, ApiError> {
    let ExportOrder { password } = request.body(app)?;
    let (user, now) = (request.caller()?.id, request.now());
    let export = retry_conflicts(async || {
        let existing = async { Ok(app.store.export(user).await?) };
        let (account, read) = futures::try_join!(account_with_sessions(app, request), existing)?;
        let permit = request.permit().await?;
        prove(request, &account, password.as_ref(), Proof::PasswordOrRecentSignIn).await?;
        if let Some(existing) = read.as_ref().filter(|export| export.will_do(now)) {
            return Ok(existing.clone());
        }
        let export = Export::new(&account.user, now);
        app.store.start_export(&permit, &export, read.as_ref()).await?;
        Ok(export)
    })
    .await?;
    Ok(Accepted::new("Export started", ExportOut::new(&export, None)))
}
