//! `GET /api/openapi.json`: the published contract, OpenAPI 3.1. Not in the envelope.
//! `make contract` writes it from the code.

use shared::http::{ApiError, App, Reply, Request};

/// Answers 200.
///
/// # Errors
/// None.
pub async fn handle(_app: &App, _request: &mut Request<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::json(include_str!("../../../docs/openapi.json")))
}
