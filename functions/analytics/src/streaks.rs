//! `GET /api/analytics/streaks`

use shared::domain::analytics::Streaks;
use shared::domain::body::NoBody;
use shared::domain::counters::local_day;
use shared::http::{ApiError, App, ErrorCode, Operation, Request, Success};

pub const OPERATION: Operation<NoBody, Success<Streaks>> =
    Operation::get("/api/analytics/streaks", "Get the current and the longest run of days with a completed reminder")
        .describe("The current run ends today or yesterday, in the user's time zone.");

/// The original's text.
const FAILED: &str = "Failed to fetch streaks";

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<Streaks>, ApiError> {
    let days = app.store.active_days(request.caller()?.id).await;
    let days = days.map_err(|error| ApiError::from(error).with_message(FAILED))?;
    let (days, zone) = days.ok_or_else(|| ApiError::new(ErrorCode::Unauthorized))?;
    let streaks = Streaks::of(&days, local_day(request.now(), &zone));
    Ok(Success::new("Streaks retrieved successfully", streaks))
}
