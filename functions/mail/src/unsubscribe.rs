//! `POST /api/unsubscribe?token=`: ends a category of mail with one click (RFC 8058), or with `undo=1` begins it again.
//!
//! The signed token is all the proof there is: mail programs post without cookies and from anywhere. The body, which
//! says `List-Unsubscribe=One-Click`, is not looked at.

use serde_json::json;
use shared::auth::unsubscribe::Subscription;
use shared::domain::notification::Notification;
use shared::http::{ApiError, App, ErrorCode, Reply, Request, retry_conflicts};
use shared::store::feedback::Wanted;

use crate::page;

/// Answers 200: with a page where one is asked for, else in the envelope.
///
/// # Errors
/// 400 for a token that was not given out.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let request = &*request;
    let token = request.parameter("token").unwrap_or_default();
    let wanted = if request.parameter("undo") == Some("1") { Wanted::Yes } else { Wanted::No };
    let subscription = Subscription::from_token(token, &*app.keyring().await?);
    let subscription = subscription.ok_or_else(|| ApiError::new(ErrorCode::InvalidToken).saying(INVALID))?;
    retry_conflicts(async || set(app, request, subscription, wanted).await).await?;
    let asks_for_page = request.header("accept").is_some_and(|accept| accept.contains("text/html"));
    match (asks_for_page, wanted) {
        (true, _) => page::of(subscription.category, wanted == Wanted::Yes, token),
        (false, Wanted::No) => Ok(Reply::ok("Unsubscribed", json!({}))),
        (false, Wanted::Yes) => Ok(Reply::ok("Subscribed", json!({}))),
    }
}

const INVALID: &str = "Invalid unsubscribe link";

/// Does what is wanted, unless it is so already.
async fn set(
    app: &App,
    request: &Request<'_>,
    Subscription { user, category }: Subscription,
    wanted: Wanted,
) -> Result<(), ApiError> {
    let user = app.store.user(user).await?;
    let user = user.ok_or_else(|| ApiError::new(ErrorCode::InvalidToken).saying(INVALID))?;
    let permit = request.permit().await?;
    if page::is_on(category, &user) == (wanted == Wanted::Yes) {
        return Ok(());
    }
    let now = request.now();
    let told = (wanted == Wanted::No).then(|| Notification::unsubscribed(user.id, category, now));
    Ok(app.store.subscribe(&permit, &user, (category, wanted), told.as_ref(), now).await?)
}
