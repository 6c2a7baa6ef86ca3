//! `auth-verify-email`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::AUTH_VERIFY_EMAIL, auth::verify_email::handle).await
}
