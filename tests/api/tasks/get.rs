//! `GET /api/tasks/{id}`

use serde_json::json;

use crate::support::{App, fires_in, id, names};

#[tokio::test]
async fn a_task_is_read_by_its_id() {
    let user = App::new().user().await;
    let task = user.create_task(json!({"title": "Water the ferns", "category": "Garden"})).await;
    user.task("Another one").await;
    let answer = user.get(&format!("/api/tasks/{}", id(&task))).await.expect(200).saying("Task retrieved successfully");
    assert_eq!(answer.data()["task"], task);
}

#[tokio::test]
async fn an_id_may_be_written_in_capitals() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let answer = user.get(&format!("/api/tasks/{}", id(&task).to_uppercase())).await.expect(200);
    assert_eq!(answer.data()["task"]["id"], task["id"]);
}

#[tokio::test]
async fn a_task_shows_its_reminders() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let at = fires_in(86_400);
    let body = json!({"taskId": id(&task), "scheduledAt": at, "type": "both"});
    let reminder = user.create_reminder(body).await;
    let shown = user.task_now(&task).await["reminders"].clone();
    let shown = shown.as_array().expect("a list");
    assert_eq!(shown.len(), 1);
    for field in ["id", "scheduledAt", "type", "status"] {
        assert_eq!(shown[0][field], reminder[field], "{field} of {:?}", names(&shown[0]));
    }
    user.delete_reminder(&reminder).await.expect(200);
    assert_eq!(user.task_now(&task).await["reminders"], json!([]));
}

#[tokio::test]
async fn a_task_shows_what_became_of_its_reminders() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let later = fires_in(90_000);
    user.update_reminder(&reminder, json!({"scheduledAt": later})).await.expect(200);
    assert_eq!(user.task_now(&task).await["reminders"][0]["scheduledAt"], later);
    user.update_reminder(&reminder, json!({"status": "skipped"})).await.expect(200);
    assert_eq!(user.task_now(&task).await["reminders"][0]["status"], "skipped");
}
