//! The page behind the unsubscribe links: what is on or off, and a button.

use askama::Template;
use shared::domain::mail::MailCategory;
use shared::domain::user::User;
use shared::http::{ApiError, Reply};

#[derive(Template)]
#[template(path = "subscription.html")]
struct Page<'a> {
    heading: &'a str,
    text: &'a str,
    button: Option<Button<'a>>,
}

struct Button<'a> {
    action: &'a str,
    label: &'a str,
}

/// Whether a user gets mails of a category.
pub(crate) fn is_on(category: MailCategory, user: &User) -> bool {
    match category {
        MailCategory::Digest => user.morning_digest.enabled,
        MailCategory::Reminders => !user.reminder_mails_off,
    }
}

/// The page for the bearer of a token. Its button does the opposite of what is.
///
/// # Errors
/// The template failed, which it does not.
pub(crate) fn of(category: MailCategory, is_on: bool, token: &str) -> Result<Reply, ApiError> {
    let name = match category {
        MailCategory::Digest => "morning digests",
        MailCategory::Reminders => "reminder mails",
    };
    // A token is base64url: nothing in it needs escaping.
    let (heading, text, action, label) = match is_on {
        true => (
            "Unsubscribe?",
            format!("You get {name} from Spacedly."),
            format!("/api/unsubscribe?token={token}"),
            "Unsubscribe",
        ),
        false => (
            "You are unsubscribed",
            format!("You get no more {name}. Notifications in the app go on."),
            format!("/api/unsubscribe?token={token}&undo=1"),
            "Turn them on again",
        ),
    };
    page(200, &Page { heading, text: &text, button: Some(Button { action: &action, label }) })
}

/// The page for a link that is none of ours, or whose account is gone.
///
/// # Errors
/// The template failed, which it does not.
pub(crate) fn invalid() -> Result<Reply, ApiError> {
    let text = "It is incomplete or too old. Your profile in the app turns mails on and off.";
    page(400, &Page { heading: "This link does not work", text, button: None })
}

fn page(status: u16, page: &Page<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::page(status, page.render().map_err(ApiError::internal)?))
}
