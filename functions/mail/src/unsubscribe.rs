//! `POST /api/unsubscribe`
//!
//! The signed token alone authorises the request: mail programs post without cookies and from anywhere. The body
//! (`List-Unsubscribe=One-Click`, RFC 8058) is ignored.

use shared::auth::unsubscribe::Subscription;
use shared::domain::body::NoBody;
use shared::domain::user_change::Wanted;
use shared::http::accept::prefers;
use shared::http::{
    Answer, ApiError, App, Done, Either, ErrorCode, Operation, Page, Reply, Request, RequestParts, retry_conflicts,
};

use crate::{LINK_PARAMETERS, page};

const INVALID: &str = "Invalid unsubscribe link";

/// The page of the link, after the change.
#[derive(Debug)]
pub struct ResultPage(Page);

impl Answer for ResultPage {
    fn into_reply(self) -> Result<Reply, ApiError> {
        self.0.into_reply()
    }

    #[cfg(feature = "schema")]
    fn responses(generator: &mut schemars::SchemaGenerator) -> Vec<shared::http::answer::Response> {
        // A bad link is an error here, not a page.
        Page::responses(generator).into_iter().filter(|response| response.status == 200).collect()
    }
}

pub const OPERATION: Operation<NoBody, Either<Done, ResultPage>> =
    Operation::post_nothing("/api/unsubscribe", "Unsubscribe with one click (RFC 8058), or subscribe again")
        .describe(
            "The link's token is the only credential. It stops one category of mail, digests or reminders, and \
             `undo=1` starts it again.",
        )
        .anyone()
        .foreign_posts()
        .query(&LINK_PARAMETERS)
        .errors(&[ErrorCode::InvalidToken, ErrorCode::Conflict]);

/// Returns the page where `Accept` names HTML.
pub async fn handle(app: &App, request: &Request<'_>) -> Result<Either<Done, ResultPage>, ApiError> {
    let token = request.parameter("token").unwrap_or_default();
    let wanted = if request.parameter("undo") == Some("1") { Wanted::Yes } else { Wanted::No };
    let subscription = Subscription::from_token(token, &*app.keyring().await?);
    let subscription = subscription.ok_or_else(|| ApiError::new(ErrorCode::InvalidToken).with_message(INVALID))?;
    retry_conflicts(async || set(app, request, subscription, wanted).await).await?;
    if prefers(request.header("accept").unwrap_or_default(), "text/html", "application/json") {
        let page = page::of(subscription.category, wanted == Wanted::Yes, token)?;
        return Ok(Either::Right(ResultPage(page)));
    }
    Ok(Either::Left(Done::message(match wanted {
        Wanted::No => "Unsubscribed",
        Wanted::Yes => "Subscribed",
    })))
}

/// Subscribes or unsubscribes; writes nothing where the user already is.
async fn set(
    app: &App,
    request: &RequestParts,
    Subscription { user, category }: Subscription,
    wanted: Wanted,
) -> Result<(), ApiError> {
    let user = app.store.user(user).await?;
    let user = user.ok_or_else(|| ApiError::new(ErrorCode::InvalidToken).with_message(INVALID))?;
    let permit = request.permit().await?;
    if page::is_on(category, &user) == (wanted == Wanted::Yes) {
        return Ok(());
    }
    let change = user.subscribe(category, wanted, request.now());
    Ok(app.store.update_user(&permit, &user, &change).await?)
}
