//! Queues.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde::Serialize;

use aws_types::SdkConfig;

use super::CallFailed;

/// SQS delays a message by at most this.
pub const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// SQS takes at most so many messages a call.
const BATCH: usize = 10;

/// A queue that takes messages of one type.
#[derive(Clone, Debug)]
pub struct Queue<M> {
    client: Client,
    url: String,
    message: std::marker::PhantomData<fn(M)>,
}

impl<M: Serialize> Queue<M> {
    /// The queue at `url`.
    pub fn new(sdk: &SdkConfig, url: String) -> Self {
        Self { client: Client::new(sdk), url, message: std::marker::PhantomData }
    }

    /// Puts a message on the queue, to be seen after `delay` (at most [`LONGEST_DELAY`]).
    ///
    /// # Errors
    /// The service failed; the message may or may not be on the queue.
    pub async fn send(&self, message: &M, delay: Duration) -> Result<(), CallFailed> {
        const OPERATION: &str = "SendMessage";
        let body = serde_json::to_string(message).map_err(|error| CallFailed {
            operation: OPERATION,
            code: "none".to_owned(),
            detail: error.to_string(),
        })?;
        // Whole seconds, rounded up: a message must not arrive before its time.
        let seconds = delay.min(LONGEST_DELAY).as_millis().div_ceil(1000);
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(i32::try_from(seconds).unwrap_or_default())
            .send()
            .await
            .map_err(|error| CallFailed::new(OPERATION, &error))?;
        Ok(())
    }

    /// Puts messages on the queue, to be seen at once, ten a call.
    ///
    /// # Errors
    /// The service failed, or took only some of them.
    pub async fn send_all(&self, messages: &[M]) -> Result<(), CallFailed> {
        const OPERATION: &str = "SendMessageBatch";
        let malformed = |detail: String| CallFailed { operation: OPERATION, code: "none".to_owned(), detail };
        for batch in messages.chunks(BATCH) {
            let mut entries = Vec::with_capacity(batch.len());
            for (number, message) in batch.iter().enumerate() {
                let body = serde_json::to_string(message).map_err(|error| malformed(error.to_string()))?;
                let entry = SendMessageBatchRequestEntry::builder().id(number.to_string()).message_body(body).build();
                entries.push(entry.map_err(|error| malformed(error.to_string()))?);
            }
            let sent = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
            let sent = sent.map_err(|error| CallFailed::new(OPERATION, &error))?;
            if let Some(refused) = sent.failed.first() {
                let detail = format!("{} of {} messages were refused", sent.failed.len(), batch.len());
                return Err(CallFailed { operation: OPERATION, code: refused.code.clone(), detail });
            }
        }
        Ok(())
    }
}
