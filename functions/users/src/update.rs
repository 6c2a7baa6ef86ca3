//! `PATCH /api/user/me`: changes name, time zone and morning digest, and plans the digest anew.

use shared::domain::user::UserPatch;
use shared::http::{ApiError, App, Reply, Request, retry_conflicts};

use crate::{account, out};

/// Answers 200 with the account.
///
/// # Errors
/// 400 for bad fields.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let request = &*request;
    let patch = request.body(|fields| Some(UserPatch::read(fields)))?;
    let user = retry_conflicts(async || {
        let read = account(app, request).await?;
        let permit = request.permit().await?;
        Ok(app.store.update_user(&permit, &read, &patch, request.now()).await?)
    })
    .await?;
    Ok(Reply::ok("User updated successfully", out(user)))
}
