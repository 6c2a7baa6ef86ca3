//! Mails as text: one HTML and one plain template each, compiled in, escaped by the template engine.

mod direction;
mod templates;

use askama::Template;
use shared::auth::keyring::Keyring;
use shared::auth::mailed::{LoginCode, MailedToken};
use shared::auth::unsubscribe::Subscription;
use shared::aws::mailer::Rendered;
use shared::clock::Timestamp;
use shared::domain::digest::{DigestTask, sentence};
use shared::domain::mail::{Mail, MailContent};
use shared::domain::remaining::Remaining;
use shared::domain::reminder::ReminderMessage;
use shared::domain::tap::{Action, ActionLink};
use shared::domain::task::{Category, Priority, TaskDescription, TaskTitle};
use shared::domain::user::User;
use shared::domain::user_change::TwoFactor;
use shared::events::Failure;
use shared::id::TokenSeed;

use self::direction::{isolated, isolated_lines};
use self::templates::*;
use crate::{action_page, opened_link};

/// Where links in mails lead, without trailing slashes.
#[derive(Clone, Debug)]
pub struct Links {
    /// The app.
    pub frontend: String,
    /// The API.
    pub public: String,
}

/// Renders a mail to `user`. What users wrote is isolated, so that its direction does not reach what stands around it.
///
/// Whoever registers an account chooses who gets its mail until the address is verified. So mail to an unverified address
/// carries nothing that they wrote but the title of a task.
///
/// # Errors
/// The key of a mailed token was taken out of the secret before the mail went out.
pub fn render(mail: &Mail, user: &User, links: &Links, keyring: &Keyring) -> Result<Rendered, Failure> {
    let unsubscribe = unsubscribe_link(mail, &links.public, keyring);
    let name = known_to_reader(user, isolated(user.name.as_str()));
    let reader = Reader {
        user,
        name: name.as_deref(),
        tasks: &format!("{}/tasks", links.frontend),
        unsubscribe: unsubscribe.as_deref().unwrap_or_default(),
        buttons: &buttons(mail, user, &links.public, keyring),
    };
    let name = reader.name;
    let token = |kid: &str, seed: TokenSeed| MailedToken::derive(keyring, kid, seed).ok_or(KEY_GONE);
    let mut rendered = match &mail.content {
        MailContent::Verification { seed, kid } => {
            let link = &format!("{}/verify-email?token={}", links.frontend, token(kid, *seed)?.expose());
            let has_password = user.password_hash.is_some();
            let (html, text) = (VerificationHtml { has_password, link }, VerificationText { has_password, link });
            rendered("Verify Your Email", &html, &text)
        }
        MailContent::LoginCode { seed, kid, expires_at } => {
            let code = LoginCode::derive(keyring, kid, *seed).ok_or(KEY_GONE)?;
            let (code, until) = (code.expose(), &local_time(*expires_at, user));
            rendered("Your Login OTP", &LoginCodeHtml { name, code, until }, &LoginCodeText { name, code, until })
        }
        MailContent::PasswordReset { seed, kid } => {
            let link = &format!("{}/reset-password?token={}", links.frontend, token(kid, *seed)?.expose());
            rendered("Password Reset Request", &PasswordResetHtml { name, link }, &PasswordResetText { name, link })
        }
        MailContent::PasswordChanged => {
            rendered("Password Changed", &PasswordChangedHtml { name }, &PasswordChangedText { name })
        }
        MailContent::TwoFactorSwitched { two_factor } => {
            let (is_on, subject) = match two_factor {
                TwoFactor::On => (true, "Two-Factor Authentication Enabled"),
                TwoFactor::Off => (false, "Two-Factor Authentication Disabled"),
            };
            rendered(subject, &TwoFactorHtml { name, is_on }, &TwoFactorText { name, is_on })
        }
        MailContent::LoginsBlocked => {
            rendered("Sign-In Attempts Blocked", &LoginsBlockedHtml { name }, &LoginsBlockedText { name })
        }
        MailContent::GoogleLinked => {
            rendered("Google Sign-In Linked", &GoogleLinkedHtml { name }, &GoogleLinkedText { name })
        }
        MailContent::ExportReady { seed, kid, expires_at } => {
            let link = &format!("{}/settings?export={}", links.frontend, token(kid, *seed)?.expose());
            let until = &local_time(*expires_at, user);
            rendered("Your Data Export", &ExportReadyHtml { name, link, until }, &ExportReadyText { name, link, until })
        }
        MailContent::TokenTheft { device } => {
            let device = known_to_reader(user, isolated(device));
            let device = device.as_deref();
            rendered("Security Alert", &TokenTheftHtml { name, device }, &TokenTheftText { name, device })
        }
        MailContent::HourBefore {
            title,
            description,
            due_date,
            scheduled_at,
            remaining,
            message,
            priority,
            category,
            ..
        } => {
            let due = due_date.unwrap_or(*scheduled_at);
            let texts = (description.as_ref(), category.as_ref(), message.as_ref());
            reader.reminder((title, *remaining), (due, *priority), texts)
        }
        MailContent::Digest { day, total, tasks, .. } => {
            reader.digest(&day.strftime("%A, %-d %B %Y").to_string(), *total, tasks)
        }
    }?;
    rendered.headers = unsubscribe.map(|link| unsubscribe_headers(&link)).unwrap_or_default();
    Ok(rendered)
}

