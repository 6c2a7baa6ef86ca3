//! `DELETE /api/reminders/{id}`

use serde_json::json;

use crate::support::{App, each, fires_in, id};

#[tokio::test]
async fn a_deleted_reminder_is_gone_and_its_task_stays() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let kept = user.remind(&task, &fires_in(90_000)).await;
    user.delete_reminder(&reminder).await.expect(200).saying("Reminder deleted successfully");
    assert_eq!(each(&user.reminders().await, "id"), [id(&kept)]);
    let of_task = user.get(&format!("/api/tasks/{}/reminders", id(&task))).await.expect(200);
    assert_eq!(each(&of_task.list("reminders"), "id"), [id(&kept)]);
    user.delete_reminder(&reminder).await.expect_error(404, "NOT_FOUND").saying("Reminder not found");
    user.update_reminder(&reminder, json!({"message": "Risen"})).await.expect_error(404, "NOT_FOUND");
}
