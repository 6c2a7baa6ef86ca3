//! `service-cleanup` after an account's end.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use serde_json::json;
use service::cleanup::Cleaner;
use shared::aws::files::Bucket;
use shared::aws::queue::{CleanUp, Queue};
use shared::clock::Timestamp;
use world::{Answer, Scripted, World};

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

async fn delete_account(world: &World) {
    let now = Timestamp::now();
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    world.store.delete_account(&read, world.session.id, now).await.unwrap();
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
    delete_account(&world).await;
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
async fn a_bucket_that_is_down_has_the_message_come_again() {
    let world = World::new().await;
    delete_account(&world).await;
    let (s3, queue) = (Scripted::new(vec![Answer::broken()]).await, Scripted::new(vec![Answer::ok()]).await);
    let cleaner = cleaner(&world, &s3, &queue).await;
    assert!(cleaner.handle(CleanUp::Account { user_id: world.user.id }).await.is_err());
}
