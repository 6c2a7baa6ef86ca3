//! `attachments-optimize`: checks an uploaded file, makes pictures smaller, and moves the result to where it can be
//! downloaded.
//!
//! S3's event may arrive twice or late, so the row decides what is still to do: if the attachment is ready, rejected or
//! deleted, only the raw object is emptied. That is the last step, so an attempt that is killed anywhere is completed by
//! the next. When the last attempt fails, the attachment becomes rejected and the message goes to the dead-letter queue.
//!
//! A user has a bounded number of files in process at a time, so that the files of one never take all that can be processed
//! at once. A message of a further one is put off: it goes back to the end of the queue, with a delay.
//!
//! The empty object stays until the bucket's life cycle removes it. While it exists, S3 refuses a second upload to the
//! same URL, which admits an object only where none is.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use media::{Kind, Processed, Rejection, process};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use shared::aws::files::{Bucket, TooLong};
use shared::aws::queue::Queue;
use shared::clock::Timestamp;
use shared::config::{Variable, parsed, required};
use shared::domain::attachment::{Attachment, AttachmentStatus, GAVE_UP, MAX_FILE_BYTES, ObjectKeys, Stored};
use shared::events::{Environment, Failure, Message, QueueFunction};
use shared::runtime::Error;
use shared::store::{Permit, Refusal, Store, WriteError};
use shared::telemetry::{self, Metric};

/// What processing an upload needs.
#[derive(Debug)]
pub struct Optimizer {
    pub store: Store,
    /// The permit to write.
    pub permit: Permit,
    /// The bucket of the files.
    pub bucket: Bucket,
    /// The queue that it reads, for what is put off.
    pub queue: Queue<Uploaded>,
    /// Maximum number of files of one user that are processed at the same time.
    pub max_per_user: NonZeroU32,
    /// The deployment, for the metrics.
    pub stage: String,
    /// Deliveries of a message before it goes to the dead-letter queue.
    pub max_receives: NonZeroU32,
}

