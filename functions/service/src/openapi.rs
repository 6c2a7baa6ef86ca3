//! `GET /api/openapi.json`
//!
//! The published contract, OpenAPI 3.1; `make contract` writes it.

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, JsonDocument, Operation, Request};

pub const OPERATION: Operation<NoBody, JsonDocument> = Operation::get("/api/openapi.json", "Get this document")
    .describe("OpenAPI 3.1, for client generators and tests.")
    .anyone();

pub async fn handle(_app: &App, _request: &Request<'_>) -> Result<JsonDocument, ApiError> {
    Ok(JsonDocument(include_str!("../../../docs/openapi.json")))
}
