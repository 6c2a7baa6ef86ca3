//! `GET /api/notifications`: a page of the user's notifications, newest first, each with its task.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request};

use crate::ListedNotification;

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
