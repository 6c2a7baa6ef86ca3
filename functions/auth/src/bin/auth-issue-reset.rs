//! `auth-issue-reset`.

use auth::issue_reset;
use shared::aws::secrets::Secrets;
use shared::config::required;
use shared::events::{Message, serve_queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, sdk, store) = start()?;
    let secrets = Secrets::load(&sdk, required("SECRET_ID")?).await?;
    let (store, secrets) = (&store, &secrets);
    let handler = async |message: Message<_>, now| issue_reset::handle(store, secrets, message.body, now).await;
    serve_queue("auth-issue-reset", &config.stage, handler).await
}
