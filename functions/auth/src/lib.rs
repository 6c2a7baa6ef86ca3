//! Registration, login, sessions.

mod challenge;
pub mod forgot_password;
pub mod google;
pub mod google_callback;
pub mod issue_reset;
pub mod login;
pub mod logout;
mod mailed_token;
pub mod oidc;
pub mod oidc_flow;
pub mod refresh;
pub mod register;
pub mod resend_otp;
pub mod resend_verification;
pub mod reset_password;
mod sign_in;
mod tokens;
pub mod verify_email;
pub mod verify_otp;

shared::functions! {
    serve "auth" {
        "auth-register": http(register),
        "auth-verify-email": http(verify_email),
        "auth-resend-verification": http(resend_verification),
        "auth-login": http(login),
        "auth-verify-otp": http(verify_otp),
        "auth-resend-otp": http(resend_otp),
        "auth-forgot-password": http_with(forgot_password, forgot_password::ResetQueue),
        "auth-issue-reset": queue("reset", issue_reset::ResetIssuer),
        "auth-reset-password": http(reset_password),
        "auth-google": http_with(google, oidc::Provider),
        "auth-google-callback": http_with(google_callback, oidc::Provider),
        "auth-refresh": http(refresh),
        "auth-logout": http(logout),
    }
}
