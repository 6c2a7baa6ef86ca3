//! Proof that a request comes from the owner of the account, not from someone who only holds a session.

use shared::auth::password;
use shared::domain::field::FieldError;
use shared::domain::password::Password;
use shared::http::{ApiError, ErrorCode, RequestParts};
use shared::store::users::AccountWithSessions;

/// What proves the owner of an account that has a password. An account without one takes a recent sign-in always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Password,
    /// The password, or a recent sign-in.
    PasswordOrRecentSignIn,
}

/// Checks that the owner of the account makes the request. A password that is sent must be right, unless the account has
/// none.
///
/// # Errors
/// 400 when the password is wrong or missing, 403 when the user has to sign in again, 401 when the session has ended.
pub(crate) async fn prove(
    request: &RequestParts,
    account: &AccountWithSessions,
    password: Option<&Password>,
    proof: Proof,
) -> Result<(), ApiError> {
    let session = account.session(request.caller()?.session);
    // Checked first: the holder of an ended session's token must not learn whether a password is right.
    let session = session.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?;
    match (&account.user.password_hash, password, proof) {
        (Some(hash), Some(password), _) => {
            let matches = password::verify_beside(password, Some(hash)).await.map_err(ApiError::internal)?;
            let wrong = || ApiError::new(ErrorCode::WrongPassword).with_message("Password is incorrect");
            matches.then_some(()).ok_or_else(wrong)
        }
        (Some(_), None, Proof::Password) => Err(vec![FieldError::new("password", "Password is required")].into()),
        (None, ..) | (Some(_), None, Proof::PasswordOrRecentSignIn) => {
            let is_recent = session.is_recent_sign_in(request.now());
            is_recent.then_some(()).ok_or_else(|| ApiError::new(ErrorCode::ReauthRequired))
        }
    }
}
