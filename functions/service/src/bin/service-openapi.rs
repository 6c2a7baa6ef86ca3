//! `service-openapi`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::SERVICE_OPENAPI, service::openapi::handle).await
}
