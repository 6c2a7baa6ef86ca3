//! `PATCH /api/user/me`

use shared::domain::user::UserPatch;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success, retry_conflicts};

use crate::account;
use crate::me::UserData;

pub const OPERATION: Operation<UserPatch, Success<UserData>> =
    Operation::patch("/api/user/me", "Update the account: change the fields that are sent")
        .describe(
            "Fields that are not sent keep their value. A new time zone or digest time applies to the next \
             digest.",
        )
        .errors(&[ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, UserPatch>) -> Result<Success<UserData>, ApiError> {
    let patch = request.body(app)?;
    let user = retry_conflicts(async || {
        let read = account(app, request).await?;
        let permit = request.permit().await?;
        let change = read.change(patch.clone(), request.now());
        app.store.update_user(&permit, &read, &change).await?;
        Ok(change.user)
    })
    .await?;
    Ok(Success::new("User updated successfully", user.into()))
}
