//! `analytics-streaks`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::ANALYTICS_STREAKS, analytics::streaks::handle).await
}
