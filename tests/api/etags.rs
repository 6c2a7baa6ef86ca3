//! `ETag` and `If-Match`: nobody overwrites what they have not seen.

use serde_json::json;

use crate::support::{App, fires_in, id};

#[tokio::test]
async fn a_task_s_etag_is_the_same_wherever_it_is_told_and_changes_with_it() {
    let user = App::new().user().await;
    let created = user.post("/api/tasks", json!({"title": "Water the ferns"})).await.expect(201);
    let task = created.data()["task"].clone();
    let path = format!("/api/tasks/{}", id(&task));
    let etag = created.etag();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 2, "a strong tag: {etag}");
    assert_eq!(user.get(&path).await.expect(200).etag(), etag);

    let updated = user.update_task(&task, json!({"title": "Water the palms"})).await.expect(200);
    assert_ne!(updated.etag(), etag);
    assert_eq!(user.get(&path).await.expect(200).etag(), updated.etag());
    user.remind(&task, &fires_in(86_400)).await;
    assert_eq!(user.get(&path).await.expect(200).etag(), updated.etag(), "a task's children do not count");
}

#[tokio::test]
async fn a_task_is_changed_while_the_tag_holds() {
    let user = App::new().user().await;
    let created = user.post("/api/tasks", json!({"title": "Water the ferns"})).await.expect(201);
    let task = created.data()["task"].clone();
    let etag = created.etag();
    let next = user.update_task(&task, json!({"title": "First"})).if_match(&etag).await.expect(200).etag();
    user.update_task(&task, json!({"title": "Second"})).if_match(&format!("\"x\", {next}")).await.expect(200);
    user.update_task(&task, json!({"title": "Third"})).if_match("*").await.expect(200);
    assert_eq!(user.task_now(&task).await["title"], "Third");
}

#[tokio::test]
async fn a_tag_that_no_longer_holds_is_412_and_changes_nothing() {
    let user = App::new().user().await;
    let created = user.post("/api/tasks", json!({"title": "Water the ferns"})).await.expect(201);
    let task = created.data()["task"].clone();
    let stale = created.etag();
    let current = user.update_task(&task, json!({"title": "Water the palms"})).await.expect(200).etag();
    let weak = format!("W/{current}");
    for tag in [stale.as_str(), "\"x\"", "x", &weak, "\"0\"", "\"-1\""] {
        let update = user.update_task(&task, json!({"title": "Overwritten", "status": "completed"})).if_match(tag);
        update.await.expect_error(412, "PRECONDITION_FAILED");
        user.delete_task(&task).if_match(tag).await.expect_error(412, "PRECONDITION_FAILED");
    }
    let now = user.task_now(&task).await;
    assert_eq!((&now["title"], &now["status"]), (&json!("Water the palms"), &json!("todo")));
    assert!(user.notifications().await.is_empty());
    user.delete_task(&task).if_match(&current).await.expect(200);
}

#[tokio::test]
async fn a_reminder_has_a_tag_too() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400)});
    let created = user.post("/api/reminders", body).await.expect(201);
    let reminder = created.data()["reminder"].clone();
    let stale = created.etag();
    let update = |message: &str| user.update_reminder(&reminder, json!({"message": message}));
    let current = update("Two cups").if_match(&stale).await.expect(200).etag();
    assert_ne!(current, stale);
    update("Overwritten").if_match(&stale).await.expect_error(412, "PRECONDITION_FAILED");
    user.delete_reminder(&reminder).if_match(&stale).await.expect_error(412, "PRECONDITION_FAILED");
    assert_eq!(user.reminder_now(&reminder).await.expect("it is there")["message"], "Two cups");
    user.delete_reminder(&reminder).if_match(&current).await.expect(200);
}

#[tokio::test]
async fn what_is_not_there_is_404_whatever_the_tag() {
    let app = App::new();
    let (owner, other) = (app.user().await, app.user().await);
    let task = owner.task("Private").await;
    for tag in ["*", "\"1\"", "\"x\""] {
        other.update_task(&task, json!({"title": "Taken"})).if_match(tag).await.expect_error(404, "NOT_FOUND");
        other.delete_task(&task).if_match(tag).await.expect_error(404, "NOT_FOUND");
    }
    assert_eq!(owner.task_now(&task).await, task);
}