/// A text that the account's user chose, unless the reader may be somebody else: the address is not verified.
fn known_to_reader<T>(user: &User, text: T) -> Option<T> {
    user.email_verified.then_some(text)
}

/// Whom a mail is to, and where its links lead.
struct Reader<'a> {
    user: &'a User,
    /// The user's name, for a reader who is the user.
    name: Option<&'a str>,
    /// The app's list of tasks.
    tasks: &'a str,
    /// Where one ends such mails; empty for mails that one cannot end.
    unsubscribe: &'a str,
    /// What the mail itself can do.
    buttons: &'a [MailButton],
}

impl Reader<'_> {
    fn reminder(
        &self,
        (title, remaining): (&TaskTitle, Remaining),
        (due, priority): (Timestamp, Priority),
        (description, category, message): (Option<&TaskDescription>, Option<&Category>, Option<&ReminderMessage>),
    ) -> Result<Rendered, Failure> {
        let description = description.and_then(|text| self.lines(text.as_str()));
        let category = category.and_then(|text| self.lines(text.as_str()));
        let message = message.and_then(|text| self.lines(text.as_str()));
        let shown = HourBefore {
            name: self.name,
            title: &isolated(title.as_str()),
            heading: &remaining.heading(),
            remaining: &remaining.to_string(),
            description: description.as_deref(),
            due: &local_time(due, self.user),
            priority: priority.as_str(),
            color: color(priority),
            category: category.as_deref(),
            message: message.as_deref(),
            buttons: self.buttons,
            link: self.tasks,
            unsubscribe: self.unsubscribe,
        };
        let subject = format!("Reminder: {} is {remaining}", shown.title);
        rendered(&subject, &HourBeforeHtml { mail: shown }, &HourBeforeText { mail: shown })
    }

    fn digest(&self, day: &str, total: usize, tasks: &[DigestTask]) -> Result<Rendered, Failure> {
        let tasks: Vec<Listed> = tasks.iter().map(|task| self.listed(task)).collect();
        let sentence = sentence(total);
        let shown = DigestMail {
            name: self.name,
            sentence: &sentence,
            day,
            tasks: &tasks,
            unlisted: total.saturating_sub(tasks.len()),
            link: self.tasks,
            unsubscribe: self.unsubscribe,
        };
        rendered(&format!("Good Morning! {sentence}"), &DigestHtml { mail: shown }, &DigestText { mail: shown })
    }

    fn listed(&self, task: &DigestTask) -> Listed {
        let local = task.at.in_zone(self.user.timezone.rules());
        Listed {
            title: isolated(task.title.as_str()),
            time: local.strftime("%H:%M").to_string(),
            priority: task.priority.as_str(),
            color: color(task.priority),
            category: task.category.as_ref().and_then(|text| self.lines(text.as_str())),
        }
    }

    /// What the user wrote besides titles, line by line; `None` for no text.
    fn lines(&self, text: &str) -> Option<String> {
        known_to_reader(self.user, text).and_then(isolated_lines)
    }
}

/// The buttons of a mail whose link acts; none at an address that is not verified, whose reader may be somebody else.
fn buttons(mail: &Mail, user: &User, api: &str, keyring: &Keyring) -> Vec<MailButton> {
    let Some(link) = ActionLink::of_mail(mail).filter(|_| user.email_verified) else { return Vec::new() };
    let page = format!("{api}{}?token={}", action_page::PATH, link.to_token(&user.email, keyring));
    let button = |action: &Action| MailButton {
        label: action_page::label(*action),
        link: format!("{page}&{}={}", opened_link::ACTION, action.as_str()),
        is_main: link.kind.main_action() == Some(*action),
    };
    link.kind.actions().iter().map(button).collect()
}

/// Where one unsubscribes from such mails.
fn unsubscribe_link(mail: &Mail, api: &str, keyring: &Keyring) -> Option<String> {
    let subscription = Subscription { user: mail.user_id, category: mail.content.category()? };
    Some(format!("{api}/api/unsubscribe?token={}", subscription.to_token(keyring)))
}

/// RFC 8058 §3: with one click of the mail program's own button.
fn unsubscribe_headers(link: &str) -> Vec<(&'static str, String)> {
    vec![("List-Unsubscribe", format!("<{link}>")), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())]
}

/// A key was taken out of the secret before all that it had signed was gone.
const KEY_GONE: &str = "the key of a mailed token is gone";

fn rendered(subject: &str, html: &impl Template, text: &impl Template) -> Result<Rendered, Failure> {
    Ok(Rendered { subject: subject.to_owned(), html: html.render()?, text: text.render()?, headers: Vec::new() })
}

/// A moment as the user's wall shows it: `Monday, 1 December 2025 at 14:30 (Asia/Kolkata)`.
fn local_time(instant: Timestamp, user: &User) -> String {
    let local = instant.in_zone(user.timezone.rules());
    format!("{} ({})", local.strftime("%A, %-d %B %Y at %H:%M"), user.timezone.name())
}

/// The original's colours.
fn color(priority: Priority) -> &'static str {
    match priority {
        Priority::High => "#e74c3c",
        Priority::Medium => "#f39c12",
        Priority::Low => "#3498db",
    }
}

#[cfg(test)]
mod tests;
