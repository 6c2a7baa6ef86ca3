//! `GET /api/docs`: the published contract as a page. It has no script and fetches nothing, so it works under our policy.
//! `make contract` writes it from the code.

use shared::http::{ApiError, App, Reply, Request};

/// Answers 200.
///
/// # Errors
/// None.
pub async fn handle(_app: &App, _request: &mut Request<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::page(200, include_str!("../../../docs/api.html")))
}
