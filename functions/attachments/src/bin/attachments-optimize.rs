//! `attachments-optimize`.

use attachments::optimize::Optimizer;
use shared::aws::files::Bucket;
use shared::config::{parsed, required};
use shared::events::{serve_queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, sdk, store) = start()?;
    let optimizer = Optimizer {
        store,
        bucket: Bucket::new(&sdk, required("UPLOADS_BUCKET")?),
        stage: config.stage.clone(),
        max_receives: parsed("MAX_RECEIVES")?,
    };
    let optimizer = &optimizer;
    serve_queue("attachments-optimize", &config.stage, async |message, now| optimizer.handle(message, now).await).await
}
