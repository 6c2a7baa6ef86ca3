//! `service-cleanup` comparing the bucket with the table.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use service::cleanup::Cleaner;
use shared::aws::files::Bucket;
use shared::aws::queue::Queue;
use shared::clock::Timestamp;
use shared::domain::attachment::{Attachment, AttachmentStatus, LOST, NewFile, ObjectKeys, Stored};
use shared::domain::task::Task;
use shared::events::{Failure, Message, QueueFunction};
use shared::id::{AttachmentId, TaskId, UserId};
use shared::messages::CleanUp;
use shared::store::Permit;
use test_support::{Answer, Asked, Scripted, World, clock};
use url::Url;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The objects of a bucket and when they were put there.
type Objects = Arc<Mutex<BTreeMap<String, Timestamp>>>;

/// A table, a bucket that gives so many objects a page, and the cleaner between them.
struct Scene {
    world: World,
    objects: Objects,
    s3: Scripted,
    queue: Scripted,
    cleaner: Cleaner,
}

async fn scene(page: usize) -> Scene {
    let world = World::new().await;
    let objects = Objects::default();
    let bucket = Arc::clone(&objects);
    let s3 = Scripted::answering(move |_, asked| answer(&mut bucket.lock().unwrap(), asked, page)).await;
    let queue = Scripted::new(vec![Answer::ok()]).await;
    let cleaner = Cleaner {
        store: world.store.clone(),
        permit: Permit::of_system(),
        bucket: Bucket::new(&s3.sdk(), "uploads".to_owned()),
        queue: Queue::new(&queue.sdk(), "https://sqs.example.com/cleanups".to_owned()),
    };
    Scene { world, objects, s3, queue, cleaner }
}

/// Lists or deletes, as S3 does.
fn answer(objects: &mut BTreeMap<String, Timestamp>, asked: &Asked, page: usize) -> Answer {
    let url = Url::parse("http://bucket").unwrap().join(&asked.path).unwrap();
    let given = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let Some(prefix) = given("prefix") else {
        let key = url.path().trim_start_matches("/uploads/");
        assert!(objects.remove(key).is_some(), "{key} is deleted, and was not there");
        return Answer::ok();
    };
    let after = given("start-after").unwrap_or_default();
    let listed: Vec<_> = objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > after).collect();
    let mut xml = format!("<ListBucketResult><IsTruncated>{}</IsTruncated>", listed.len() > page);
    for (key, modified) in listed.into_iter().take(page) {
        write!(xml, "<Contents><Key>{key}</Key><LastModified>{modified}</LastModified></Contents>").unwrap();
    }
    Answer::text(&(xml + "</ListBucketResult>"))
}

fn days_ago(days: u32) -> Timestamp {
    clock::now().minus(DAY * days)
}

/// Handles a message that comes for the first time.
async fn handle(cleaner: &Cleaner, body: CleanUp) -> Result<(), Failure> {
    cleaner.handle(Message { body, deliveries: 1 }, clock::now()).await
}

impl Scene {
    /// A picture that was made ready so long ago; its objects are not put anywhere.
    async fn ready(&self, task: &Task, at: Timestamp) -> Attachment {
        let (store, permit) = (&self.world.store, self.world.permit());
        let file = NewFile::parse("files[0]", "beach.jpg", "image/jpeg", 900).unwrap();
        let announced = Attachment::announced(self.world.user.id, task.id, file, at);
        let (of, quota) = ((announced.user_id, announced.task_id), 10_000);
        store.create_attachments(&permit, of, std::slice::from_ref(&announced), quota, at).await.unwrap();
        let stored = Stored { kind: announced.kind().unwrap(), size: 300, pixels: Some((40, 30)) };
        let ready = announced.ready(&stored, at);
        store.change_attachment(&permit, &announced, &ready, at).await.unwrap();
        ready
    }

