//! `DELETE /api/user/sessions`: signs all other devices out.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request};

use crate::account_with_sessions;

/// Answers 200.
///
/// # Errors
/// 401 when the session that asks has ended itself.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let own = request.caller()?.session;
    let mut others = account_with_sessions(app, request).await?.sessions;
    others.retain(|session| session.id != own);
    let permit = request.permit().await?;
    app.store.end_sessions(&permit, &others, request.now()).await?;
    Ok(Reply::ok("Other sessions ended successfully", json!({})))
}
