//! `GET /api/user/me`: who is signed in.

use serde::Serialize;
use shared::clock::Timestamp;
use shared::domain::user::{AuthProvider, Email, MorningDigest, PersonName, User, Zone};
use shared::http::{ApiError, App, ErrorCode, Reply, Request};
use shared::id::UserId;

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

/// Answers 200 with the account.
///
/// # Errors
/// 401 when the account was deleted since the token was given.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let user = app.store.user(request.caller()?.id).await?;
    let user = user.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?;
    Ok(Reply::ok("User retrieved successfully", serde_json::json!({ "user": MeOut::from(user) })))
}
