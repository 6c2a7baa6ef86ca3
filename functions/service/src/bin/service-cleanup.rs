//! `service-cleanup`.

use service::cleanup::Cleaner;
use shared::aws::files::Bucket;
use shared::aws::queue::Queue;
use shared::config::required;
use shared::events::{serve_queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, sdk, store) = start()?;
    let cleaner = Cleaner {
        store,
        bucket: Bucket::new(&sdk, required("UPLOADS_BUCKET")?),
        queue: Queue::new(&sdk, required("CLEANUP_QUEUE_URL")?),
    };
    let cleaner = &cleaner;
    serve_queue("service-cleanup", &config.stage, async |message, now| cleaner.handle(message.body, now).await).await
}
