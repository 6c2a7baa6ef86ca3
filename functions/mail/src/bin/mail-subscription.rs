//! `mail-subscription`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::MAIL_SUBSCRIPTION, mail::subscription::handle).await
}
