//! `attachments-create`.

use attachments::create::{Uploads, handle};
use shared::aws::files::Bucket;
use shared::aws::sdk_config;
use shared::config::{parsed, required};
use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let bucket = Bucket::new(&sdk_config()?, required("UPLOADS_BUCKET")?);
    let uploads = &Uploads { bucket, quota: parsed("USER_QUOTA_BYTES")? };
    serve(&routes::ATTACHMENTS_CREATE, async |app, request| handle(uploads, app, request).await).await
}
