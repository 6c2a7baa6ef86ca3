//! `service-sweep`.

use service::sweep::Sweeper;
use shared::aws::queue::Queue;
use shared::config::required;
use shared::events::{serve_queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, sdk, store) = start()?;
    let sweeper = Sweeper {
        store,
        reminders: Queue::new(&sdk, required("REMINDER_QUEUE_URL")?),
        mails: Queue::new(&sdk, required("MAIL_QUEUE_URL")?),
        digests: Queue::new(&sdk, required("DIGEST_QUEUE_URL")?),
        overdue: Queue::new(&sdk, required("OVERDUE_QUEUE_URL")?),
        cleanups: Queue::new(&sdk, required("CLEANUP_QUEUE_URL")?),
        sweeps: Queue::new(&sdk, required("SWEEP_QUEUE_URL")?),
    };
    let sweeper = &sweeper;
    serve_queue("service-sweep", &config.stage, async |message, now| sweeper.handle(message.body, now).await).await
}
