//! `service-dispatch`.

use service::dispatch::Dispatcher;
use shared::aws::queue::Queue;
use shared::aws::schedules::{Schedules, Target};
use shared::config::required;
use shared::events::{serve_stream, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (config, sdk, store) = start()?;
    let dispatcher = Dispatcher {
        store,
        schedules: Schedules::new(&sdk, Target::from_env()?),
        reminders: Queue::new(&sdk, required("REMINDER_QUEUE_URL")?),
        mails: Queue::new(&sdk, required("MAIL_QUEUE_URL")?),
        cleanups: Queue::new(&sdk, required("CLEANUP_QUEUE_URL")?),
        exports: Queue::new(&sdk, required("EXPORT_QUEUE_URL")?),
    };
    let dispatcher = &dispatcher;
    serve_stream("service-dispatch", &config.stage, async |record, now| dispatcher.handle(&record, now).await).await
}
