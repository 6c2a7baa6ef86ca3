//! Functions that a queue or the table's stream calls: one message at a time, failures reported one by one.

use std::rc::Rc;
use std::time::{Duration, Instant};

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use jiff::civil::Date;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::backoff::{Backoff, retry};
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, Variable};
use crate::domain::delivery::Delivery;
use crate::domain::mail::{MailContent, MailLane};
use crate::domain::reminder::ReminderKind;
use crate::id::TaskId;
use crate::runtime::{Error, Serve, Starting};
use crate::store::keys::RowKey;
use crate::store::{Permit, Refusal, Store, WriteError};
use crate::telemetry::{self, Metric};

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

/// What every event function is built from.
#[derive(Debug)]
pub struct Environment {
    /// Configuration of every function.
    pub config: Config,
    /// Configuration of the AWS clients.
    pub sdk: aws_types::SdkConfig,
    /// The table.
    pub store: Store,
    /// The permit to write: no rate limiter is in front of an event.
    pub permit: Permit,
}

impl Environment {
    fn read() -> Result<Self, Error> {
        let config = Config::from_env()?;
        let sdk = crate::aws::sdk_config()?;
        let store = Store::new(&sdk, config.table.clone());
        Ok(Self { config, sdk, store, permit: Permit::of_service() })
    }
}

/// A function that handles the messages of a queue.
pub trait QueueFunction: Sized + 'static {
    /// A message's body.
    type Message: DeserializeOwned;

    /// The variables that it reads, besides those of every function.
    const VARIABLES: &'static [Variable] = &[];

    /// Reads the function's own configuration and builds its clients.
    fn start(environment: Environment) -> impl Future<Output = Result<Self, Error>>;

    /// Reads a message's text; `None` for one that asks for nothing.
    ///
    /// # Errors
    /// It is none of the function's messages.
    fn parse(text: &str) -> Result<Option<Self::Message>, Failure> {
        Ok(Some(serde_json::from_str(text)?))
    }

    /// Handles a message. An error has the message delivered again, and moved to the dead-letter queue after the last try.
    fn handle(&self, message: Message<Self::Message>, now: Timestamp) -> impl Future<Output = Result<(), Failure>>;
}

/// A function that handles the records of the table's stream.
pub trait StreamFunction: Sized + 'static {
    /// The variables that it reads, besides those of every function.
    const VARIABLES: &'static [Variable];

    /// Reads the function's own configuration and builds its clients.
    fn start(environment: Environment) -> impl Future<Output = Result<Self, Error>>;

    /// Handles a record. An error has the record delivered again.
    fn handle(&self, record: Record, now: Timestamp) -> impl Future<Output = Result<(), Failure>>;
}

/// A function that a queue calls. The messages of a batch are handled at the same time.
pub fn queue_function<F: QueueFunction>(name: &'static str) -> Starting {
    async move {
        let environment = Environment::read()?;
        let batch = Batch { function: name, stage: environment.config.stage.clone(), clock: system_clock() };
        Ok(Rc::new(OnQueue { handler: F::start(environment).await?, batch }) as Rc<dyn Serve>)
    }
    .boxed_local()
}

/// A function that the table's stream calls, as [`process_batch`] says.
pub fn stream_function<F: StreamFunction>(name: &'static str) -> Starting {
    async move {
        let environment = Environment::read()?;
        let batch = Batch { function: name, stage: environment.config.stage.clone(), clock: system_clock() };
        Ok(Rc::new(OnStream { handler: F::start(environment).await?, batch }) as Rc<dyn Serve>)
    }
    .boxed_local()
}

#[expect(clippy::disallowed_methods, reason = "the edge of every event function")]
fn system_clock() -> Clock {
    Clock::system()
}

/// What batches are handled with, besides their handler.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The function's name, for the log.
    pub function: &'static str,
    /// The stage, for the metrics.
    pub stage: String,
    /// The source of each message's `now`.
    pub clock: Clock,
}

struct OnQueue<F> {
    handler: F,
    batch: Batch,
}

