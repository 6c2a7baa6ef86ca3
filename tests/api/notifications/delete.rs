//! `DELETE /api/notifications/{id}`

use crate::support::{App, id};

#[tokio::test]
async fn a_deleted_notification_is_gone() {
    let user = App::new().user().await;
    for title in ["First", "Second"] {
        let task = user.task(title).await;
        user.complete(&task).await;
    }
    let notifications = user.notifications().await;
    let path = format!("/api/notifications/{}", id(&notifications[0]));
    user.delete(&path).await.expect(200).saying("Notification deleted successfully");
    user.delete(&path).await.expect_error(404, "NOT_FOUND").saying("Notification not found");
    user.read(&notifications[0]).await.expect_error(404, "NOT_FOUND");
    assert_eq!(user.notifications().await, notifications[1..]);
    assert_eq!(user.unread().await, 1);
}
