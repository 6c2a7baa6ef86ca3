//! `service-cleanup` after an account's end, and on uploads that were not finished.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use serde_json::json;
use service::cleanup::Cleaner;
use shared::aws::files::Bucket;
use shared::aws::queue::Queue;
use shared::domain::attachment::{Attachment, AttachmentStatus, NewFile};
use shared::domain::reminder::{Reminder, ReminderStatus};
use shared::domain::snooze::Snooze;
use shared::domain::task::{Task, TaskPatch, TaskStatus};
use shared::domain::zone::Zone;
use shared::events::{Failure, Message, QueueFunction};
use shared::messages::CleanUp;
use shared::store::Permit;
use shared::store::counters::CounterSnapshot;
use shared::store::replay::Mode;
use test_support::{Answer, Scripted, World, clock, new_reminder};

/// A bucket without objects.
fn empty() -> Answer {
    Answer::text("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
}

async fn cleaner(world: &World, s3: &Scripted, queue: &Scripted) -> Cleaner {
    Cleaner {
        store: world.store.clone(),
        permit: Permit::of_system(),
        bucket: Bucket::new(&s3.sdk(), "uploads".to_owned()),
        queue: Queue::new(&queue.sdk(), "https://sqs.example.com/cleanups".to_owned()),
    }
}

/// Handles a message that comes for the first time.
async fn handle(cleaner: &Cleaner, body: CleanUp) -> Result<(), Failure> {
    cleaner.handle(Message { body, deliveries: 1 }, clock::now()).await
}

#[tokio::test]
async fn an_account_that_lives_is_never_cleaned_up() {
    let world = World::new().await;
    world.task(json!({"title": "Pay rent"})).await;
    let (s3, queue) = (Scripted::new(vec![empty()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = cleaner(&world, &s3, &queue).await;
    handle(&cleaner, CleanUp::Account { user_id: world.user.id }).await.unwrap();
    assert_eq!(world.count("TASK#").await, 1);
    assert!(s3.asked().is_empty());
}

#[tokio::test]
async fn all_rows_of_a_deleted_account_go_however_often_the_message_comes() {
    let world = World::new().await;
    for number in 0..30 {
        world.task(json!({"title": format!("Task {number}")})).await;
    }
    world.delete_account().await;
    let (s3, queue) = (Scripted::new(vec![empty()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = cleaner(&world, &s3, &queue).await;
    for _ in 0..2 {
        handle(&cleaner, CleanUp::Account { user_id: world.user.id }).await.unwrap();
        assert_eq!(world.count("").await, 0);
    }
    assert!(queue.asked().is_empty(), "nothing is left to another message");
    let listed = |prefix: &str| s3.asked().iter().any(|asked| asked.path.contains(prefix));
    assert!(listed("exports") && listed("files") && listed("raw"));
}

#[tokio::test]
async fn the_occurrences_of_a_deleted_task_go_and_those_of_others_stay() {
    let world = World::new().await;
    let recurrence = json!({"rrule": "FREQ=DAILY", "anchor": "due"});
    let body = json!({"title": "Water the ferns", "dueDate": "2031-03-01T09:00:00Z", "recurrence": recurrence});
    let (task, other) = (world.task(body.clone()).await, world.task(body).await);
    for (task, times) in [(&task, 30), (&other, 1)] {
        for _ in 0..times {
            let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
            let skipped = row.task.skip(None, clock::now()).unwrap();
            world.store.update_task(&world.permit(), &row, &skipped).await.unwrap();
        }
    }
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world.store.delete_task(&world.permit(), &row, clock::now()).await.unwrap();
    assert_eq!(world.count("OCC#").await, 31);
    let (s3, queue) = (Scripted::new(vec![empty()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = cleaner(&world, &s3, &queue).await;
    for _ in 0..2 {
        handle(&cleaner, CleanUp::Task { user_id: world.user.id, task_id: task.id }).await.unwrap();
        assert_eq!(world.count("OCC#").await, 1);
    }
}

#[tokio::test]
async fn what_was_counted_of_an_account_goes_with_it() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent", "category": "Home"})).await;
    let mut done = new_reminder(&task, Duration::from_secs(3600));
    done.status = ReminderStatus::Completed;
    world.store.create_reminder(&world.permit(), &done).await.unwrap();
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    let complete = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
    world
        .store
        .update_task(&world.permit(), &row, &row.task.change(complete, &Zone::UTC, clock::now()).unwrap())
        .await
        .unwrap();
    for kind in ["COUNTERS", "CATEGORY#", "DAYS#", "STREAK#", "INBOX", "NTF#", "MAIL#"] {
        assert_eq!(world.count(kind).await, 1, "{kind}");
    }
    world.delete_account().await;
    let (s3, queue) = (Scripted::new(vec![empty()]).await, Scripted::new(vec![Answer::ok()]).await);
    handle(&cleaner(&world, &s3, &queue).await, CleanUp::Account { user_id: world.user.id }).await.unwrap();
    assert_eq!(world.count("").await, 0);
}

#[tokio::test]
async fn a_bucket_that_is_down_has_the_message_come_again() {
    let world = World::new().await;
    world.delete_account().await;
    let (s3, queue) = (Scripted::new(vec![Answer::broken()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = cleaner(&world, &s3, &queue).await;
    assert!(handle(&cleaner, CleanUp::Account { user_id: world.user.id }).await.is_err());
}

/// An attachment that was announced so long ago.
async fn announced(world: &World, task: &Task, ago: Duration) -> Attachment {
    let at = clock::now().minus(ago);
    let file = NewFile::parse("files[0]", "beach.jpg", "image/jpeg", 900).unwrap();
    let announced = Attachment::announced(world.user.id, task.id, file, at);
    let of = (announced.user_id, announced.task_id);
    let one = std::slice::from_ref(&announced);
    world.store.create_attachments(&world.permit(), of, one, 10_000, at).await.unwrap();
    announced
}

/// What is left of the attachments after each was cleaned up twice: their statuses, and the bytes that are counted.
async fn after_clean_up(world: &World, attachments: &[&Attachment]) -> (Vec<Option<AttachmentStatus>>, u64) {
    let (s3, queue) = (Scripted::new(vec![Answer::ok()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = cleaner(world, &s3, &queue).await;
    let mut left = Vec::new();
    for attachment in attachments {
        let message = CleanUp::Unfinished { user_id: attachment.user_id, attachment_id: attachment.id };
        for _ in 0..2 {
            handle(&cleaner, message.clone()).await.unwrap();
        }
        let row = world.store.attachment(attachment.user_id, attachment.id).await.unwrap();
        let task = world.store.task(attachment.user_id, attachment.task_id).await.unwrap().unwrap().task;
        let card = task.attachments.get(&attachment.id);
        assert_eq!(row.as_ref().map(|row| &row.card), card, "row and card differ");
        left.push(row.map(|row| row.card.status));
    }
    let counted =
        world.store.replay(&Permit::of_system(), world.user.id, Mode::Compare, clock::now()).await.unwrap().unwrap();
    assert!(counted.differences.is_empty(), "the counters count them right: {:?}", counted.differences);
    let rows = world.store.attachments_of_user(world.user.id).await.unwrap();
    (left, rows.iter().map(|row| row.card.counted_bytes).sum())
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn what_was_announced_and_never_uploaded_is_forgotten_after_a_day() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let (old, young) = (announced(&world, &task, HOUR * 25).await, announced(&world, &task, HOUR * 23).await);
    let left = after_clean_up(&world, &[&old, &young]).await;
    assert_eq!(left, (vec![None, Some(AttachmentStatus::Pending)], 900));
}

#[tokio::test]
async fn what_has_been_looked_at_for_too_long_is_shown_as_rejected() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let mut looked_at = Vec::new();
    for ago in [HOUR, HOUR / 2] {
        let attachment = announced(&world, &task, ago).await;
        let since = clock::now().minus(ago);
        let next = attachment.processing(since);
        world.store.change_attachment(&world.permit(), &attachment, &next, since).await.unwrap();
        looked_at.push(next);
    }
    let left = after_clean_up(&world, &looked_at.iter().collect::<Vec<_>>()).await;
    assert_eq!(left, (vec![Some(AttachmentStatus::Rejected), Some(AttachmentStatus::Processing)], 900));
}

#[tokio::test]
async fn what_is_unfinished_of_a_task_that_is_gone_is_left_to_the_task_s_own_clean_up() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let old = announced(&world, &task, HOUR * 25).await;
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world.store.delete_task(&world.permit(), &row, clock::now()).await.unwrap();
    let (s3, queue) = (Scripted::new(vec![Answer::ok()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = cleaner(&world, &s3, &queue).await;
    handle(&cleaner, CleanUp::Unfinished { user_id: old.user_id, attachment_id: old.id }).await.unwrap();
    handle(&cleaner, CleanUp::Task { user_id: old.user_id, task_id: old.task_id }).await.unwrap();
    assert_eq!(world.count("ATT#").await, 0);
    assert_eq!(s3.asked().len(), 3, "its three objects are deleted");
}

/// A reminder of the task that has fired, and was put off: what it counted is a row of its own.
async fn put_off(world: &World, task: &Task) -> Reminder {
    let user = world.store.user(world.user.id).await.unwrap().unwrap();
    let reminder = world.reminder(task, HOUR * 3).await;
    let fired = test_support::fired(&reminder, task, &user);
    world.store.fire_reminder(&Permit::of_system(), &user, &fired).await.unwrap();
    let fired = world.store.reminder(user.id, reminder.id).await.unwrap().unwrap();
    let snoozed = fired.snooze(Snooze::Until(clock::now().plus(HOUR * 5)), clock::now()).unwrap();
    world.store.snooze_reminder(&world.permit(), &snoozed).await.unwrap();
    world.store.reminder(user.id, reminder.id).await.unwrap().unwrap()
}

/// The completed reminders that the user's counters hold, and the rows of completions.
async fn completed(world: &World) -> (u64, usize) {
    let (totals, _) = world.store.totals(world.user.id, clock::now()).await.unwrap().unwrap();
    (totals.completed, world.count("DONE#").await)
}

#[tokio::test]
async fn what_a_deleted_reminder_or_task_counted_before_it_was_put_off_is_taken_back() {
    let world = World::new().await;
    let (user, now) = (world.user.id, clock::now());
    let (s3, queue) = (Scripted::new(vec![Answer::ok()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = cleaner(&world, &s3, &queue).await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let deleted = put_off(&world, &task).await;
    put_off(&world, &task).await;
    world.store.delete_reminder(&world.permit(), &deleted, &CounterSnapshot::default(), now).await.unwrap();
    assert_eq!(completed(&world).await, (2, 2));
    for _ in 0..2 {
        let message = CleanUp::Reminder { user_id: user, task_id: task.id, reminder_id: deleted.id };
        handle(&cleaner, message).await.unwrap();
        assert_eq!(completed(&world).await, (1, 1));
    }
    let row = world.store.task(user, task.id).await.unwrap().unwrap();
    world.store.delete_task(&world.permit(), &row, now).await.unwrap();
    assert_eq!(completed(&world).await, (1, 1));
    for _ in 0..2 {
        handle(&cleaner, CleanUp::Task { user_id: user, task_id: task.id }).await.unwrap();
        assert_eq!(completed(&world).await, (0, 0));
    }
    let replay = world.store.replay(&Permit::of_system(), user, Mode::Compare, now).await.unwrap().unwrap();
    assert!(replay.is_clean(), "{replay:?}");
}

#[tokio::test]
async fn what_was_restored_before_its_clean_up_began_keeps_all_that_it_has() {
    let world = World::new().await;
    let user = world.user.id;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let (reminder, attachment) = (put_off(&world, &task).await, announced(&world, &task, HOUR).await);
    let (s3, queue) = (Scripted::new(vec![Answer::ok()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = cleaner(&world, &s3, &queue).await;
    let rows = world.count("").await;
    for message in [
        CleanUp::Task { user_id: user, task_id: task.id },
        CleanUp::Reminder { user_id: user, task_id: task.id, reminder_id: reminder.id },
        CleanUp::Attachment { user_id: user, task_id: task.id, attachment_id: attachment.id },
    ] {
        handle(&cleaner, message).await.unwrap();
    }
    assert_eq!(world.count("").await, rows);
    assert_eq!(completed(&world).await, (1, 1));
    assert!(s3.asked().is_empty(), "its file stays");
}
