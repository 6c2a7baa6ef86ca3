//! The pages of a reminder mail's link: what can be done, and what was done. They show nothing of the account but the title of
//! the task and the time.

use askama::Template;
use shared::clock::Timestamp;
use shared::domain::tap::{Action, Button, LinkKind, Stale, Tap, UndoRefused};
use shared::domain::user::User;
use shared::http::{ApiError, Page, RequestParts};

use crate::opened_link::{ACTION, OpenedLink};

/// Where the links of reminder mails lead, at the API.
pub(crate) const PATH: &str = "/api/act";

#[derive(Template)]
#[template(path = "action.html")]
struct ActionHtml<'a> {
    heading: &'a str,
    /// The task's.
    title: Option<&'a str>,
    texts: Vec<String>,
    form: Option<Form>,
}

struct Form {
    address: String,
    buttons: Vec<ShownButton>,
}

struct ShownButton {
    value: &'static str,
    label: &'static str,
    is_main: bool,
}

/// What the button of an action says, on the page and in the mail.
pub(crate) fn label(action: Action) -> &'static str {
    match action {
        Action::Done => "Done",
        Action::InAnHour => "In an hour",
        Action::TomorrowMorning => "Tomorrow morning",
        Action::Again => "Again",
        Action::Hard => "Hard",
        Action::Good => "Good",
        Action::Easy => "Easy",
    }
}

/// The page of a link as it stands: its buttons, or what was pressed, or why there is nothing to press.
pub(crate) fn of(opened: &OpenedLink, request: &RequestParts) -> Result<Page, ApiError> {
    let rows = &opened.rows;
    if let Some(tap) = &rows.tap {
        return after(opened, tap, request.now());
    }
    match opened.link.subject(rows.task.as_ref().map(|row| &row.task), rows.reminder.as_ref()) {
        Ok(_) => ask(opened, request.parameter(ACTION).and_then(Action::from_word)),
        Err(stale) => self::stale(opened, stale),
    }
}

/// The buttons, the one that the mail showed before the others.
fn ask(opened: &OpenedLink, shown: Option<Action>) -> Result<Page, ApiError> {
    let kind = opened.link.kind;
    let offered = kind.actions();
    let shown = shown.filter(|shown| offered.contains(shown));
    let others = offered.iter().copied().filter(|action| Some(*action) != shown);
    let main = shown.or(kind.main_action());
    let button = |action| ShownButton {
        value: Button::Act(action).as_str(),
        label: label(action),
        is_main: Some(action) == main,
    };
    let buttons = shown.into_iter().chain(others).map(button).collect();
    let (heading, question) = match kind {
        LinkKind::Review => ("Your review", Some("How well did you remember? Done ends the reviews of this task.")),
        LinkKind::Reminder | LinkKind::Undo => ("Your reminder", None),
    };
    let texts = question.into_iter().chain(["Nothing changes until you press a button."]).map(str::to_owned).collect();
    let form = Some(Form { address: address(&opened.token), buttons });
    ok(&ActionHtml { heading, title: title(opened), texts, form })
}

/// What a tap did, with the button that undoes it as long as that works.
pub(crate) fn after(opened: &OpenedLink, tap: &Tap, now: Timestamp) -> Result<Page, ApiError> {
    let user = &opened.rows.user;
    let mut texts = vec![done(tap, now, user)];
    if let Some(undone_at) = tap.undone_at {
        texts.push(format!("Undone at {}.", time(undone_at, now, user)));
        return ok(&ActionHtml { heading: "Undone", title: title(opened), texts, form: None });
    }
    let (heading, then) = match tap.action {
        Action::Done => ("Done", "It is due again"),
        Action::InAnHour | Action::TomorrowMorning => ("Put off", "You are reminded again"),
        Action::Again | Action::Hard | Action::Good | Action::Easy => ("Rated", "The next review is"),
    };
    texts.extend(tap.next.map(|next| format!("{then} at {}.", time(next, now, user))));
    let form = tap.undo_link(now).map(|link| {
        texts.push(format!("You can undo this until {}.", time(link.expires_at, now, user)));
        let button = ShownButton { value: Button::Undo.as_str(), label: "Undo", is_main: false };
        Form { address: address(&link.to_token(&user.email, &opened.keyring)), buttons: vec![button] }
    });
    ok(&ActionHtml { heading, title: title(opened), texts, form })
}

