//! `GET /api/analytics/streaks`: for how many days in a row the caller completed reminders.

use serde_json::json;
use shared::domain::analytics::Streaks;
use shared::domain::counted::local_day;
use shared::http::{ApiError, App, ErrorCode, Reply, Request};

/// Answers 200 with the present run and the longest.
///
/// # Errors
/// 401 when the account is gone.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let days = app.store.active_days(request.caller()?.id).await?;
    let (days, zone) = days.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?;
    let streaks = Streaks::of(&days, local_day(request.now(), &zone));
    Ok(Reply::ok("Streaks retrieved successfully", json!(streaks)))
}
