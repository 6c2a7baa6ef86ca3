//! `DELETE /api/tasks/{id}`

use crate::support::{App, each, eventually, fires_in, id};

#[tokio::test]
async fn a_deleted_task_is_gone() {
    let user = App::new().user().await;
    let (task, kept) = (user.task("Water the ferns").await, user.task("Feed the cat").await);
    user.delete_task(&task).await.expect(200).saying("Task deleted successfully");
    let path = format!("/api/tasks/{}", id(&task));
    user.get(&path).await.expect_error(404, "NOT_FOUND").saying("Task not found");
    user.delete_task(&task).await.expect_error(404, "NOT_FOUND").saying("Task not found");
    user.update_task(&task, serde_json::json!({"title": "Risen"})).await.expect_error(404, "NOT_FOUND");
    assert_eq!(each(&user.tasks(&[]).await, "id"), [id(&kept)]);
}

#[tokio::test]
async fn its_reminders_go_with_it() {
    let user = App::new().user().await;
    let (task, kept) = (user.task("Water the ferns").await, user.task("Feed the cat").await);
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    user.remind(&task, &fires_in(90_000)).await;
    let other = user.remind(&kept, &fires_in(86_400)).await;
    user.delete_task(&task).await.expect(200);
    assert_eq!(each(&user.reminders().await, "id"), [id(&other)]);
    user.get(&format!("/api/tasks/{}/reminders", id(&task)))
        .await
        .expect_error(404, "NOT_FOUND")
        .saying("Task not found");
    let body = serde_json::json!({"message": "Risen"});
    user.update_reminder(&reminder, body).await.expect_error(404, "NOT_FOUND").saying("Reminder not found");
    user.delete_reminder(&reminder).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn its_notifications_go_with_it() {
    let user = App::new().user().await;
    let (task, kept) = (user.task("Water the ferns").await, user.task("Feed the cat").await);
    user.complete(&task).await;
    user.complete(&kept).await;
    assert_eq!(user.notifications().await.len(), 2);
    user.delete_task(&task).await.expect(200);
    eventually("the deleted task's notification is gone", async || {
        let left = user.notifications().await;
        (each(&left, "relatedTaskId") == [id(&kept)]).then_some(())
    })
    .await;
}
