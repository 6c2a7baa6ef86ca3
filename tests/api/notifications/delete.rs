//! `DELETE /api/notifications/{id}`

use serde_json::json;

use crate::support::{App, PASSWORD, id};

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

#[tokio::test]
async fn a_security_notice_stays_and_can_be_read() {
    let user = App::new().user().await;
    user.post("/api/user/enabled-2fa", json!({"is_Enabled": true})).await.expect(200);
    let task = user.task("Water the ferns").await;
    user.complete(&task).await;
    let [completed, notice] = user.notifications().await.try_into().expect("two notifications");
    assert_eq!((&notice["security"], &completed["security"]), (&json!(true), &json!(false)));
    let delete = |one: &serde_json::Value| user.delete(&format!("/api/notifications/{}", id(one)));
    let refused = delete(&notice).await.expect_error(409, "SECURITY_NOTICE");
    refused.saying("Security notices can be deleted after 7 days");
    delete(&completed).await.expect(200);
    user.read(&notice).await.expect(200);
    assert_eq!(user.unread().await, 0);
    assert_eq!(id(&user.notifications().await[0]), id(&notice));
}

#[tokio::test]
async fn a_changed_password_leaves_a_notice_that_stays() {
    let user = App::new().user().await;
    let change = json!({"currentPassword": PASSWORD, "newPassword": "Harbour-77-gull"});
    user.post("/api/user/change-password", change).await.expect(200);
    let [notice] = user.notifications().await.try_into().expect("one notification");
    assert_eq!((&notice["title"], &notice["security"]), (&json!("Security Alert"), &json!(true)));
    let refused = user.delete(&format!("/api/notifications/{}", id(&notice))).await;
    refused.expect_error(409, "SECURITY_NOTICE");
}