    fn put(&self, key: String, at: Timestamp) {
        self.objects.lock().unwrap().insert(key, at);
    }

    fn put_all(&self, keys: ObjectKeys, at: Timestamp) {
        self.put(keys.file(), at);
        self.put(keys.thumbnail(), at);
    }

    fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    async fn status(&self, attachment: &Attachment) -> AttachmentStatus {
        let row = self.world.store.attachment(attachment.user_id, attachment.id).await.unwrap();
        row.unwrap().card.status
    }

    async fn counted(&self) -> u64 {
        let rows = self.world.store.attachments_of_user(self.world.user.id).await.unwrap();
        rows.iter().map(|row| row.card.counted_bytes).sum()
    }

    async fn reconcile(&self) {
        handle(&self.cleaner, CleanUp::Reconcile { after: None }).await.unwrap();
    }
}

fn nobodys() -> ObjectKeys {
    ObjectKeys { user: UserId::new(), task: TaskId::new(), attachment: AttachmentId::new() }
}

#[tokio::test]
async fn files_and_rows_that_fit_are_left_alone() {
    let scene = scene(1000).await;
    let task = scene.world.task(json!({"title": "Pay rent"})).await;
    let ready = scene.ready(&task, days_ago(3)).await;
    scene.put_all(ready.keys(), days_ago(3));
    for unrelated in ["exports/x/y", "raw/x/y/z", "files/no-key-of-ours"] {
        scene.put(unrelated.to_owned(), days_ago(9));
    }
    let before = scene.keys();
    scene.reconcile().await;
    assert_eq!(scene.keys(), before);
    assert_eq!((scene.status(&ready).await, scene.counted().await), (AttachmentStatus::Ready, 300));
}

#[tokio::test]
async fn a_file_without_a_row_goes_when_it_has_lain_for_a_day() {
    let scene = scene(1000).await;
    let task = scene.world.task(json!({"title": "Pay rent"})).await;
    let ready = scene.ready(&task, days_ago(3)).await;
    scene.put_all(ready.keys(), days_ago(3));
    let of_this_user = ObjectKeys { attachment: AttachmentId::new(), ..ready.keys() };
    let of_another_task = ObjectKeys { task: TaskId::new(), ..ready.keys() };
    for old in [nobodys(), of_this_user, of_another_task] {
        scene.put_all(old, days_ago(2));
    }
    let young = nobodys();
    scene.put_all(young, days_ago(0));
    scene.reconcile().await;
    let mut left: Vec<String> = [ready.keys(), young].iter().flat_map(|keys| [keys.file(), keys.thumbnail()]).collect();
    left.sort();
    assert_eq!(scene.keys(), left);
}

#[tokio::test]
async fn what_is_still_looked_at_keeps_its_files_and_what_was_rejected_does_not() {
    let scene = scene(1000).await;
    let task = scene.world.task(json!({"title": "Pay rent"})).await;
    let (store, permit, at) = (&scene.world.store, scene.world.permit(), days_ago(2));
    let mut kept = Vec::new();
    for rejected in [false, true] {
        let file = NewFile::parse("files[0]", "beach.jpg", "image/jpeg", 900).unwrap();
        let announced = Attachment::announced(scene.world.user.id, task.id, file, at);
        let of = (announced.user_id, announced.task_id);
        store.create_attachments(&permit, of, std::slice::from_ref(&announced), 10_000, at).await.unwrap();
        let next = if rejected { announced.rejected("no", at) } else { announced.processing(at) };
        store.change_attachment(&permit, &announced, &next, at).await.unwrap();
        scene.put_all(next.keys(), at);
        kept.extend((!rejected).then(|| [next.keys().file(), next.keys().thumbnail()]));
    }
    scene.reconcile().await;
    assert_eq!(scene.keys(), kept.concat());
}

