//! `GET /api/analytics`: totals, the last seven days and four weeks, and the categories of the caller.

use serde_json::json;
use shared::domain::analytics::Analytics;
use shared::domain::counted::local_day;
use shared::http::{ApiError, App, ErrorCode, Reply, Request};

/// Answers 200 with the numbers of this moment, by the user's days.
///
/// # Errors
/// 401 when the account is gone.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let now = request.now();
    let totals = app.store.totals(request.caller()?.id, now).await?;
    let (totals, zone) = totals.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?;
    let analytics = Analytics::of(&totals, local_day(now, &zone));
    Ok(Reply::ok("Analytics retrieved successfully", json!(analytics)))
}
