//! The optimizer when S3 tells twice, late, of what is gone; when it is killed; when S3 fails.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::num::NonZeroU32;

use attachments::optimize::{Optimizer, Uploaded};
use serde_json::{Value, json};
use shared::aws::files::Bucket;
use shared::aws::queue::Queue;
use shared::domain::attachment::{Attachment, AttachmentStatus, GAVE_UP, NewFile};
use shared::events::{Failure, Message, QueueFunction};
use shared::id::AttachmentId;
use shared::store::Permit;
use test_support::{Answer, Scripted, World, clock};

const MAX_RECEIVES: u32 = 4;
const MAX_PER_USER: u32 = 4;
const HELLO: &str = "hello";

struct Uploads {
    world: World,
    s3: Scripted,
    sqs: Scripted,
    optimizer: Optimizer,
    attachment: Attachment,
}

/// An announced text of five bytes, and an S3 that answers so, the last for ever.
async fn uploads(answers: Vec<Answer>) -> Uploads {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let file = NewFile::parse("file", "notes.txt", "text/plain", 5).unwrap();
    let attachment = Attachment::announced(world.user.id, task.id, file, clock::now());
    let (of, only) = ((world.user.id, task.id), std::slice::from_ref(&attachment));
    world.store.create_attachments(&world.permit(), of, only, 1000, clock::now()).await.unwrap();
    let (s3, sqs) = (Scripted::new(answers).await, Scripted::new(vec![Answer::ok()]).await);
    let optimizer = Optimizer {
        store: world.store.clone(),
        permit: Permit::of_system(),
        bucket: Bucket::new(&s3.sdk(), "uploads".to_owned()),
        queue: Queue::new(&sqs.sdk(), format!("{}/upload", sqs.endpoint())),
        max_per_user: NonZeroU32::new(MAX_PER_USER).unwrap(),
        stage: "test".to_owned(),
        max_receives: NonZeroU32::new(MAX_RECEIVES).unwrap(),
    };
    Uploads { world, s3, sqs, optimizer, attachment }
}

impl Uploads {
    async fn told_of(&self, key: &str, deliveries: u32) -> Result<(), Failure> {
        self.told_of_bytes(key, HELLO.len(), deliveries).await
    }

    async fn told_of_bytes(&self, key: &str, size: usize, deliveries: u32) -> Result<(), Failure> {
        let event = json!({"Records": [{"s3": {"object": {"key": key, "size": size}}}]});
        self.told_by(event, deliveries).await
    }

    async fn told_by(&self, event: Value, deliveries: u32) -> Result<(), Failure> {
        let body: Uploaded = serde_json::from_value(event).unwrap();
        self.optimizer.handle(Message { body, deliveries }, clock::now()).await
    }

    /// So many others of the user's files are being processed.
    async fn others_are_processed(&self, count: u32) {
        for _ in 0..count {
            let file = (self.world.user.id, AttachmentId::new());
            let permit = Permit::of_system();
            assert!(self.world.store.take_place(&permit, file, MAX_PER_USER, clock::now()).await.unwrap());
        }
    }

    /// The messages that were put off, and by how many seconds.
    fn put_off(&self) -> Vec<(Value, u64)> {
        let message = |body: Value| {
            let text = body.get("MessageBody").and_then(Value::as_str).unwrap();
            let delay = body.get("DelaySeconds").and_then(Value::as_u64).unwrap_or_default();
            (serde_json::from_str(text).unwrap(), delay)
        };
        self.sqs.bodies().into_iter().map(message).collect()
    }

    async fn told(&self, deliveries: u32) -> Result<(), Failure> {
        self.told_of(&self.attachment.keys().raw(), deliveries).await
    }

    async fn now(&self) -> Attachment {
        self.world.store.attachment(self.world.user.id, self.attachment.id).await.unwrap().unwrap()
    }

    /// What S3 was asked to do, in order, and below which prefix.
    fn asked(&self) -> Vec<String> {
        let of = |path: &str| {
            let operation = path.split("x-id=").nth(1).unwrap_or(path);
            format!("{operation} {}", if path.contains("/raw/") { "raw" } else { "files" })
        };
        self.s3.asked().iter().map(|asked| of(&asked.path)).collect()
    }
}

fn hello() -> Answer {
    Answer::text(HELLO)
}

fn done() -> Answer {
    Answer::text("")
}

