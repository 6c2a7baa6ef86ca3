//! `attachments-get`.

use shared::aws::files::Bucket;
use shared::aws::sdk_config;
use shared::config::required;
use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let bucket = Bucket::new(&sdk_config()?, required("UPLOADS_BUCKET")?);
    let bucket = &bucket;
    serve(&routes::ATTACHMENTS_GET, async |app, request| attachments::get::handle(bucket, app, request).await).await
}
