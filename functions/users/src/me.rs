//! `GET /api/user/me`: who is signed in.

use shared::http::{ApiError, App, Reply, Request};

use crate::{account, out};

/// Answers 200 with the account.
///
/// # Errors
/// 401 when the account was deleted since the token was given.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let user = account(app, request).await?;
    Ok(Reply::ok("User retrieved successfully", out(user)))
}
