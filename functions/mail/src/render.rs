//! Mails as text: one HTML and one plain template each, compiled in, escaped by the template engine.

use askama::Template;
use shared::auth::keyring::Keyring;
use shared::auth::mailed::{LoginCode, MailedToken};
use shared::auth::unsubscribe::Subscription;
use shared::aws::mailer::Rendered;
use shared::clock::Timestamp;
use shared::domain::digest::{DigestTask, sentence};
use shared::domain::mail::{Mail, MailContent};
use shared::domain::task::Priority;
use shared::domain::user::User;
use shared::events::Failure;
use shared::id::TokenSeed;

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
#[template(path = "login_code.html")]
struct LoginCodeHtml<'a> {
    name: &'a str,
    code: &'a str,
    until: &'a str,
}

#[derive(Template)]
#[template(path = "login_code.txt")]
struct LoginCodeText<'a> {
    name: &'a str,
    code: &'a str,
    until: &'a str,
}

#[derive(Template)]
#[template(path = "password_reset.html")]
struct PasswordResetHtml<'a> {
    name: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "password_reset.txt")]
struct PasswordResetText<'a> {
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
#[template(path = "logins_blocked.html")]
struct LoginsBlockedHtml<'a> {
    name: &'a str,
}

#[derive(Template)]
#[template(path = "logins_blocked.txt")]
struct LoginsBlockedText<'a> {
    name: &'a str,
}

#[derive(Template)]
#[template(path = "google_linked.html")]
struct GoogleLinkedHtml<'a> {
    name: &'a str,
}

#[derive(Template)]
#[template(path = "google_linked.txt")]
struct GoogleLinkedText<'a> {
    name: &'a str,
}

#[derive(Template)]
#[template(path = "export_ready.html")]
struct ExportReadyHtml<'a> {
    name: &'a str,
    link: &'a str,
    until: &'a str,
}

#[derive(Template)]
#[template(path = "export_ready.txt")]
struct ExportReadyText<'a> {
    name: &'a str,
    link: &'a str,
    until: &'a str,
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
    unsubscribe: &'a str,
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

/// What both templates of the digest show.
#[derive(Clone, Copy)]
struct DigestMail<'a> {
    name: &'a str,
    sentence: &'a str,
    day: &'a str,
    tasks: &'a [Listed],
    unlisted: usize,
    link: &'a str,
    unsubscribe: &'a str,
}

/// A task in a digest.
struct Listed {
    title: String,
    time: String,
    priority: &'static str,
    color: &'static str,
    category: Option<String>,
}

#[derive(Template)]
#[template(path = "digest.html")]
struct DigestHtml<'a> {
    mail: DigestMail<'a>,
}

