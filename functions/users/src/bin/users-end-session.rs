//! `users-end-session`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::USERS_END_SESSION, users::end_session::handle).await
}
