//! `GET /api/user/sessions`: where the user is signed in.

use serde::Serialize;
use serde_json::json;
use shared::auth::session::Session;
use shared::clock::Timestamp;
use shared::http::{ApiError, App, Reply, Request};
use shared::id::SessionId;

use crate::account_with_sessions;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionOut {
    id: SessionId,
    device: String,
    ip: String,
    created_at: Timestamp,
    last_used_at: Timestamp,
    current: bool,
}

impl SessionOut {
    fn new(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id,
            device: session.device,
            ip: session.address,
            created_at: session.created_at,
            last_used_at: session.refreshed_at,
            current: session.id == current,
        }
    }
}

/// Answers 200 with the live sessions, newest first: at most ten. A session was last used when it was last
/// refreshed.
///
/// # Errors
/// 401 when the account was deleted since the token was given.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let current = request.caller()?.session;
    let sessions = account_with_sessions(app, request).await?.sessions;
    let sessions: Vec<_> = sessions.into_iter().rev().map(|session| SessionOut::new(session, current)).collect();
    Ok(Reply::ok("Sessions retrieved successfully", json!({ "sessions": sessions })))
}
