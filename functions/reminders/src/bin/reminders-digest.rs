//! `reminders-digest`.

use reminders::digest;
use shared::clock::Timestamp;
use shared::events::{serve_queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, _, store) = start()?;
    let (store, stage) = (&store, &config.stage);
    serve_queue("reminders-digest", stage, async |message| {
        digest::handle(store, stage, &message.body, Timestamp::now()).await
    })
    .await
}
