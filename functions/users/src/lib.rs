//! The signed-in user's own account.

pub mod build_export;
pub mod change_password;
pub mod delete;
pub mod end_other_sessions;
pub mod end_session;
pub mod export;
pub mod get_export;
pub mod me;
pub mod open_export;
mod proof;
pub mod sessions;
pub mod set_password;
pub mod two_factor;
pub mod update;

use std::cell::OnceCell;

use shared::auth::password;
use shared::domain::password::{Password, PasswordHash};
use shared::domain::user::User;
use shared::http::{ApiError, App, ErrorCode, RequestParts};
use shared::store::users::AccountWithSessions;

shared::functions! {
    serve "users" {
        "users-me": http(me),
        "users-update": http(update),
        "users-delete": http(delete),
        "users-two-factor": http(two_factor),
        "users-sessions": http(sessions),
        "users-end-session": http(end_session),
        "users-end-other-sessions": http(end_other_sessions),
        "users-change-password": http(change_password),
        "users-set-password": http(set_password),
    }
    serve_export "users-export" {
        "users-export": http(export),
        "users-get-export": http_with(get_export, get_export::ExportFiles),
        "users-open-export": http_with(open_export, get_export::ExportFiles),
        "users-build-export": queue("export", build_export::Builder),
    }
}

/// The caller's account; 401 when it was deleted after the access token was issued.
async fn account(app: &App, request: &RequestParts) -> Result<User, ApiError> {
    let user = app.store.user(request.caller()?.id).await?;
    user.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))
}

/// The caller's account and its live sessions; 401 as in [`account`], and when the caller's own session has ended. 1 call.
async fn account_with_sessions(app: &App, request: &RequestParts) -> Result<AccountWithSessions, ApiError> {
    let caller = request.caller()?;
    let account = app.store.account_with_sessions(caller.id, request.now()).await?;
    let account = account.filter(|account| account.session(caller.session).is_some());
    account.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))
}

/// The hash of a new password: expensive, so made when it is first needed, and once however often a write is tried.
struct HashOnce<'a> {
    password: &'a Password,
    hash: OnceCell<PasswordHash>,
}

impl<'a> HashOnce<'a> {
    fn new(password: &'a Password) -> Self {
        Self { password, hash: OnceCell::new() }
    }

    fn get(&self) -> Result<&PasswordHash, ApiError> {
        if let Some(hash) = self.hash.get() {
            return Ok(hash);
        }
        let hash = password::hash(self.password).map_err(ApiError::internal)?;
        Ok(self.hash.get_or_init(|| hash))
    }
}
