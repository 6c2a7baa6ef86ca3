//! `auth-issue-reset`.

use auth::issue_reset;
use shared::aws::secrets::Secrets;
use shared::clock::Timestamp;
use shared::config::required;
use shared::events::{serve_queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, sdk, store) = start()?;
    let secrets = Secrets::load(&sdk, required("SECRET_ID")?).await?;
    let (store, secrets) = (&store, &secrets);
    let handler = async |message: shared::events::Message<_>| {
        issue_reset::handle(store, secrets, message.body, Timestamp::now()).await
    };
    serve_queue("auth-issue-reset", &config.stage, handler).await
}
