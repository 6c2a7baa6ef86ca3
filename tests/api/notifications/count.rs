//! `GET /api/notifications/count`

use serde_json::json;

use crate::support::{App, eventually};

#[tokio::test]
async fn it_is_what_the_list_shows_unread() {
    let user = App::new().user().await;
    let answer = user.get("/api/notifications/count").await.expect(200);
    assert_eq!(*answer.data(), json!({"count": 0}));
    for title in ["First", "Second", "Third"] {
        let task = user.task(title).await;
        user.complete(&task).await;
    }
    assert_eq!(user.unread().await, 3);
    let notifications = user.notifications().await;
    user.read(&notifications[1]).await.expect(200);
    assert_eq!(user.unread().await, 2);
    user.delete(&format!("/api/notifications/{}", crate::support::id(&notifications[0]))).await.expect(200);
    assert_eq!(user.unread().await, 1);
}

#[tokio::test]
async fn a_deleted_task_takes_its_notifications_out_of_list_and_count() {
    let user = App::new().user().await;
    let (task, other) = (user.task("Water the ferns").await, user.task("Call").await);
    user.complete(&task).await;
    user.complete(&other).await;
    assert_eq!(user.unread().await, 2);
    user.delete_task(&task).await.expect(200);
    eventually("the notification is gone", async || (user.notifications().await.len() == 1).then_some(())).await;
    assert_eq!(user.unread().await, 1);
}
