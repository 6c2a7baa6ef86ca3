//! `users-get-export`.

use shared::aws::files::Bucket;
use shared::aws::sdk_config;
use shared::config::required;
use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let bucket = Bucket::new(&sdk_config()?, required("UPLOADS_BUCKET")?);
    let bucket = &bucket;
    serve(&routes::USERS_GET_EXPORT, async |app, request| users::get_export::handle(bucket, app, request).await).await
}
