//! `auth-resend-otp`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::AUTH_RESEND_OTP, auth::resend_otp::handle).await
}
