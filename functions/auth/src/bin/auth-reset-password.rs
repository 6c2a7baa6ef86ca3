//! `auth-reset-password`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::AUTH_RESET_PASSWORD, auth::reset_password::handle).await
}
