//! `reminders-fire`.

use reminders::fire;
use shared::events::{serve_queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, _, store) = start()?;
    let store = &store;
    let stage = &config.stage;
    serve_queue("reminders-fire", stage, async |message, now| fire::serve(store, stage, message.body, now).await).await
}
