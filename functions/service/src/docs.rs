//! `GET /api/docs`
//!
//! The published contract as a page; `make contract` writes it. It has no script and loads nothing, so that it works under
//! the `Content-Security-Policy` of every answer.

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, HtmlDocument, Operation, Request};

pub const OPERATION: Operation<NoBody, HtmlDocument> =
    Operation::get("/api/docs", "Get this document as a page").describe("The page works without scripts.").anyone();

pub async fn handle(_app: &App, _request: &Request<'_>) -> Result<HtmlDocument, ApiError> {
    Ok(HtmlDocument(include_str!("../../../docs/api.html")))
}
