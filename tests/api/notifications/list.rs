//! `GET /api/notifications`

use serde_json::json;

use crate::support::{App, Client, each, id, instant, names, now};

const PATH: &str = "/api/notifications";

/// Completes tasks of these titles, one after the other.
async fn complete_each(user: &Client, titles: &[&str]) {
    for title in titles {
        let task = user.task(title).await;
        user.complete(&task).await;
    }
}

#[tokio::test]
async fn a_user_without_notifications_has_an_empty_list() {
    let user = App::new().user().await;
    let answer = user.get(PATH).await.expect(200).saying("Notifications retrieved successfully");
    assert_eq!(*answer.data(), json!({"notifications": [], "nextCursor": null}));
}

#[tokio::test]
async fn a_notification_shows_its_task() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    user.complete(&task).await;
    let notifications = user.notifications().await;
    let notification = &notifications[0];
    let fields =
        ["createdAt", "id", "isRead", "message", "relatedTaskId", "security", "task", "title", "type", "userId"];
    assert_eq!(names(notification), fields);
    assert_eq!(notification["userId"], user.id.as_str());
    assert_eq!(notification["task"], json!({"id": id(&task), "title": "Water the ferns"}));
    let age = now().duration_since(instant(&notification["createdAt"]));
    assert!(age.as_secs().abs() < 120, "{age:?}");
    user.update_task(&task, json!({"title": "Ferns, watered"})).await.expect(200);
    assert_eq!(user.notifications().await[0]["task"]["title"], "Ferns, watered");
}

#[tokio::test]
async fn the_newest_comes_first() {
    let user = App::new().user().await;
    complete_each(&user, &["First", "Second", "Third"]).await;
    let notifications = user.notifications().await;
    let wanted = ["You completed: Third", "You completed: Second", "You completed: First"];
    assert_eq!(each(&notifications, "message"), wanted);
}

#[tokio::test]
async fn the_pages_show_each_once() {
    let user = App::new().user().await;
    complete_each(&user, &["First", "Second", "Third", "Fourth", "Fifth"]).await;
    let whole = user.notifications().await;
    let seen = user.pages(PATH, "notifications", &[("limit", "2")]).await.concat();
    assert_eq!(seen, whole);
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn a_user_sees_their_own_notifications_only() {
    let app = App::new();
    let (one, other) = (app.user().await, app.user().await);
    complete_each(&one, &["Private"]).await;
    assert!(other.notifications().await.is_empty());
    assert_eq!(one.notifications().await.len(), 1);
}

#[tokio::test]
async fn a_bad_parameter_is_refused() {
    let user = App::new().user().await;
    for value in ["0", "501", "ten"] {
        user.get(PATH).query(&[("limit", value)]).await.expect_invalid(&["limit"]);
    }
    user.get(PATH).query(&[("cursor", "x")]).await.expect_error(400, "INVALID_CURSOR");
}
