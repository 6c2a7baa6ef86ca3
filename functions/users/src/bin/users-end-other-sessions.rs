//! `users-end-other-sessions`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::USERS_END_OTHER_SESSIONS, users::end_other_sessions::handle).await
}