/// The notification of S3: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>. The test
/// event that S3 sends when notifications are switched on has no records.
#[derive(Debug, Deserialize, Serialize)]
pub struct Uploaded {
    #[serde(default, rename = "Records")]
    records: Vec<Record>,
    /// How often it was put off; S3 does not send it.
    #[serde(default, rename = "putOff")]
    put_off: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Record {
    s3: Entity,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Entity {
    object: Object,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Object {
    /// Form-encoded.
    key: String,
    /// In bytes.
    size: Option<u64>,
}

/// The rejection reason if the object does not have the announced length.
const OTHER_SIZE: &str = "The file is not as large as announced";

/// The media type of an object that was emptied.
const EMPTIED: &str = "application/octet-stream";

/// A message is put off by a second, then by twice as long each time, and at most so often: 17 minutes altogether, in which
/// four places take 240 of the dearest files, more than a user may announce in an hour. More often than 16 times, Lambda
/// takes it for a loop and stops it.
const MAX_PUT_OFF: u32 = 10;

/// The result of processing an object.
enum Outcome {
    Ready(Stored),
    Rejected(String),
}

impl QueueFunction for Optimizer {
    type Message = Uploaded;

    const VARIABLES: &'static [Variable] =
        &[Variable::MaxPerUser, Variable::MaxReceives, Variable::UploadQueueUrl, Variable::UploadsBucket];

    async fn start(environment: Environment) -> Result<Self, Error> {
        let Environment { config, sdk, store, permit } = environment;
        Ok(Self {
            store,
            permit,
            bucket: Bucket::new(&sdk, required(Variable::UploadsBucket)?),
            queue: Queue::new(&sdk, required(Variable::UploadQueueUrl)?),
            max_per_user: parsed(Variable::MaxPerUser)?,
            stage: config.stage,
            max_receives: parsed(Variable::MaxReceives)?,
        })
    }

    /// Processes the objects that the message names.
    async fn handle(&self, message: Message<Uploaded>, now: Timestamp) -> Result<(), Failure> {
        for record in &message.body.records {
            // Announced files have at least one byte: this one is empty because it was emptied here.
            if record.s3.object.size == Some(0) {
                continue;
            }
            let key = decoded(&record.s3.object.key);
            let Some(keys) = ObjectKeys::of_raw(&key) else {
                tracing::warn!("attachment.key_unknown");
                continue;
            };
            match self.process_in_turn(keys, record, message.body.put_off, now).await {
                Err(error) if message.deliveries >= self.max_receives.get() => {
                    self.settle(keys, &Outcome::Rejected(GAVE_UP.to_owned()), now).await?;
                    return Err(error);
                }
                processed => processed?,
            }
        }
        Ok(())
    }
}

impl Optimizer {
    /// Processes an object, or puts its message off while as many others of its user are being processed as may be. One that
    /// was begun before has its turn.
    async fn process_in_turn(
        &self,
        keys: ObjectKeys,
        record: &Record,
        put_off: u32,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let found = self.store.attachment(keys.user, keys.attachment).await?;
        let Some(attachment) = found.filter(|it| it.is_open() && it.keys() == keys) else {
            // Deleted, already processed, or uploaded again after processing.
            return self.empty(keys).await;
        };
        let file = (keys.user, keys.attachment);
        let has_place = self.store.take_place(&self.permit, file, self.max_per_user.get(), now).await?;
        let may_wait = attachment.card.status == AttachmentStatus::Pending && put_off < MAX_PUT_OFF;
        if !has_place && may_wait {
            let later = Uploaded { records: vec![record.clone()], put_off: put_off + 1 };
            return Ok(self.queue.send(&later, Duration::from_secs(1 << put_off)).await?);
        }
        let processed = self.process_object(attachment, now).await;
        let left = if has_place { self.store.leave_place(&self.permit, file).await } else { Ok(()) };
        processed?;
        Ok(left?)
    }

    async fn process_object(&self, attachment: Attachment, now: Timestamp) -> Result<(), Failure> {
        let keys = attachment.keys();
        let Some(object) = self.bucket.get(&keys.raw(), MAX_FILE_BYTES).await? else {
            tracing::info!(attachment_id = %keys.attachment, "attachment.no_object");
            return Ok(());
        };
        let started = Instant::now();
        let attachment = self.begin(attachment, now).await?;
        let outcome = self.judge(&attachment, object).await?;
        self.log(&attachment, &outcome, started);
        self.settle(keys, &outcome, now).await?;
        self.empty(keys).await
    }

    /// Overwrites the uploaded object with an empty one.
    async fn empty(&self, keys: ObjectKeys) -> Result<(), Failure> {
        Ok(self.bucket.put(&keys.raw(), EMPTIED, Vec::new()).await?)
    }

    /// Sets the status `processing`.
    async fn begin(&self, attachment: Attachment, now: Timestamp) -> Result<Attachment, Failure> {
        if attachment.card.status == AttachmentStatus::Processing {
            return Ok(attachment);
        }
        let next = attachment.processing(now);
        self.change(&attachment, &next, now).await?;
        Ok(next)
    }

    /// Checks the object, and stores the accepted file and its thumbnail.
    async fn judge(&self, attachment: &Attachment, object: Result<Vec<u8>, TooLong>) -> Result<Outcome, Failure> {
        let Some(bytes) = object.ok().filter(|bytes| bytes.len() as u64 == attachment.card.file_size) else {
            return Ok(Outcome::Rejected(OTHER_SIZE.to_owned()));
        };
        let kind = attachment.kind().ok_or("an attachment of no kind")?;
        let keys = attachment.keys();
        match examined(kind, &bytes) {
            Err(rejection) => Ok(Outcome::Rejected(rejection.to_string())),
            Ok(Processed::Unchanged) => {
                let size = bytes.len() as u64;
                self.bucket.put(&keys.file(), kind.mime(), bytes).await?;
                Ok(Outcome::Ready(Stored { kind, size, pixels: None }))
            }
            Ok(Processed::Picture(picture)) => {
                let (size, pixels) = (picture.bytes.len() as u64, (picture.width, picture.height));
                let (file, thumbnail) = (keys.file(), keys.thumbnail());
                let (file, thumbnail) = futures::join!(
                    self.bucket.put(&file, picture.kind.mime(), picture.bytes),
                    self.bucket.put(&thumbnail, Kind::Webp.mime(), picture.thumbnail),
                );
                file.and(thumbnail)?;
                Ok(Outcome::Ready(Stored { kind: picture.kind, size, pixels: Some(pixels) }))
            }
        }
    }

    /// Records the outcome. If the attachment was deleted in the meantime, deletes its objects.
    async fn settle(&self, keys: ObjectKeys, outcome: &Outcome, now: Timestamp) -> Result<(), Failure> {
        let found = self.store.attachment(keys.user, keys.attachment).await?;
        let Some(attachment) = found.filter(Attachment::is_open) else {
            return self.forget(keys).await;
        };
        let next = match outcome {
            Outcome::Ready(stored) => attachment.ready(stored, now),
            Outcome::Rejected(reason) => attachment.rejected(reason, now),
        };
        self.change(&attachment, &next, now).await
    }

    /// The change was refused: either somebody else settled it, or it or its task is gone.
    async fn change(&self, attachment: &Attachment, next: &Attachment, now: Timestamp) -> Result<(), Failure> {
        let keys = attachment.keys();
        match self.store.change_attachment(&self.permit, attachment, next, now).await {
            Err(WriteError::Refused(Refusal::AttachmentChanged)) => {
                let is_gone = self.store.task(keys.user, keys.task).await?.is_none();
                if is_gone {
                    self.forget(keys).await?;
                    self.empty(keys).await?;
                }
                Err("the attachment was changed by another request".into())
            }
            changed => Ok(changed?),
        }
    }

    /// Removes what was stored of an attachment that is gone.
    async fn forget(&self, keys: ObjectKeys) -> Result<(), Failure> {
        let found = self.store.attachment(keys.user, keys.attachment).await?;
        if found.is_some_and(|attachment| !attachment.is_open()) {
            return Ok(());
        }
        let (file, thumbnail) = (keys.file(), keys.thumbnail());
        let (file, thumbnail) = futures::join!(self.bucket.delete(&file), self.bucket.delete(&thumbnail));
        Ok(file.and(thumbnail)?)
    }

    fn log(&self, attachment: &Attachment, outcome: &Outcome, started: Instant) {
        let mut line = Map::new();
        line.insert("attachment_id".to_owned(), json!(attachment.id));
        line.insert("kind".to_owned(), json!(attachment.card.file_type));
        line.insert("original_bytes".to_owned(), json!(attachment.card.file_size));
        let (ready, rejected) = match outcome {
            Outcome::Ready(stored) => {
                line.insert("stored_bytes".to_owned(), json!(stored.size));
                (1.0, 0.0)
            }
            Outcome::Rejected(reason) => {
                line.insert("reason".to_owned(), json!(reason));
                (0.0, 1.0)
            }
        };
        let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
        let metrics = [
            (Metric::AttachmentReady, ready),
            (Metric::AttachmentRejected, rejected),
            (Metric::OptimizeDuration, duration_ms),
        ];
        telemetry::emit("attachment.looked_at", "INFO", &self.stage, &metrics, line);
    }
}

/// A decoder that panics has met a damaged file.
fn examined(kind: Kind, bytes: &[u8]) -> Result<Processed, Rejection> {
    catch_unwind(AssertUnwindSafe(|| process(kind, bytes))).unwrap_or(Err(Rejection::Damaged))
}

fn decoded(key: &str) -> String {
    let pair = form_urlencoded::parse(key.as_bytes()).next();
    pair.map(|(key, _)| key.into_owned()).unwrap_or_default()
}
