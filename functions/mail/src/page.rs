//! The page of an unsubscribe link: whether such mails are on, and a button that changes it.

use askama::Template;
use shared::domain::mail::MailCategory;
use shared::domain::user::User;
use shared::http::{ApiError, Page};

#[derive(Template)]
#[template(path = "subscription.html")]
struct SubscriptionHtml<'a> {
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

/// The page of a valid link. Its button does the opposite of the present state.
pub(crate) fn of(category: MailCategory, is_on: bool, token: &str) -> Result<Page, ApiError> {
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
    let button = Some(Button { action: &action, label });
    Ok(Page::ok(html(&SubscriptionHtml { heading, text: &text, button })?))
}

/// The page of a link whose token is invalid, or whose account was deleted.
pub(crate) fn invalid() -> Result<Page, ApiError> {
    let text = "It is incomplete or too old. Your profile in the app turns mails on and off.";
    let page = SubscriptionHtml { heading: "This link does not work", text, button: None };
    Ok(Page::bad_request(html(&page)?))
}

fn html(page: &SubscriptionHtml<'_>) -> Result<String, ApiError> {
    page.render().map_err(ApiError::internal)
}
