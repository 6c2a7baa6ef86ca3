//! In-app notifications.

pub mod count;
pub mod delete;
pub mod list;
pub mod read;
pub mod read_all;

use shared::http::{ApiError, App, RequestParts};
use shared::id::NotificationId;
use shared::store::notifications::ReadNotification;

shared::functions! {
    serve "notifications" {
        "notifications-list": http(list),
        "notifications-count": http(count),
        "notifications-read": http(read),
        "notifications-read-all": http(read_all),
        "notifications-delete": http(delete),
    }
}

/// The notification that the path names.
async fn notification_of_path(app: &App, request: &RequestParts) -> Result<ReadNotification, ApiError> {
    const NOTIFICATION: &str = "Notification";
    let id = request.path_id(NOTIFICATION, NotificationId::parse)?;
    let found = app.store.notification(request.caller()?.id, id, request.now()).await?;
    found.ok_or_else(|| ApiError::not_found(NOTIFICATION))
}
