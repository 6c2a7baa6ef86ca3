//! `PATCH /api/notifications/{id}/read`

use serde_json::json;

use crate::support::{App, id};

#[tokio::test]
async fn a_notification_that_was_read_says_so_and_shows_its_task() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    user.complete(&task).await;
    let before = user.notifications().await.remove(0);
    let answer = user.read(&before).await.expect(200).saying("Notification marked as read");
    let read = &answer.data()["notification"];
    assert_eq!((&read["id"], &read["isRead"]), (&before["id"], &json!(true)));
    assert_eq!(read["task"], json!({"id": id(&task), "title": "Water the ferns"}));
    assert_eq!(user.notifications().await.first(), Some(read));
}

#[tokio::test]
async fn reading_it_again_changes_nothing() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    user.complete(&task).await;
    let notification = user.notifications().await.remove(0);
    for _ in 0..3 {
        user.read(&notification).await.expect(200);
        assert_eq!(user.unread().await, 0);
    }
}

#[tokio::test]
async fn reading_one_many_times_at_once_counts_it_once() {
    let user = App::new().user().await;
    for title in ["First", "Second"] {
        let task = user.task(title).await;
        user.complete(&task).await;
    }
    let notification = user.notifications().await.remove(0);
    let reads = std::iter::repeat_with(|| {
        let (client, notification) = ((*user).clone(), notification.clone());
        tokio::spawn(async move { client.read(&notification).await.expect(200) })
    });
    for read in reads.take(6).collect::<Vec<_>>() {
        read.await.expect("it answers");
    }
    assert_eq!(user.unread().await, 1);
}
