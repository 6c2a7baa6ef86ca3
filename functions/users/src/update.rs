//! `PATCH /api/user/me`: changes name, time zone and morning digest.

use shared::domain::user::UserPatch;
use shared::http::{ApiError, App, Reply, Request};

use crate::{account, out};

/// Answers 200 with the account.
///
/// # Errors
/// 400 for bad fields.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let patch = request.body(|fields| Some(UserPatch::read(fields)))?;
    let mut user = account(app, request).await?;
    let permit = request.permit().await?;
    app.store.update_user(&permit, user.id, &patch, request.now()).await?;
    user.apply(patch, request.now());
    Ok(Reply::ok("User updated successfully", out(user)))
}
