//! `users-two-factor`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::USERS_TWO_FACTOR, users::two_factor::handle).await
}
