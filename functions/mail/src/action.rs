//! `GET /api/act`
//!
//! The page of a reminder mail's link: a button for each thing that it can do. The request itself changes nothing, however often
//! it comes: programs that scan mails open every link.

use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Operation, Page, Request};
use shared::store::taps::TapPurpose;

use crate::action_page;
use crate::opened_link::{self, ACTION_PARAMETER, TOKEN_PARAMETER};

pub const OPERATION: Operation<NoBody, Page> =
    Operation::get("/api/act", "Show the page of a reminder mail's link")
        .describe(
            "The link in reminder mails to verified addresses. The page has a button for each thing that it can do; opening \
             it changes nothing, since mail programs open links by themselves. Once one was pressed, the page says what was \
             done, and for ten minutes has a button that undoes it.",
        )
        .anyone()
        .counted_by_address()
        .query(&[TOKEN_PARAMETER, ACTION_PARAMETER]);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Page, ApiError> {
    match opened_link::open(app, request, TapPurpose::Show).await? {
        Some(opened) => action_page::of(&opened, request),
        None => action_page::invalid(),
    }
}
