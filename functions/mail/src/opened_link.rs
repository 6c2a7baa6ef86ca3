//! The link of a reminder mail, as a request opens it.

use std::sync::Arc;

use shared::auth::action_link::PresentedLink;
use shared::auth::keyring::Keyring;
use shared::domain::field::Parameter;
use shared::domain::tap::{Action, ActionLink};
use shared::http::{ApiError, App, RequestParts};
use shared::store::taps::{TapPurpose, TapRows};

/// The parameter that holds the link's token.
const TOKEN: &str = "token";
/// The parameter that names the button which the mail's own showed.
pub(crate) const ACTION: &str = "action";

pub(crate) const TOKEN_PARAMETER: Parameter = Parameter::once::<String>(TOKEN, "The value of `token` in the link");
pub(crate) const ACTION_PARAMETER: Parameter =
    Parameter::once::<Action>(ACTION, "The button that the page shows first");

/// A link that was given out, to the address that its account has, and what it is about.
#[derive(Debug)]
pub(crate) struct OpenedLink {
    pub(crate) link: ActionLink,
    pub(crate) token: String,
    pub(crate) rows: TapRows,
    pub(crate) keyring: Arc<Keyring>,
}

/// Opens the link of a request. `None` when it was not given out, has expired unused, or its account is gone or has another
/// address.
pub(crate) async fn open(
    app: &App,
    request: &RequestParts,
    purpose: TapPurpose,
) -> Result<Option<OpenedLink>, ApiError> {
    let keyring = app.keyring().await?;
    let token = request.parameter(TOKEN).unwrap_or_default();
    let Some(presented) = PresentedLink::from_token(token, &keyring) else { return Ok(None) };
    let Some(rows) = app.store.tap_rows(&presented.link, purpose, request.now()).await? else { return Ok(None) };
    let works = presented.is_for(&rows.user.email, &keyring);
    let is_over = rows.tap.is_none() && !presented.link.is_valid(request.now());
    let opened = OpenedLink { link: presented.link, token: token.to_owned(), rows, keyring };
    Ok((works && !is_over).then_some(opened))
}
