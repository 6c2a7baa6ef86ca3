//! The signed-in user's own account.
//!
//! | Function | Route |
//! |---|---|
//! | `users-me` | `GET /api/user/me` |
//! | `users-update` | `PATCH /api/user/me` |
//! | `users-delete` | `DELETE /api/user/me` |
//! | `users-two-factor` | `POST /api/user/enabled-2fa` |
//! | `users-export` | `POST /api/user/export` |
//! | `users-get-export` | `GET /api/user/export` |
//! | `users-build-export` | the export queue, which the stream of the table fills |
//! | `users-sessions` | `GET /api/user/sessions` |
//! | `users-end-session` | `DELETE /api/user/sessions/{id}` |
//! | `users-end-other-sessions` | `DELETE /api/user/sessions` |
//! | `users-change-password` | `POST /api/user/change-password` |
//! | `users-set-password` | `POST /api/user/set-password` |

pub mod build_export;
pub mod change_password;
pub mod delete;
pub mod end_other_sessions;
pub mod end_session;
pub mod export;
pub mod get_export;
pub mod me;
pub mod sessions;
pub mod set_password;
pub mod two_factor;
pub mod update;

use serde::Serialize;
use shared::clock::Timestamp;
use shared::domain::email::Email;
use shared::domain::export::{Export, ExportState};
use shared::domain::user::{AuthProvider, MorningDigest, PersonName, User};
use shared::domain::zone::Zone;
use shared::http::{ApiError, App, ErrorCode, Request};
use shared::id::{ExportId, UserId};
use shared::store::users::AccountWithSessions;

/// An account as its owner sees it. The names in snake case are the original's.
#[derive(Serialize)]
struct MeOut {
    id: UserId,
    name: PersonName,
    email: Email,
    is_two_factor_enabled: bool,
    auth_provider: AuthProvider,
    has_password: bool,
    email_verified: bool,
    timezone: Zone,
    morning_digest: MorningDigest,
    #[serde(rename = "createdAt")]
    created_at: Timestamp,
}

impl From<User> for MeOut {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
            is_two_factor_enabled: user.is_two_factor_enabled,
            auth_provider: user.auth_provider,
            has_password: user.password_hash.is_some(),
            email_verified: user.email_verified,
            timezone: user.timezone,
            morning_digest: user.morning_digest,
            created_at: user.created_at,
        }
    }
}

/// An export as its owner sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportOut {
    id: ExportId,
    status: ExportState,
    requested_at: Timestamp,
    expires_at: Option<Timestamp>,
    size: Option<u64>,
    url: Option<String>,
}

impl ExportOut {
    fn new(export: &Export, url: Option<String>) -> Self {
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

fn out(user: User) -> serde_json::Value {
    serde_json::json!({ "user": MeOut::from(user) })
}

/// The caller's account; 401 when it was deleted since the token was given.
async fn account(app: &App, request: &Request<'_>) -> Result<User, ApiError> {
    let user = app.store.user(request.caller()?.id).await?;
    user.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))
}

/// The caller's account and its live sessions.
async fn account_with_sessions(app: &App, request: &Request<'_>) -> Result<AccountWithSessions, ApiError> {
    let account = app.store.account_with_sessions(request.caller()?.id, request.now()).await?;
    account.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))
}
