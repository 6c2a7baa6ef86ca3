//! `attachments-delete`.

use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    serve(&routes::ATTACHMENTS_DELETE, attachments::delete::handle).await
}
