//! `users-set-password`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::USERS_SET_PASSWORD, users::set_password::handle).await
}
