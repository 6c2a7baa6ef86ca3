//! In-app notifications.
//!
//! | Function | Route |
//! |---|---|
//! | `notifications-list` | `GET /api/notifications` |
//! | `notifications-count` | `GET /api/notifications/count` |
//! | `notifications-read` | `PATCH /api/notifications/{id}/read` |
//! | `notifications-read-all` | `PATCH /api/notifications/read-all` |
//! | `notifications-delete` | `DELETE /api/notifications/{id}` |

pub mod count;
pub mod delete;
pub mod list;
pub mod read;
pub mod read_all;

use serde::Serialize;
use shared::domain::notification::Notification;
use shared::domain::task::TaskTitle;
use shared::http::{ApiError, App, Request};
use shared::id::{NotificationId, TaskId};
use shared::store::notifications::ReadNotification;

#[derive(Serialize)]
struct TaskOfNotification {
    id: TaskId,
    title: TaskTitle,
}

/// A notification as callers see it.
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

/// The notification that the path names.
async fn notification_of_path(app: &App, request: &Request<'_>) -> Result<ReadNotification, ApiError> {
    const NOTIFICATION: &str = "Notification";
    let id = request.path_id(NOTIFICATION, NotificationId::parse)?;
    let found = app.store.notification(request.caller()?.id, id, request.now()).await?;
    found.ok_or_else(|| ApiError::not_found(NOTIFICATION))
}
