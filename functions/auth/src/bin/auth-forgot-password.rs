//! `auth-forgot-password`.

use auth::forgot_password;
use shared::aws::queue::Queue;
use shared::aws::sdk_config;
use shared::config::required;
use shared::http::{routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let queue = Queue::new(&sdk_config()?, required("RESET_QUEUE_URL")?);
    let queue = &queue;
    serve(&routes::AUTH_FORGOT_PASSWORD, async |app, request| forgot_password::handle(queue, app, request).await).await
}
