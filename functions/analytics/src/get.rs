//! `GET /api/analytics`

use shared::domain::analytics::Analytics;
use shared::domain::body::NoBody;
use shared::domain::counters::local_day;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success};

pub const OPERATION: Operation<NoBody, Success<Analytics>> =
    Operation::get("/api/analytics", "Get totals, completions of the last days and weeks, and categories").describe(
        "Days and weeks are those of the user's time zone. A completion stays on the day on which it \
             happened.",
    );

/// The original's text.
const FAILED: &str = "Failed to fetch analytics";

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<Analytics>, ApiError> {
    let now = request.now();
    let totals = app.store.totals(request.caller()?.id, now).await;
    let totals = totals.map_err(|error| ApiError::from(error).with_message(FAILED))?;
    let (totals, zone) = totals.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?;
    let analytics = Analytics::of(&totals, local_day(now, &zone));
    Ok(Success::new("Analytics retrieved successfully", analytics))
}
