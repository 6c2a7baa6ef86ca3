//! `tasks-overdue`.

use shared::clock::Timestamp;
use shared::events::{serve_queue, start};
use tasks::overdue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, _, store) = start()?;
    let store = &store;
    serve_queue("tasks-overdue", &config.stage, async |message| {
        overdue::handle(store, &message.body, Timestamp::now()).await
    })
    .await
}
