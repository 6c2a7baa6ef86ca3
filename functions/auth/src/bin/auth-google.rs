//! `auth-google`.

use auth::google;
use auth::oidc::Provider;
use shared::aws::sdk_config;
use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let provider = Provider::start(&sdk_config()?)?;
    let provider = &provider;
    serve(&routes::AUTH_GOOGLE, async |app, request| google::handle(provider, app, request).await).await
}