/// Why a tap was not undone.
pub(crate) fn not_undone(
    opened: &OpenedLink,
    tap: &Tap,
    refused: UndoRefused,
    now: Timestamp,
) -> Result<Page, ApiError> {
    let user = &opened.rows.user;
    let (heading, text) = match refused {
        // Its page says when.
        UndoRefused::Twice => return after(opened, tap, now),
        UndoRefused::Late => ("Too late to undo", "It could be undone for ten minutes. The app still changes it."),
        UndoRefused::Changed => ("Changed since", "It was changed since, so nothing was undone. The app shows it."),
    };
    ok(&ActionHtml { heading, title: title(opened), texts: vec![done(tap, now, user), text.to_owned()], form: None })
}

/// Why a link has nothing to act on any more.
pub(crate) fn stale(opened: &OpenedLink, stale: Stale) -> Result<Page, ApiError> {
    let (heading, text) = match stale {
        Stale::Gone => ("It is gone", "The task or this reminder was deleted."),
        Stale::Completed => ("Done already", "The task is completed."),
        Stale::OtherOccurrence => ("Over already", "The occurrence that this mail was about is over."),
        Stale::Reviewed => ("Rated already", "The review that this mail was about was rated."),
        Stale::Moved => ("Moved since", "The reminder was moved since this mail was sent."),
        Stale::NotOpen => ("Not open", "The reminder was skipped or completed since this mail was sent."),
    };
    let texts = vec![text.to_owned(), "Nothing was changed.".to_owned()];
    ok(&ActionHtml { heading, title: title(opened), texts, form: None })
}

/// The page of a link that was not given out, is too old, or whose account is gone or has another address.
pub(crate) fn invalid() -> Result<Page, ApiError> {
    bad_request(
        "This link does not work",
        "It is incomplete or too old. Nothing was changed; the app shows your tasks.",
    )
}

/// The page of a form with a button that the link's page does not have.
pub(crate) fn unknown_button() -> Result<Page, ApiError> {
    bad_request("This button is not known", "Nothing was changed. Open the link of the mail again.")
}

fn done(tap: &Tap, now: Timestamp, user: &User) -> String {
    let what = match tap.action {
        Action::Done => "Done",
        Action::InAnHour => "Put off for an hour",
        Action::TomorrowMorning => "Put off until tomorrow morning",
        Action::Again | Action::Hard | Action::Good | Action::Easy => {
            return format!("Rated “{}” at {}.", label(tap.action), time(tap.at, now, user));
        }
    };
    format!("{what} at {}.", time(tap.at, now, user))
}

fn title(opened: &OpenedLink) -> Option<&str> {
    opened.rows.task.as_ref().map(|row| row.task.title.as_str())
}

/// A token is base64url: nothing in it needs escaping.
fn address(token: &str) -> String {
    format!("{PATH}?token={token}")
}

/// A moment in the user's local time: `14:30 on Monday, 1 December`, with the year where it is not that of `now`.
fn time(instant: Timestamp, now: Timestamp, user: &User) -> String {
    let [local, present] = [instant, now].map(|at| at.in_zone(user.timezone.rules()));
    let format = if local.year() == present.year() { "%H:%M on %A, %-d %B" } else { "%H:%M on %A, %-d %B %Y" };
    local.strftime(format).to_string()
}

fn ok(page: &ActionHtml<'_>) -> Result<Page, ApiError> {
    Ok(Page::ok(page.render().map_err(ApiError::internal)?))
}

fn bad_request(heading: &str, text: &str) -> Result<Page, ApiError> {
    let page = ActionHtml { heading, title: None, texts: vec![text.to_owned()], form: None };
    Ok(Page::bad_request(page.render().map_err(ApiError::internal)?))
}