impl<F: QueueFunction> Serve for OnQueue<F> {
    fn serve(self: Rc<Self>) -> LocalBoxFuture<'static, Result<(), Error>> {
        async move {
            let this = &*self;
            lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
                Ok::<_, Error>(process_messages(&this.batch, &this.handler, event.payload).await)
            }))
            .await
        }
        .boxed_local()
    }

    fn invoke(self: Rc<Self>, event: LambdaEvent<Value>) -> LocalBoxFuture<'static, Result<Value, Error>> {
        async move {
            let event = serde_json::from_value(event.payload)?;
            Ok(serde_json::to_value(process_messages(&self.batch, &self.handler, event).await)?)
        }
        .boxed_local()
    }
}

struct OnStream<F> {
    handler: F,
    batch: Batch,
}

impl<F: StreamFunction> Serve for OnStream<F> {
    fn serve(self: Rc<Self>) -> LocalBoxFuture<'static, Result<(), Error>> {
        async move {
            let this = &*self;
            lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| {
                Ok::<_, Error>(process_batch(&this.batch, &this.handler, &event.payload).await)
            }))
            .await
        }
        .boxed_local()
    }

    fn invoke(self: Rc<Self>, event: LambdaEvent<Value>) -> LocalBoxFuture<'static, Result<Value, Error>> {
        async move {
            let event = serde_json::from_value(event.payload)?;
            Ok(serde_json::to_value(process_batch(&self.batch, &self.handler, &event).await)?)
        }
        .boxed_local()
    }
}

/// Handles a batch of messages at the same time, and reports those that failed.
async fn process_messages<F: QueueFunction>(batch: &Batch, handler: &F, event: SqsEvent) -> SqsBatchResponse {
    let started = Instant::now();
    let count = event.records.len();
    let work = event.records.into_iter().map(async |record| {
        let id = record.message_id.clone().unwrap_or_default();
        let outcome = async {
            let Some(message) = parse::<F>(&record)? else { return Ok(()) };
            handler.handle(message, batch.clock.now()).boxed_local().await
        }
        .await;
        outcome.err().map(|error| {
            tracing::error!(function = batch.function, message_id = id, %error, "queue.message_failed");
            id
        })
    });
    let failed: Vec<String> = futures::future::join_all(work).await.into_iter().flatten().collect();
    log_batch(batch, count, failed.len(), started);
    batch_response(failed)
}

