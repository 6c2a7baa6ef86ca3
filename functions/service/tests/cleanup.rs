//! `service-cleanup` after an account's end.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use serde_json::json;
use service::cleanup::Cleaner;
use shared::aws::files::Bucket;
use shared::aws::queue::{CleanUp, Queue};
use shared::clock::Timestamp;
use shared::domain::reminder::ReminderStatus;
use shared::domain::task::{TaskPatch, TaskStatus};
use shared::domain::zone::Zone;
use world::{Answer, Scripted, World, new_reminder};

/// A bucket without objects.
fn empty() -> Answer {
    Answer::text("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
}

async fn cleaner(world: &World, s3: &Scripted, queue: &Scripted) -> Cleaner {
    Cleaner {
        store: world.store.clone(),
        bucket: Bucket::new(&s3.sdk(), "uploads".to_owned()),
        queue: Queue::new(&queue.sdk(), "https://sqs.example.com/cleanups".to_owned()),
    }
}

#[tokio::test]
async fn an_account_that_lives_is_never_cleaned_up() {
    let world = World::new().await;
    world.task(json!({"title": "Pay rent"})).await;
    let (s3, queue) = (Scripted::new(vec![empty()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = cleaner(&world, &s3, &queue).await;
    cleaner.handle(CleanUp::Account { user_id: world.user.id }).await.unwrap();
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
        cleaner.handle(CleanUp::Account { user_id: world.user.id }).await.unwrap();
        assert_eq!(world.count("").await, 0);
    }
    assert!(queue.asked().is_empty(), "nothing is left to another message");
    let listed = |prefix: &str| s3.asked().iter().any(|asked| asked.path.contains(prefix));
    assert!(listed("exports") && listed("files") && listed("raw"));
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
    world.store.update_task(&world.permit(), row, complete, &Zone::UTC, Timestamp::now()).await.unwrap();
    for kind in ["COUNTERS", "CATEGORY#", "DAYS#", "STREAK#", "INBOX", "NTF#", "MAIL#"] {
        assert_eq!(world.count(kind).await, 1, "{kind}");
    }
    world.delete_account().await;
    let (s3, queue) = (Scripted::new(vec![empty()]).await, Scripted::new(vec![Answer::ok()]).await);
    cleaner(&world, &s3, &queue).await.handle(CleanUp::Account { user_id: world.user.id }).await.unwrap();
    assert_eq!(world.count("").await, 0);
}

#[tokio::test]
async fn a_bucket_that_is_down_has_the_message_come_again() {
    let world = World::new().await;
    world.delete_account().await;
    let (s3, queue) = (Scripted::new(vec![Answer::broken()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = cleaner(&world, &s3, &queue).await;
    assert!(cleaner.handle(CleanUp::Account { user_id: world.user.id }).await.is_err());
}
