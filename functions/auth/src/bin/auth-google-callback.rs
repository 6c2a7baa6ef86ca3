//! `auth-google-callback`.

use auth::google_callback;
use auth::oidc::Provider;
use shared::aws::sdk_config;
use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let provider = Provider::start(&sdk_config()?)?;
    let provider = &provider;
    serve(&routes::AUTH_GOOGLE_CALLBACK, async |app, request| google_callback::handle(provider, app, request).await)
        .await
}