#[tokio::test]
async fn a_file_is_stored_once_however_often_s3_tells_of_it() {
    let uploads = uploads(vec![hello(), done()]).await;
    uploads.told(1).await.unwrap();
    let ready = uploads.now().await;
    assert_eq!((ready.card.status, ready.card.file_size), (AttachmentStatus::Ready, 5));
    assert_eq!(
        uploads.asked(),
        ["GetObject raw", "PutObject files", "PutObject raw"],
        "the raw object is emptied last"
    );
    for _ in 0..2 {
        uploads.told(1).await.unwrap();
    }
    let again = uploads.asked().into_iter().skip(3).collect::<Vec<_>>();
    assert_eq!(again, ["PutObject raw", "PutObject raw"], "what came again is emptied and nothing else done");
    assert_eq!(uploads.now().await, ready);
}

#[tokio::test]
async fn the_object_that_it_emptied_starts_nothing() {
    let uploads = uploads(vec![hello(), done()]).await;
    let raw = uploads.attachment.keys().raw();
    uploads.world.store.meter().take();
    uploads.told_of_bytes(&raw, 0, 1).await.unwrap();
    assert!(uploads.asked().is_empty());
    assert_eq!(uploads.world.store.meter().take().calls, 0);
    assert_eq!(uploads.now().await.card.status, AttachmentStatus::Pending);
}

#[tokio::test]
async fn what_nobody_announced_is_emptied_and_what_is_not_ours_left_alone() {
    let uploads = uploads(vec![done()]).await;
    uploads.told_of("raw/somebody/else", 1).await.unwrap();
    uploads.told_of("exports/x.json", 1).await.unwrap();
    assert!(uploads.asked().is_empty());
    let (known, unknown) = (uploads.attachment.id.to_string(), shared::id::AttachmentId::new().to_string());
    uploads.told_of(&uploads.attachment.keys().raw().replace(&known, &unknown), 1).await.unwrap();
    assert_eq!(uploads.asked(), ["PutObject raw"]);
    let test: Uploaded = serde_json::from_value(json!({"Service": "Amazon S3", "Event": "s3:TestEvent"})).unwrap();
    uploads.optimizer.handle(Message { body: test, deliveries: 1 }, clock::now()).await.unwrap();
}

#[tokio::test]
async fn an_object_that_is_gone_is_nothing_to_do_though_s3_says_403_for_it() {
    let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let missing = "<Error><Code>NoSuchKey</Code><Message>The key does not exist</Message></Error>";
    for answer in [Answer::denied(denied), Answer::missing(json!(missing))] {
        let uploads = uploads(vec![answer]).await;
        uploads.told(MAX_RECEIVES).await.unwrap();
        assert_eq!(uploads.asked(), ["GetObject raw"]);
        assert_eq!(uploads.now().await.card.status, AttachmentStatus::Pending, "the sweep settles it");
    }
}

#[tokio::test]
async fn a_file_of_a_deleted_attachment_is_not_stored() {
    let uploads = uploads(vec![done()]).await;
    let (permit, now) = (uploads.world.permit(), clock::now());
    uploads.world.store.delete_attachment(&permit, &uploads.attachment, now).await.unwrap();
    uploads.told(1).await.unwrap();
    assert_eq!(uploads.asked(), ["PutObject raw"]);
}

#[tokio::test]
async fn a_file_of_a_deleted_task_does_not_stay() {
    let uploads = uploads(vec![hello(), done()]).await;
    let store = &uploads.world.store;
    let row = store.task(uploads.world.user.id, uploads.attachment.task_id).await.unwrap().unwrap();
    store.delete_task(&uploads.world.permit(), &row, clock::now()).await.unwrap();
    assert!(uploads.told(1).await.is_err(), "its row goes with the cleaner; then the message finds none");
    store.delete_attachment_rows(&Permit::of_system(), uploads.world.user.id, &[uploads.attachment.id]).await.unwrap();
    uploads.told(2).await.unwrap();
    assert!(!uploads.asked().contains(&"PutObject files".to_owned()));
    assert_eq!(uploads.asked().last().map(String::as_str), Some("PutObject raw"));
}

