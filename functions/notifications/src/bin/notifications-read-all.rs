//! `notifications-read-all`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::NOTIFICATIONS_READ_ALL, notifications::read_all::handle).await
}
