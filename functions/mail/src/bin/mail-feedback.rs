//! `mail-feedback`.

use mail::feedback;
use shared::events::{serve_queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, _, store) = start()?;
    let store = &store;
    serve_queue("mail-feedback", &config.stage, async |message, now| feedback::handle(store, &message.body, now).await)
        .await
}
