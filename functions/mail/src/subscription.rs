//! `GET /api/unsubscribe`
//!
//! The page has a button that unsubscribes. The request itself changes nothing: programs that scan mails open every link.

use shared::auth::unsubscribe::Subscription;
use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Operation, Page, Request};

use crate::{LINK_PARAMETERS, page};

pub const OPERATION: Operation<NoBody, Page> =
    Operation::get("/api/unsubscribe", "Show the page of an unsubscribe link")
        .describe(
            "The link in digests and reminder mails. The page has a button; opening it changes nothing, since \
             mail programs open links by themselves.",
        )
        .anyone()
        .query(&LINK_PARAMETERS);

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Page, ApiError> {
    let token = request.parameter("token").unwrap_or_default();
    let Some(Subscription { user, category }) = Subscription::from_token(token, &*app.keyring().await?) else {
        return page::invalid();
    };
    match app.store.user(user).await? {
        Some(user) => page::of(category, page::is_on(category, &user), token),
        None => page::invalid(),
    }
}
