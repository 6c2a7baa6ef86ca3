//! `GET /api/tasks/{id}/reminders`

use crate::support::{App, each, fires_in, id};

#[tokio::test]
async fn a_task_s_reminders_come_by_time() {
    let user = App::new().user().await;
    let (task, other) = (user.task("Water the ferns").await, user.task("Feed the cat").await);
    let path = format!("/api/tasks/{}/reminders", id(&task));
    assert!(user.get(&path).await.expect(200).list("reminders").is_empty());

    let third = user.remind(&task, &fires_in(90_000)).await;
    let first = user.remind(&task, &fires_in(70_000)).await;
    user.remind(&other, &fires_in(75_000)).await;
    let second = user.remind(&task, &fires_in(80_000)).await;
    let answer = user.get(&path).await.expect(200).saying("Reminders retrieved successfully");
    let reminders = answer.list("reminders");
    assert_eq!(each(&reminders, "id"), [id(&first), id(&second), id(&third)]);
    for field in ["taskId", "scheduledAt", "type", "message", "status", "emailSent", "delivery", "version"] {
        assert_eq!(reminders[0][field], first[field], "{field}");
    }
}
