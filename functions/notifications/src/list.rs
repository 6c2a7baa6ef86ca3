//! `GET /api/notifications`: a page of the user's notifications, newest first, each with its task.

use serde::Serialize;
use serde_json::json;
use shared::domain::notification::Notification;
use shared::domain::task::TaskTitle;
use shared::http::{ApiError, App, Reply, Request};
use shared::id::TaskId;

#[derive(Serialize)]
struct TaskOfNotification {
    id: TaskId,
    title: TaskTitle,
}

#[derive(Serialize)]
struct ListedNotification {
    #[serde(flatten)]
    notification: Notification,
    task: Option<TaskOfNotification>,
}

impl From<(Notification, Option<TaskTitle>)> for ListedNotification {
    fn from((notification, title): (Notification, Option<TaskTitle>)) -> Self {
        let task = notification.related_task_id.zip(title).map(|(id, title)| TaskOfNotification { id, title });
        Self { notification, task }
    }
}

/// Answers 200 with the page.
///
/// # Errors
/// 400 for bad parameters.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    const LIST: &str = "notifications";
    let limit = request.page_size()?;
    let caller = request.caller()?.id;
    let keyring = app.keyring().await?;
    let after = request.position(&keyring, LIST)?;
    let page = app.store.notifications(caller, after, limit, request.now()).await?;
    let next = page.next.map(|position| position.to_cursor(&keyring, caller, LIST));
    let notifications: Vec<ListedNotification> = page.notifications.into_iter().map(ListedNotification::from).collect();
    let data = json!({ "notifications": notifications, "nextCursor": next });
    Ok(Reply::ok("Notifications retrieved successfully", data))
}