#[derive(Template)]
#[template(path = "digest.txt")]
struct DigestText<'a> {
    mail: DigestMail<'a>,
}

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
/// # Errors
/// The key of a mailed token was taken out of the secret before the mail went out.
pub fn render(mail: &Mail, user: &User, links: &Links, keyring: &Keyring) -> Result<Rendered, Failure> {
    let name = &isolated(user.name.as_str());
    let unsubscribe = unsubscribe_link(mail, &links.public, keyring);
    let token = |kid: &str, seed: TokenSeed| MailedToken::derive(keyring, kid, seed).ok_or(KEY_GONE);
    let mut rendered = match &mail.content {
        MailContent::Verification { seed, kid } => {
            let link = &format!("{}/verify-email?token={}", links.frontend, token(kid, *seed)?.expose());
            rendered("Verify Your Email", &VerificationHtml { name, link }, &VerificationText { name, link })
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
        MailContent::LoginsBlocked => {
            rendered("Sign-In Attempts Blocked", &LoginsBlockedHtml { name }, &LoginsBlockedText { name })
        }
        MailContent::GoogleLinked => {
            rendered("Google Sign-In Linked", &GoogleLinkedHtml { name }, &GoogleLinkedText { name })
        }
        MailContent::ExportReady { seed, kid, expires_at } => {
            let link = &format!("{}/api/user/export?token={}", links.public, token(kid, *seed)?.expose());
            let until = &local_time(*expires_at, user);
            rendered("Your Data Export", &ExportReadyHtml { name, link, until }, &ExportReadyText { name, link, until })
        }
        MailContent::TokenTheft { device } => {
            rendered("Security Alert", &TokenTheftHtml { name, device }, &TokenTheftText { name, device })
        }
        MailContent::HourBefore { title, description, due_date, scheduled_at, message, priority, category, .. } => {
            let description = description.as_ref().and_then(|text| isolated_lines(text.as_str()));
            let category = category.as_ref().and_then(|text| isolated_lines(text.as_str()));
            let message = message.as_ref().and_then(|text| isolated_lines(text.as_str()));
            let shown = HourBefore {
                name,
                title: &isolated(title.as_str()),
                description: description.as_deref(),
                due: &local_time(due_date.unwrap_or(*scheduled_at), user),
                priority: priority.as_str(),
                color: color(*priority),
                category: category.as_deref(),
                message: message.as_deref(),
                link: &format!("{}/tasks", links.frontend),
                unsubscribe: unsubscribe.as_deref().unwrap_or_default(),
            };
            rendered(
                &format!("Reminder: {} is due soon", shown.title),
                &HourBeforeHtml { mail: shown },
                &HourBeforeText { mail: shown },
            )
        }
        MailContent::Digest { day, total, tasks, .. } => {
            let listed: Vec<Listed> = tasks.iter().map(|task| listed(task, user)).collect();
            let sentence = sentence(*total);
            let shown = DigestMail {
                name,
                sentence: &sentence,
                day: &day.strftime("%A, %-d %B %Y").to_string(),
                tasks: &listed,
                unlisted: total.saturating_sub(listed.len()),
                link: &format!("{}/tasks", links.frontend),
                unsubscribe: unsubscribe.as_deref().unwrap_or_default(),
            };
            rendered(&format!("Good Morning! {sentence}"), &DigestHtml { mail: shown }, &DigestText { mail: shown })
        }
    }?;
    rendered.headers = unsubscribe.map(|link| unsubscribe_headers(&link)).unwrap_or_default();
    Ok(rendered)
}

fn listed(task: &DigestTask, user: &User) -> Listed {
    let local = task.at.in_zone(user.timezone.rules());
    Listed {
        title: isolated(task.title.as_str()),
        time: local.strftime("%H:%M").to_string(),
        priority: task.priority.as_str(),
        color: color(task.priority),
        category: task.category.as_ref().and_then(|text| isolated_lines(text.as_str())),
    }
}

/// Text between U+2068 and U+2069 (UAX #9 §2.4.2): neither its own direction nor what it overrides reaches beyond it,
/// also where it closes isolates of its own. The text itself stays as it was typed.
fn isolated(text: &str) -> String {
    if text.chars().all(is_neutral) { text.to_owned() } else { isolate(text) }
}

fn isolate(text: &str) -> String {
    const FIRST_STRONG: char = '\u{2068}';
    const POP: char = '\u{2069}';
    const OPENING: [char; 3] = ['\u{2066}', '\u{2067}', FIRST_STRONG];
    let mut depth = 0_usize;
    let mut balanced = String::from(FIRST_STRONG);
    for c in text.chars() {
        match c {
            POP if depth == 0 => continue,
            POP => depth -= 1,
            c if OPENING.contains(&c) => depth += 1,
            _ => {}
        }
        balanced.push(c);
    }
    balanced.extend(std::iter::repeat_n(POP, depth + 1));
    balanced
}

/// Whether a character leaves the direction of what stands around it alone: what is written from left to right, and
/// symbols. The blocks are those that UAX #9 §3.2 has right-to-left by default, and the characters that turn.
fn is_neutral(c: char) -> bool {
    !matches!(c,
        '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same line by line, since an isolate ends with its paragraph; `None` for no text. Beside a line from right to left
/// plain ones are isolated too: the direction of the whole would tear off their brackets.
fn isolated_lines(text: &str) -> Option<String> {
    let isolated = if text.chars().all(is_neutral) { str::to_owned } else { isolate };
    let lines: Vec<String> = text.lines().map(isolated).collect();
    (!text.is_empty()).then(|| lines.join("\n"))
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

    fn keyring() -> Keyring {
        Keyring::parse(r#"{"current":"1","1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).unwrap()
    }

    fn links() -> Links {
        Links { frontend: "https://app.example.com".to_owned(), public: "https://api.example.com".to_owned() }
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
        let rendered = render(&mail, &user, &links(), &keyring()).unwrap();
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
        let rendered = render(&mail, &user, &links(), &keyring()).unwrap();
        assert!(rendered.text.contains("Thursday, 1 January 2026 at 14:30 (Asia/Kolkata)"), "{}", rendered.text);
        assert!(rendered.html.contains("Thursday, 1 January 2026 at 14:30"));
    }

    #[test]
    fn the_verification_link_is_the_same_at_every_try_and_not_the_seed() {
        let (user, seed) = (user("Asha"), TokenSeed::new());
        let mail = Mail::new(user.id, MailContent::Verification { seed, kid: "1".to_owned() }, Timestamp::now());
        let text = || render(&mail, &user, &links(), &keyring()).unwrap().text;
        assert_eq!(text(), text());
        assert!(text().contains("https://app.example.com/verify-email?token="));
        assert!(!text().contains(&seed.to_string()));
    }

    fn digest_mail(user: &User, titles: &[&str]) -> Mail {
        let at = Timestamp::parse("2026-01-05T03:30:00Z").unwrap();
        let tasks: Vec<DigestTask> = titles
            .iter()
            .map(|title| DigestTask {
                id: shared::id::TaskId::new(),
                title: shared::domain::task::TaskTitle::read("Title", &json!(title)).unwrap(),
                at,
                priority: Priority::High,
                category: None,
            })
            .collect();
        let digest = shared::domain::digest::Digest { total: tasks.len(), tasks, reminders: Vec::new() };
        Mail::digest(user.id, "2026-01-05".parse().unwrap(), digest, at)
    }

    #[test]
    fn a_digest_counts_lists_and_links() {
        let user = user("Asha");
        let one = render(&digest_mail(&user, &["Pay rent"]), &user, &links(), &keyring()).unwrap();
        assert_eq!(one.subject, "Good Morning! You have 1 task due today");
        let two = render(&digest_mail(&user, &["Pay rent", "<b>Call</b>"]), &user, &links(), &keyring()).unwrap();
        assert_eq!(two.subject, "Good Morning! You have 2 tasks due today");
        assert!(two.text.contains("09:00  Pay rent (HIGH)"), "{}", two.text);
        assert!(two.text.contains("Monday, 5 January 2026") && two.text.contains("<b>Call</b>"));
        assert!(two.html.contains("#e74c3c") && !two.html.contains("<b>Call</b>"));
        for body in [&two.html, &two.text] {
            assert!(body.contains("https://app.example.com/tasks"));
        }
    }

    #[test]
    fn digests_and_reminders_say_how_to_unsubscribe_and_other_mails_do_not() {
        let user = user("Asha");
        for mail in [digest_mail(&user, &["Pay rent"]), reminder_mail(&user, "Pay rent", "")] {
            let rendered = render(&mail, &user, &links(), &keyring()).unwrap();
            let [(first, link), (second, post)] = rendered.headers.as_slice() else { panic!("{:?}", rendered.headers) };
            assert_eq!((*first, *second), ("List-Unsubscribe", "List-Unsubscribe-Post"));
            assert_eq!(post, "List-Unsubscribe=One-Click");
            let link = link.strip_prefix('<').and_then(|link| link.strip_suffix('>')).unwrap();
            assert!(rendered.text.contains(link) && rendered.html.contains(&link.replace('&', "&amp;")));
            let token = link.strip_prefix("https://api.example.com/api/unsubscribe?token=").unwrap();
            let found = Subscription::from_token(token, &keyring()).unwrap();
            assert_eq!((found.user, Some(found.category)), (user.id, mail.content.category()));
        }
        let other = Mail::new(user.id, MailContent::PasswordChanged, Timestamp::now());
        assert!(render(&other, &user, &links(), &keyring()).unwrap().headers.is_empty());
    }

    #[test]
    fn a_title_s_direction_stays_within_it() {
        let user = user("Asha");
        let tricky = "\u{202e}gnp.exe\u{2069} \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{2067}open";
        let rendered = render(&reminder_mail(&user, tricky, ""), &user, &links(), &keyring()).unwrap();
        let (before, rest) = rendered.subject.split_once('\u{2068}').unwrap();
        let (title, after) = rest.rsplit_once('\u{2069}').unwrap();
        assert_eq!((before, after), ("Reminder: ", " is due soon"));
        assert!(title.starts_with("\u{202e}gnp.exe") && title.ends_with("open\u{2069}"), "{title:?}");
        let opened = title.chars().filter(|c| ('\u{2066}'..='\u{2068}').contains(c)).count();
        assert_eq!(opened, title.chars().filter(|c| *c == '\u{2069}').count());
        let plain = render(&reminder_mail(&user, "Pay rent", ""), &user, &links(), &keyring()).unwrap();
        assert!(!plain.subject.contains('\u{2068}'));
    }

    #[test]
    fn a_line_keeps_its_direction_beside_lines_of_another() {
        let user = user("Asha");
        let mixed = "\u{5e9}\u{5dc}\u{5d5}\u{5dd}\n(see the plan)";
        let rendered = render(&reminder_mail(&user, "Pay rent", mixed), &user, &links(), &keyring()).unwrap();
        let lines = "\u{2068}\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{2069}\n\u{2068}(see the plan)\u{2069}";
        assert!(rendered.html.contains(lines) && rendered.text.contains(lines), "{}", rendered.html);
    }

    #[test]
    fn a_login_code_stands_on_a_line_of_its_own() {
        let (user, seed) = (user("Asha"), TokenSeed::new());
        let expires_at = Timestamp::parse("2026-01-01T00:05:00Z").unwrap();
        let mail =
            Mail::new(user.id, MailContent::LoginCode { seed, kid: "1".to_owned(), expires_at }, Timestamp::now());
        let rendered = render(&mail, &user, &links(), &keyring()).unwrap();
        let code = LoginCode::derive(&keyring(), "1", seed).unwrap();
        assert!(rendered.text.lines().any(|line| line == code.expose()), "{}", rendered.text);
        assert!(rendered.html.contains(code.expose()) && rendered.text.contains("05:35 (Asia/Kolkata)"));
        assert!(!rendered.subject.contains(code.expose()), "subjects show on locked screens");
    }

    #[test]
    fn every_mail_escapes_the_users_name() {
        let (user, seed, kid) = (user("<img src=x onerror=alert(1)>"), TokenSeed::new(), "1".to_owned());
        let expires_at = Timestamp::now();
        for content in [
            MailContent::Verification { seed, kid: kid.clone() },
            MailContent::LoginCode { seed, kid: kid.clone(), expires_at },
            MailContent::PasswordReset { seed, kid: kid.clone() },
            MailContent::PasswordChanged,
            MailContent::LoginsBlocked,
            MailContent::GoogleLinked,
            MailContent::ExportReady { seed, kid, expires_at },
            MailContent::TokenTheft { device: "<b>a browser</b>".to_owned() },
        ] {
            let rendered = render(&Mail::new(user.id, content, expires_at), &user, &links(), &keyring()).unwrap();
            assert!(!rendered.html.contains("<img") && !rendered.html.contains("<b>"), "{}", rendered.subject);
            assert!(rendered.text.contains("<img src=x"), "{}", rendered.subject);
        }
    }
}
