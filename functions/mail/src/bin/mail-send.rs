//! `mail-send`.

use mail::render::Links;
use mail::send::Sender;
use shared::aws::mailer::Mailer;
use shared::aws::queue::Queue;
use shared::aws::secrets::Secrets;
use shared::clock::Clock;
use shared::config::{parsed, required, url};
use shared::events::{serve_queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, sdk, store) = start()?;
    let mailer = Mailer::new(&sdk, required("MAIL_FROM")?, required("SES_CONFIGURATION_SET")?);
    #[expect(clippy::disallowed_methods, reason = "a main is the edge")]
    let clock = Clock::system();
    let sender = Sender {
        store,
        secrets: Secrets::load(&sdk, required("SECRET_ID")?).await?,
        mailer,
        links: Links { frontend: config.frontend_url, public: url("PUBLIC_URL")? },
        stage: config.stage.clone(),
        max_receives: parsed("MAX_RECEIVES")?,
        queue: Queue::new(&sdk, required("MAIL_QUEUE_URL")?),
        clock,
    };
    let sender = &sender;
    serve_queue("mail-send", &config.stage, async |message, now| sender.handle(message, now).await).await
}