#[tokio::test]
async fn a_try_that_ended_half_way_is_made_up_for_by_the_next() {
    let tries = |count| vec![Answer::broken(); count];
    // First the file cannot be stored, then the raw object not emptied: each call is made by the SDK's tries.
    let answers = [vec![hello()], tries(3), vec![hello(), done()], tries(3), vec![done()]].concat();
    let uploads = uploads(answers).await;
    assert!(uploads.told(1).await.is_err());
    assert_eq!(uploads.now().await.card.status, AttachmentStatus::Processing);
    assert!(uploads.told(2).await.is_err());
    let ready = uploads.now().await;
    assert_eq!(ready.card.status, AttachmentStatus::Ready);
    uploads.told(3).await.unwrap();
    assert_eq!(uploads.now().await, ready);
}

#[tokio::test]
async fn after_the_last_try_the_user_sees_it_as_rejected_and_the_message_is_parked() {
    let uploads = uploads(vec![Answer::broken()]).await;
    for deliveries in 1..MAX_RECEIVES {
        assert!(uploads.told(deliveries).await.is_err());
        assert_eq!(uploads.now().await.card.status, AttachmentStatus::Pending);
    }
    assert!(uploads.told(MAX_RECEIVES).await.is_err(), "parked");
    let rejected = uploads.now().await.card;
    assert_eq!((rejected.status, rejected.rejection_reason.as_deref()), (AttachmentStatus::Rejected, Some(GAVE_UP)));
    assert_eq!(rejected.counted_bytes, 0);
}

#[tokio::test]
async fn a_file_of_another_length_than_announced_is_rejected() {
    let uploads = uploads(vec![Answer::text("longer than that"), done()]).await;
    uploads.told(1).await.unwrap();
    let rejected = uploads.now().await.card;
    let reason = "The file is not as large as announced";
    assert_eq!((rejected.status, rejected.rejection_reason.as_deref()), (AttachmentStatus::Rejected, Some(reason)));
    assert_eq!(uploads.asked(), ["GetObject raw", "PutObject raw"]);
}

#[tokio::test]
async fn the_task_shows_what_became_of_it() {
    let uploads = uploads(vec![hello(), done()]).await;
    uploads.told(1).await.unwrap();
    let row = uploads.world.store.task(uploads.world.user.id, uploads.attachment.task_id).await.unwrap().unwrap();
    assert_eq!(row.task.attachments.get(&uploads.attachment.id), Some(&uploads.now().await.card));
}

#[tokio::test]
async fn a_file_is_put_off_while_its_user_has_as_many_in_process_as_may_be() {
    let uploads = uploads(vec![hello(), done()]).await;
    uploads.others_are_processed(MAX_PER_USER).await;
    uploads.told(1).await.unwrap();
    assert_eq!(uploads.now().await.card.status, AttachmentStatus::Pending);
    assert!(uploads.asked().is_empty(), "its bytes are not read");
    let mut event = uploads.put_off().remove(0);
    for delay in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] {
        assert_eq!(event.1, delay);
        uploads.told_by(event.0, 1).await.unwrap();
        event = uploads.put_off().pop().unwrap();
    }
    assert_eq!(uploads.put_off().len(), 10, "then it is processed all the same");
    assert_eq!(uploads.now().await.card.status, AttachmentStatus::Ready);
}

#[tokio::test]
async fn a_file_has_its_place_until_it_is_settled_or_has_failed() {
    let uploads = uploads([vec![Answer::broken(); 3], vec![hello(), done()]].concat()).await;
    uploads.others_are_processed(MAX_PER_USER - 1).await;
    let has_room = async || {
        let (file, permit) = ((uploads.world.user.id, AttachmentId::new()), Permit::of_system());
        let taken = uploads.world.store.take_place(&permit, file, MAX_PER_USER, clock::now()).await.unwrap();
        uploads.world.store.leave_place(&permit, file).await.unwrap();
        taken
    };
    assert!(uploads.told(1).await.is_err());
    assert!(has_room().await, "a file that waits for its next try has none");
    uploads.told(2).await.unwrap();
    assert!(has_room().await);
    assert!(uploads.put_off().is_empty());
}

#[tokio::test]
async fn a_file_that_was_begun_is_not_put_off() {
    // It is read, and cannot be stored.
    let uploads = uploads([vec![hello()], vec![Answer::broken(); 3], vec![hello(), done()]].concat()).await;
    assert!(uploads.told(1).await.is_err());
    assert_eq!(uploads.now().await.card.status, AttachmentStatus::Processing);
    uploads.others_are_processed(MAX_PER_USER).await;
    uploads.told(2).await.unwrap();
    assert_eq!(uploads.now().await.card.status, AttachmentStatus::Ready);
    assert!(uploads.put_off().is_empty());
}
