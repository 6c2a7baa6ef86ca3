//! `GET /api/notifications`

use serde::Serialize;
use shared::domain::body::NoBody;
use shared::domain::notification::NotificationOut;
use shared::http::{ApiError, App, Operation, PageRequest, Request, Serialized, Success};

/// Notifications of a page, unless `limit` says otherwise.
const PAGE_SIZE: u32 = 50;

/// A page of notifications.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct NotificationsPage {
    #[cfg_attr(feature = "schema", schemars(length(max = shared::store::page::LIMIT_MAX)))]
    notifications: Vec<Serialized<NotificationOut>>,
    /// The cursor of the next page; null at the end.
    next_cursor: Option<String>,
}

pub const OPERATION: Operation<NoBody, Success<NotificationsPage>> =
    Operation::get("/api/notifications", "List notifications, newest first, each with its task")
        .describe("Notifications are deleted after 90 days.")
        .paged(PAGE_SIZE);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<NotificationsPage>, ApiError> {
    let mut page = PageRequest::read(app, request, "notifications").await?;
    let found = app.store.notifications(page.user, page.after.take(), page.limit, request.now()).await?;
    let (notifications, next_cursor) = page.answer(found.map(NotificationOut::from))?;
    Ok(Success::new("Notifications retrieved successfully", NotificationsPage { notifications, next_cursor }))
}