#[tokio::test]
async fn a_row_whose_file_is_gone_is_shown_as_rejected_and_its_bytes_given_back_once() {
    let scene = scene(1000).await;
    let task = scene.world.task(json!({"title": "Pay rent"})).await;
    let whole = scene.ready(&task, days_ago(3)).await;
    scene.put_all(whole.keys(), days_ago(3));
    let lost = scene.ready(&task, days_ago(3)).await;
    scene.put(lost.keys().thumbnail(), days_ago(3));
    let young = scene.ready(&task, days_ago(0)).await;
    for _ in 0..2 {
        scene.reconcile().await;
        let statuses = [scene.status(&whole).await, scene.status(&lost).await, scene.status(&young).await];
        assert_eq!(statuses, [AttachmentStatus::Ready, AttachmentStatus::Rejected, AttachmentStatus::Ready]);
        assert_eq!(scene.counted().await, 600);
    }
    let row = scene.world.store.attachment(lost.user_id, lost.id).await.unwrap().unwrap();
    assert_eq!(row.card.rejection_reason.as_deref(), Some(LOST));
    let shown = scene.world.store.task(task.user_id, task.id).await.unwrap().unwrap().task;
    assert_eq!(shown.attachments[&lost.id].status, AttachmentStatus::Rejected);
    // The next look takes what was left of it.
    assert_eq!(scene.keys(), [whole.keys().file(), whole.keys().thumbnail()]);
}

#[tokio::test]
async fn a_long_listing_is_gone_through_whole_however_its_pages_cut_it() {
    for page in [1, 2, 3, 7] {
        let scene = scene(page).await;
        let task = scene.world.task(json!({"title": "Pay rent"})).await;
        let mut kept = Vec::new();
        for _ in 0..4 {
            let ready = scene.ready(&task, days_ago(3)).await;
            scene.put_all(ready.keys(), days_ago(3));
            kept.extend([ready.keys().file(), ready.keys().thumbnail()]);
        }
        for _ in 0..9 {
            scene.put_all(nobodys(), days_ago(2));
        }
        let mut messages = vec![CleanUp::Reconcile { after: None }];
        let mut handed_on = 0;
        while let Some(message) = messages.pop() {
            handle(&scene.cleaner, message).await.unwrap();
            let sent = scene.queue.bodies();
            let next = sent.iter().skip(handed_on).map(|body| body["MessageBody"].as_str().unwrap());
            messages.extend(next.map(|body| serde_json::from_str::<CleanUp>(body).unwrap()));
            handed_on = sent.len();
            assert!(handed_on < 20, "it does not end");
        }
        assert_eq!(scene.keys(), kept, "{page} a page");
        assert!(handed_on > 0 || page > 3, "{page} a page: it takes more than one message");
    }
}

#[tokio::test]
async fn a_bucket_that_is_down_has_the_reconciliation_come_again() {
    let world = World::new().await;
    let (s3, queue) = (Scripted::new(vec![Answer::broken()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = Cleaner {
        store: world.store.clone(),
        permit: Permit::of_system(),
        bucket: Bucket::new(&s3.sdk(), "uploads".to_owned()),
        queue: Queue::new(&queue.sdk(), "https://sqs.example.com/cleanups".to_owned()),
    };
    assert!(handle(&cleaner, CleanUp::Reconcile { after: None }).await.is_err());
    assert!(!s3.asked().is_empty());
}

#[tokio::test]
async fn users_are_compared_with_one_query_each() {
    let scene = scene(1000).await;
    let task = scene.world.task(json!({"title": "Pay rent"})).await;
    for _ in 0..3 {
        let ready = scene.ready(&task, days_ago(3)).await;
        scene.put_all(ready.keys(), days_ago(3));
    }
    scene.world.store.meter().take();
    scene.reconcile().await;
    let spent = scene.world.store.meter().take();
    assert_eq!((spent.calls, spent.write_units), (1, 0.0));
    assert_eq!(scene.s3.asked().len(), 1);
}
