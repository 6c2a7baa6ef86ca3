//! `reminders-digest`.

use reminders::digest;
use shared::events::{serve_queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, _, store) = start()?;
    let (store, stage) = (&store, &config.stage);
    serve_queue("reminders-digest", stage, async |message, now| digest::handle(store, stage, &message.body, now).await)
        .await
}
