//! `tasks-overdue`.

use shared::events::{serve_queue, start};
use tasks::overdue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, _, store) = start()?;
    let store = &store;
    serve_queue("tasks-overdue", &config.stage, async |message, now| overdue::handle(store, &message.body, now).await)
        .await
}
