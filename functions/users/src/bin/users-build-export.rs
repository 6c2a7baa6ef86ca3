//! `users-build-export`.

use shared::aws::files::Bucket;
use shared::aws::secrets::Secrets;
use shared::config::required;
use shared::events::{serve_queue, start};
use users::build_export::Builder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, sdk, store) = start()?;
    let builder = Builder {
        store,
        secrets: Secrets::load(&sdk, required("SECRET_ID")?).await?,
        bucket: Bucket::new(&sdk, required("UPLOADS_BUCKET")?),
    };
    let builder = &builder;
    serve_queue("users-build-export", &config.stage, async |message, now| builder.handle(message.body, now).await).await
}