fn parse<F: QueueFunction>(record: &SqsMessage) -> Result<Option<Message<F::Message>>, Failure> {
    let Some(body) = F::parse(record.body.as_deref().unwrap_or_default())? else { return Ok(None) };
    let deliveries = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    Ok(Some(Message { body, deliveries: deliveries.unwrap_or(1) }))
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
const RACES: Backoff = Backoff::new(8, Duration::from_millis(20), Duration::from_millis(2560));

/// Repeats a read-and-write while it is refused with one of `races`: others change the same row, and the next try sees how.
///
/// # Errors
/// The table failed, or others never let it through.
pub async fn retry_races<T>(races: &[Refusal], attempt: impl AsyncFn() -> Result<T, WriteError>) -> Result<T, Failure> {
    let is_race = |error: &WriteError| matches!(error, WriteError::Refused(refusal) if races.contains(refusal));
    Ok(retry(RACES, is_race, attempt).await?)
}

/// Logs how long after its time a reminder reached its user, by `mail` or `push`: one metric for both. `of` names the mail
/// or the reminder. A receipt without a lateness is not logged.
pub fn log_reminder_lateness(stage: &str, by: &str, receipt: &Delivery, of: (&str, Value)) {
    let Some(late) = receipt.lateness_ms else { return };
    let (name, id) = of;
    let line = Map::from_iter([
        (name.to_owned(), id),
        ("by".to_owned(), json!(by)),
        ("attempts".to_owned(), json!(receipt.attempts)),
    ]);
    // No reminder is late by more than 2^53 ms, some 285,000 years.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let metrics = [(Metric::ReminderLateness, late as f64)];
    telemetry::emit("reminder.lateness", "INFO", stage, &metrics, line);
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowEvent {
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
    /// The row.
    pub row: RowKey,
    /// What happened.
    pub event: RowEvent,
    /// The plan that the row was to fire by before, if it was to fire.
    pub old_plan: Option<u64>,
    /// The task that the row belonged to.
    pub old_task: Option<TaskId>,
    /// The queue of a new mail.
    pub lane: MailLane,
    /// The last day of which a completion of the reminder stays counted; none for a review, whose ratings outlive it.
    pub old_kept_day: Option<Date>,
}

impl Record {
    fn read(record: &EventRecord) -> Option<Self> {
        let event = match record.event_name.as_str() {
            "INSERT" => RowEvent::Insert,
            "MODIFY" => RowEvent::Modify,
            "REMOVE" => RowEvent::Remove,
            _ => return None,
        };
        let KeyPart { pk, sk } = serde_dynamo::from_item(record.change.keys.clone()).ok()?;
        let old: OldImage = serde_dynamo::from_item(record.change.old_image.clone()).unwrap_or_default();
        let new: NewImage = serde_dynamo::from_item(record.change.new_image.clone()).unwrap_or_default();
        let lane = new.content.map_or(MailLane::Others, |content| content.lane());
        let row = RowKey::parse(&pk, &sk)?;
        let old_plan = old.due_at.and(old.plan);
        let old_kept_day = old.kept_day.filter(|_| old.kind != Some(ReminderKind::Review));
        Some(Self { row, event, old_plan, old_task: old.task_id, old_kept_day, lane })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct KeyPart {
    pk: String,
    sk: String,
}

/// Of a reminder's row or an attachment's; of other rows nothing is of use, and a task's `plan` is none of these.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldImage {
    due_at: Option<String>,
    plan: Option<u64>,
    task_id: Option<TaskId>,
    kept_day: Option<Date>,
    kind: Option<ReminderKind>,
}

/// Of a mail's row; other rows have none of it.
#[derive(Default, Deserialize)]
struct NewImage {
    content: Option<MailContent>,
}

/// Failures in one batch beyond which the rest waits for its next delivery: a service is down, and asking it for every
/// record would use up the function's time.
const STOP_AFTER: usize = 3;

/// Handles a batch of the stream's records in order, and reports those that failed.
///
/// A record that fails does not hold up those behind it, at least not in its own batch: records are hints, each row is
/// read again, so their order does not matter. Lambda delivers the batch again from the first failure on
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>), and what was done is then
/// done twice. After 3 failures the rest is left to that delivery.
pub async fn process_batch(batch: &Batch, handler: &impl StreamFunction, event: &Event) -> DynamoDbEventResponse {
    let started = Instant::now();
    let mut response = DynamoDbEventResponse::default();
    for raw in &event.records {
        let Some(record) = Record::read(raw) else {
            // No try will read it, and it would hold up everybody behind.
            tracing::error!(function = batch.function, event_id = raw.event_id, "stream.record_unreadable");
            continue;
        };
        if let Err(error) = handler.handle(record, batch.clock.now()).boxed_local().await {
            let sequence = raw.change.sequence_number.clone();
            tracing::error!(function = batch.function, sequence, %error, "stream.record_failed");
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = sequence;
            response.batch_item_failures.push(failure);
            if response.batch_item_failures.len() == STOP_AFTER {
                break;
            }
        }
    }
    log_batch(batch, event.records.len(), response.batch_item_failures.len(), started);
    response
}

/// One log line per batch, which is also the source of its metrics.
fn log_batch(batch: &Batch, count: usize, failed: usize, started: Instant) {
    let mut line = Map::new();
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    line.insert("function".to_owned(), json!(batch.function));
    line.insert("records".to_owned(), json!(count));
    line.insert("failed".to_owned(), json!(failed));
    line.insert("duration_ms".to_owned(), json!(duration_ms));
    #[expect(clippy::cast_precision_loss, reason = "a batch has at most a few thousand records")]
    let failures = failed as f64;
    let level = if failed == 0 { "INFO" } else { "ERROR" };
    telemetry::emit("event.batch", level, &batch.stage, &[(Metric::EventFailed, failures)], line);
}
