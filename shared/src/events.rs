//! Functions that a queue or the table's stream calls: one message at a time, failures reported one by one.

use std::time::{Duration, Instant};

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, json};

use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::id::TaskId;
use crate::store::{Refusal, Store, WriteError};
use crate::telemetry::{self, Unit};

/// What a message's work can end in, besides well: it is delivered again, and parked after the last try.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A message and what the queue knows of it.
#[derive(Debug)]
pub struct Message<M> {
    /// What it says.
    pub body: M,
    /// How often it was delivered, this time included.
    pub deliveries: u32,
}

/// Reads the environment and builds what every event function uses.
///
/// # Errors
/// A variable is missing or bad.
pub fn start() -> Result<(Config, aws_types::SdkConfig, Store), lambda_runtime::Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let sdk = crate::aws::sdk_config()?;
    let store = Store::new(&sdk, config.table.clone());
    Ok((config, sdk, store))
}

/// Serves a queue until Lambda ends the process. The messages of a batch are worked on at the same time; `handler` gets
/// each with the current instant.
///
/// # Errors
/// The runtime failed.
pub async fn serve_queue<M: DeserializeOwned>(
    function: &'static str,
    stage: &str,
    handler: impl AsyncFn(Message<M>, Timestamp) -> Result<(), Failure>,
) -> Result<(), lambda_runtime::Error> {
    let (handler, clock) = (&handler, system_clock());
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        let started = Instant::now();
        let records = event.payload.records;
        let count = records.len();
        let work = records.into_iter().map(|record| async move {
            let id = record.message_id.clone().unwrap_or_default();
            let outcome = async { handler(parse(&record)?, clock.now()).boxed_local().await }.await;
            outcome.err().map(|error| {
                tracing::error!(function, message_id = id, %error, "queue.message_failed");
                id
            })
        });
        let failed: Vec<String> = futures::future::join_all(work).await.into_iter().flatten().collect();
        log_batch(function, stage, count, failed.len(), started);
        Ok::<_, lambda_runtime::Error>(batch_response(failed))
    }))
    .await
}

#[expect(clippy::disallowed_methods, reason = "the edge of every event function")]
fn system_clock() -> Clock {
    Clock::system()
}

fn parse<M: DeserializeOwned>(record: &SqsMessage) -> Result<Message<M>, Failure> {
    let body = serde_json::from_str(record.body.as_deref().unwrap_or_default())?;
    let deliveries = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    Ok(Message { body, deliveries: deliveries.unwrap_or(1) })
}

fn batch_response(failed: Vec<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    response
}

/// Tries against others who change the same rows; then the message waits for its next delivery.
const TRIES: u32 = 8;
/// The longest first pause between tries; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Runs a read-and-write again while it is refused with `race`: others change the same row, and the next try sees how.
///
/// # Errors
/// The table failed, or others never let it through.
pub async fn retry_races(race: Refusal, attempt: impl AsyncFn() -> Result<(), WriteError>) -> Result<(), Failure> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match attempt().await {
            Err(WriteError::Refused(refusal)) if refusal == race => {
                tokio::time::sleep(pause.mul_f64(fastrand::f64())).await;
                pause *= 2;
            }
            other => return Ok(other?),
        }
    }
    Ok(attempt().await?)
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Insert,
    /// It was there, and is.
    Modify,
    /// It is gone.
    Remove,
}

/// A record of the table's stream, as far as it is of interest: a hint that a row changed.
#[derive(Clone, Debug)]
pub struct Record {
    /// The row's partition key.
    pub pk: String,
    /// The row's sort key.
    pub sk: String,
    /// What happened.
    pub change: Change,
    /// The plan that the row was to fire by before, if it was to fire.
    pub old_plan: Option<u64>,
    /// The task that the row belonged to.
    pub old_task: Option<TaskId>,
}

impl Record {
    fn read(record: &EventRecord) -> Option<Self> {
        let change = match record.event_name.as_str() {
            "INSERT" => Change::Insert,
            "MODIFY" => Change::Modify,
            "REMOVE" => Change::Remove,
            _ => return None,
        };
        let KeyPart { pk, sk } = serde_dynamo::from_item(record.change.keys.clone()).ok()?;
        let old: OldImage = serde_dynamo::from_item(record.change.old_image.clone()).unwrap_or_default();
        Some(Self { pk, sk, change, old_plan: old.due_at.and(old.plan), old_task: old.task_id })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct KeyPart {
    pk: String,
    sk: String,
}

/// Of a reminder's row or an attachment's; other rows have none of it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldImage {
    due_at: Option<String>,
    plan: Option<u64>,
    task_id: Option<TaskId>,
}

/// Failures in one batch beyond which the rest waits for its next delivery: a service is down, and asking it for every
/// record would use up the function's time.
const STOP_AFTER: usize = 3;

/// Serves the table's stream until Lambda ends the process, as [`work_off`] says.
///
/// # Errors
/// The runtime failed.
pub async fn serve_stream(
    function: &'static str,
    stage: &str,
    handler: impl AsyncFn(Record, Timestamp) -> Result<(), Failure>,
) -> Result<(), lambda_runtime::Error> {
    let (handler, clock) = (&handler, system_clock());
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| async move {
        Ok::<_, lambda_runtime::Error>(work_off((function, stage), &event.payload, clock, handler).await)
    }))
    .await
}

/// Works on a batch of the stream's records in order, and reports those that failed.
///
/// One that fails does not hold up those behind it, at least not in its own batch: records are hints, each row is read
/// again, so their order does not matter. Lambda delivers the batch again from the first failure on
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>), and what was done is then
/// done twice. After 3 failures the rest is left to that delivery.
pub async fn work_off(
    (function, stage): (&str, &str),
    event: &Event,
    clock: Clock,
    handler: &impl AsyncFn(Record, Timestamp) -> Result<(), Failure>,
) -> DynamoDbEventResponse {
    let started = Instant::now();
    let mut response = DynamoDbEventResponse::default();
    for raw in &event.records {
        let Some(record) = Record::read(raw) else {
            // No try will read it, and it would hold up everybody behind.
            tracing::error!(function, event_id = raw.event_id, "stream.record_unreadable");
            continue;
        };
        if let Err(error) = handler(record, clock.now()).boxed_local().await {
            let sequence = raw.change.sequence_number.clone();
            tracing::error!(function, sequence, %error, "stream.record_failed");
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = sequence;
            response.batch_item_failures.push(failure);
            if response.batch_item_failures.len() == STOP_AFTER {
                break;
            }
        }
    }
    log_batch(function, stage, event.records.len(), response.batch_item_failures.len(), started);
    response
}

/// One line a batch, which is also its metrics.
fn log_batch(function: &str, stage: &str, count: usize, failed: usize, started: Instant) {
    let mut line = Map::new();
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    line.insert("function".to_owned(), json!(function));
    line.insert("records".to_owned(), json!(count));
    line.insert("failed".to_owned(), json!(failed));
    line.insert("duration_ms".to_owned(), json!(duration_ms));
    #[expect(clippy::cast_precision_loss, reason = "a batch has at most a few thousand records")]
    let failures = failed as f64;
    let level = if failed == 0 { "INFO" } else { "ERROR" };
    telemetry::emit("event.batch", level, stage, &[("EventFailed", Unit::Count, failures)], line);
}
