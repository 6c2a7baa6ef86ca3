//! `service-cleanup`.

use service::cleanup;
use shared::events::{serve_queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, _, store) = start()?;
    let store = &store;
    serve_queue("service-cleanup", &config.stage, async |message| cleanup::handle(store, message.body).await).await
}
