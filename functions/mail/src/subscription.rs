//! `GET /api/unsubscribe?token=`: a page with a button. Programs that look into links change nothing by it.

use shared::auth::unsubscribe::Subscription;
use shared::http::{ApiError, App, Reply, Request};

use crate::page;

/// Answers 200 with the page, 400 with another for a bad token.
///
/// # Errors
/// None of its own.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let token = request.parameter("token").unwrap_or_default();
    let Some(Subscription { user, category }) = Subscription::from_token(token, &*app.keyring().await?) else {
        return page::invalid();
    };
    match app.store.user(user).await? {
        Some(user) => page::of(category, page::is_on(category, &user), token),
        None => page::invalid(),
    }
}
