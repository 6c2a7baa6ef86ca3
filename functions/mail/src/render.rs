//! Mails as text: one HTML and one plain template each, compiled in, escaped by the template engine.

use askama::Template;
use shared::auth::keyring::Keyring;
use shared::auth::mailed::MailedToken;
use shared::aws::mailer::Rendered;
use shared::clock::Timestamp;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::task::Priority;
use shared::domain::user::User;
use shared::events::Failure;

#[derive(Template)]
#[template(path = "verification.html")]
struct VerificationHtml<'a> {
    name: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "verification.txt")]
struct VerificationText<'a> {
    name: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "password_changed.html")]
struct PasswordChangedHtml<'a> {
    name: &'a str,
}

#[derive(Template)]
#[template(path = "password_changed.txt")]
struct PasswordChangedText<'a> {
    name: &'a str,
}

#[derive(Template)]
#[template(path = "token_theft.html")]
struct TokenTheftHtml<'a> {
    name: &'a str,
    device: &'a str,
}

#[derive(Template)]
#[template(path = "token_theft.txt")]
struct TokenTheftText<'a> {
    name: &'a str,
    device: &'a str,
}

/// What both templates of the hour-before mail show.
#[derive(Clone, Copy)]
struct HourBefore<'a> {
    name: &'a str,
    title: &'a str,
    description: Option<&'a str>,
    due: &'a str,
    priority: &'a str,
    color: &'a str,
    category: Option<&'a str>,
    message: Option<&'a str>,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "hour_before.html")]
struct HourBeforeHtml<'a> {
    mail: HourBefore<'a>,
}

#[derive(Template)]
#[template(path = "hour_before.txt")]
struct HourBeforeText<'a> {
    mail: HourBefore<'a>,
}

/// Renders a mail to `user`.
///
/// # Errors
/// The key of a mailed token was taken out of the secret before the mail went out.
pub fn render(mail: &Mail, user: &User, frontend_url: &str, keyring: &Keyring) -> Result<Rendered, Failure> {
    let name = user.name.as_str();
    match &mail.content {
        MailContent::Verification { seed, kid } => {
            let token = MailedToken::derive(keyring, kid, *seed).ok_or("the token's key is gone")?;
            let link = format!("{frontend_url}/verify-email?token={}", token.expose());
            rendered(
                "Verify Your Email".to_owned(),
                &VerificationHtml { name, link: &link },
                &VerificationText { name, link: &link },
            )
        }
        MailContent::PasswordChanged => {
            rendered("Password Changed".to_owned(), &PasswordChangedHtml { name }, &PasswordChangedText { name })
        }
        MailContent::TokenTheft { device } => {
            rendered("Security Alert".to_owned(), &TokenTheftHtml { name, device }, &TokenTheftText { name, device })
        }
        MailContent::HourBefore { title, description, due_date, scheduled_at, message, priority, category, .. } => {
            let shown = HourBefore {
                name,
                title: title.as_str(),
                description: description.as_ref().map(|text| text.as_str()).filter(|text| !text.is_empty()),
                due: &local_time(due_date.unwrap_or(*scheduled_at), user),
                priority: priority.as_str(),
                color: color(*priority),
                category: category.as_ref().map(|text| text.as_str()).filter(|text| !text.is_empty()),
                message: message.as_ref().map(|text| text.as_str()).filter(|text| !text.is_empty()),
                link: &format!("{frontend_url}/tasks"),
            };
            rendered(
                format!("Reminder: {} is due soon", shown.title),
                &HourBeforeHtml { mail: shown },
                &HourBeforeText { mail: shown },
            )
        }
    }
}

fn rendered(subject: String, html: &impl Template, text: &impl Template) -> Result<Rendered, Failure> {
    Ok(Rendered { subject, html: html.render()?, text: text.render()?, headers: Vec::new() })
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
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use shared::domain::email::Email;
    use shared::domain::field::{Field, Fields};
    use shared::domain::password::PasswordHash;
    use shared::domain::reminder::{NewReminder, Reminder};
    use shared::domain::task::{NewTask, Task};
    use shared::domain::user::PersonName;
    use shared::domain::zone::Zone;
    use shared::id::TokenSeed;

    fn keyring() -> Keyring {
        Keyring::parse(r#"{"current":"1","1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).unwrap()
    }

    fn user(name: &str) -> User {
        let name = PersonName::read("Name", &json!(name)).unwrap();
        let email = Email::parse("a@example.com").unwrap();
        let hash = PasswordHash::from_phc(String::new());
        User::register(name, email, hash, Zone::parse("Asia/Kolkata").unwrap(), Timestamp::now())
    }

    fn fields(value: Value) -> Fields {
        let Value::Object(object) = value else { panic!("no object") };
        Fields::new(object)
    }

    fn reminder_mail(user: &User, title: &str, message: &str) -> Mail {
        let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let new = NewTask::read(&mut fields(json!({"title": title, "dueDate": "2026-01-01T09:00:00Z"}))).unwrap();
        let task = Task::new(user.id, new, &Zone::UTC, now);
        let body = json!({"taskId": task.id, "scheduledAt": "2026-01-01T08:00:00Z", "message": message});
        let new = NewReminder::read(&mut fields(body), now).unwrap();
        Mail::hour_before(&Reminder::new(user.id, new, now), &task, now)
    }

    #[test]
    fn what_users_wrote_is_escaped_in_html_and_plain_in_text() {
        let user = user("<img src=x onerror=alert(1)>");
        let mail = reminder_mail(&user, "<script>alert(1)</script>", "\"quoted\" & <b>bold</b>");
        let rendered = render(&mail, &user, "https://app.example.com", &keyring()).unwrap();
        assert!(
            !rendered.html.contains("<script>") && !rendered.html.contains("<img") && !rendered.html.contains("<b>")
        );
        assert!(rendered.text.contains("<script>alert(1)</script>") && rendered.text.contains("<b>bold</b>"));
        assert_eq!(rendered.subject, "Reminder: <script>alert(1)</script> is due soon");
    }

    #[test]
    fn times_are_the_users() {
        let user = user("Asha");
        let mail = reminder_mail(&user, "Pay rent", "");
        let rendered = render(&mail, &user, "https://app.example.com", &keyring()).unwrap();
        assert!(rendered.text.contains("Thursday, 1 January 2026 at 14:30 (Asia/Kolkata)"), "{}", rendered.text);
        assert!(rendered.html.contains("Thursday, 1 January 2026 at 14:30"));
    }

    #[test]
    fn the_verification_link_is_the_same_at_every_try_and_not_the_seed() {
        let (user, seed) = (user("Asha"), TokenSeed::new());
        let mail = Mail::new(user.id, MailContent::Verification { seed, kid: "1".to_owned() }, Timestamp::now());
        let text = || render(&mail, &user, "https://app.example.com", &keyring()).unwrap().text;
        assert_eq!(text(), text());
        assert!(text().contains("https://app.example.com/verify-email?token="));
        assert!(!text().contains(&seed.to_string()));
    }
}
