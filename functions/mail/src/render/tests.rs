//! Mails as their readers get them.

use super::*;
use serde_json::json;
use shared::domain::email::Email;
use shared::domain::field::Field;
use shared::domain::password::PasswordHash;
use shared::domain::reminder::Reminder;
use shared::domain::task::Task;
use shared::domain::user::PersonName;
use shared::domain::zone::Zone;
use test_support::{clock, parsed};

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
    let user = User::register(name, email, hash, Zone::parse("Asia/Kolkata").unwrap(), clock::now());
    User { email_verified: true, ..user }
}

fn reminder_mail(user: &User, title: &str, message: &str) -> Mail {
    let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let new = parsed(json!({"title": title, "dueDate": "2026-01-01T09:00:00Z"}), now);
    let task = Task::new(user.id, new, &Zone::UTC, now).unwrap();
    let body = json!({"taskId": task.id, "scheduledAt": "2026-01-01T08:00:00Z", "message": message});
    Mail::reminder(&Reminder::new(user.id, parsed(body, now), None, now).unwrap(), &task, now)
}

#[test]
fn what_users_wrote_is_escaped_in_html_and_plain_in_text() {
    let user = user("<img src=x onerror=alert(1)>");
    let mail = reminder_mail(&user, "<script>alert(1)</script>", "\"quoted\" & <b>bold</b>");
    let rendered = render(&mail, &user, &links(), &keyring()).unwrap();
    assert!(!rendered.html.contains("<script>") && !rendered.html.contains("<img") && !rendered.html.contains("<b>"));
    assert!(rendered.text.contains("<script>alert(1)</script>") && rendered.text.contains("<b>bold</b>"));
    assert_eq!(rendered.subject, "Reminder: <script>alert(1)</script> is due soon");
}

#[test]
fn a_reminder_s_mail_says_how_much_is_left_by_its_lead() {
    let user = user("Asha");
    let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let due = "2026-01-01T09:00:00Z";
    let task = Task::new(user.id, parsed(json!({"title": "Pay rent", "dueDate": due}), now), &Zone::UTC, now).unwrap();
    for (lead, words) in [(60, "due soon"), (10, "due in 10 minutes"), (0, "due now")] {
        let new = parsed(json!({"taskId": task.id, "offsetMinutes": 0, "leadMinutes": lead}), now);
        let reminder = Reminder::new(user.id, new, task.due_date, now).unwrap();
        let mail = Mail::reminder(&reminder, &task, reminder.fires_at().unwrap());
        let rendered = render(&mail, &user, &links(), &keyring()).unwrap();
        assert_eq!(rendered.subject, format!("Reminder: Pay rent is {words}"));
        assert!(rendered.text.contains(&format!("Pay rent is {words}.")), "{}", rendered.text);
        assert!(rendered.html.contains(&format!(">D{}</h1>", words.strip_prefix('d').unwrap())), "{}", rendered.html);
    }
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
    let mail = Mail::new(user.id, MailContent::Verification { seed, kid: "1".to_owned() }, clock::now());
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
    let other = Mail::new(user.id, MailContent::PasswordChanged, clock::now());
    assert!(render(&other, &user, &links(), &keyring()).unwrap().headers.is_empty());
}

#[test]
fn a_reminder_s_mail_has_buttons_where_the_address_is_verified() {
    let user = user("Asha");
    let mail = reminder_mail(&user, "Pay rent", "");
    let rendered = render(&mail, &user, &links(), &keyring()).unwrap();
    let link = ActionLink::of_mail(&mail).unwrap();
    assert_eq!(link.expires_at, mail.created_at.plus(shared::domain::tap::LINK_VALID));
    for (label, word) in [("Done", "done"), ("In an hour", "in-an-hour"), ("Tomorrow morning", "tomorrow-morning")] {
        let line = rendered.text.lines().find(|line| line.starts_with(&format!("{label}: "))).unwrap();
        let address = line.split_once(": ").unwrap().1;
        let (token, rest) =
            address.strip_prefix("https://api.example.com/api/act?token=").unwrap().split_once('&').unwrap();
        assert_eq!(rest, format!("action={word}"));
        let presented = shared::auth::action_link::PresentedLink::from_token(token, &keyring()).unwrap();
        assert!(presented.link == link && presented.is_for(&user.email, &keyring()));
        let anchor = format!("<a href=\"{}\"", address.replace('&', "&#38;"));
        let (_, shown) = rendered.html.split_once(&anchor).unwrap();
        assert!(shown.split_once('>').unwrap().1.starts_with(&format!("{label}</a>")), "{shown}");
    }
    let stranger = User { email_verified: false, ..user };
    let others = [reminder_mail(&stranger, "Pay rent", ""), digest_mail(&stranger, &["Pay rent"])];
    for mail in others.iter().chain(&account_mails(&stranger, "")) {
        let rendered = render(mail, &stranger, &links(), &keyring()).unwrap();
        for body in [&rendered.text, &rendered.html] {
            assert!(!body.contains("/api/act") && !body.contains("without a sign-in"), "{body}");
        }
        assert!(!rendered.text.contains("\n\n\n"), "{}", rendered.text);
    }
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
    let mail = Mail::new(user.id, MailContent::LoginCode { seed, kid: "1".to_owned(), expires_at }, clock::now());
    let rendered = render(&mail, &user, &links(), &keyring()).unwrap();
    let code = LoginCode::derive(&keyring(), "1", seed).unwrap();
    assert!(rendered.text.lines().any(|line| line == code.expose()), "{}", rendered.text);
    assert!(rendered.html.contains(code.expose()) && rendered.text.contains("05:35 (Asia/Kolkata)"));
    assert!(!rendered.subject.contains(code.expose()), "subjects show on locked screens");
}

#[test]
fn a_verification_mail_tells_of_the_password_and_carries_no_name() {
    let user = user("Call +1 555 0100 now");
    let content = MailContent::Verification { seed: TokenSeed::new(), kid: "1".to_owned() };
    let rendered = render(&Mail::new(user.id, content, clock::now()), &user, &links(), &keyring()).unwrap();
    for body in [&rendered.html, &rendered.text, &rendered.subject] {
        assert!(!body.contains("555 0100"), "{body}");
    }
    for body in [&rendered.html, &rendered.text] {
        assert!(body.contains("An account with a password was created for this address"), "{body}");
    }
}

#[test]
fn each_switch_of_two_factor_login_has_its_own_words() {
    let user = user("Asha");
    let switched = |two_factor| {
        let mail = Mail::new(user.id, MailContent::TwoFactorSwitched { two_factor }, clock::now());
        render(&mail, &user, &links(), &keyring()).unwrap()
    };
    let (on, off) = (switched(TwoFactor::On), switched(TwoFactor::Off));
    assert_eq!(on.subject, "Two-Factor Authentication Enabled");
    assert_eq!(off.subject, "Two-Factor Authentication Disabled");
    for (rendered, words) in [(&on, "now takes a code"), (&off, "no longer takes a code")] {
        assert!(rendered.html.contains(words) && rendered.text.contains(words), "{}", rendered.text);
    }
}

/// One mail of every kind but reminders and digests.
fn account_mails(user: &User, device: &str) -> Vec<Mail> {
    let (seed, kid, expires_at) = (TokenSeed::new(), "1".to_owned(), clock::now());
    let contents = [
        MailContent::Verification { seed, kid: kid.clone() },
        MailContent::LoginCode { seed, kid: kid.clone(), expires_at },
        MailContent::PasswordReset { seed, kid: kid.clone() },
        MailContent::PasswordChanged,
        MailContent::TwoFactorSwitched { two_factor: TwoFactor::Off },
        MailContent::LoginsBlocked,
        MailContent::GoogleLinked,
        MailContent::ExportReady { seed, kid, expires_at },
        MailContent::TokenTheft { device: device.to_owned() },
    ];
    contents.map(|content| Mail::new(user.id, content, expires_at)).into()
}

#[test]
fn every_mail_escapes_the_user_s_name_and_the_one_to_a_stranger_has_none() {
    let user = user("<img src=x onerror=alert(1)>");
    for mail in account_mails(&user, "<b>a browser</b>") {
        let rendered = render(&mail, &user, &links(), &keyring()).unwrap();
        assert!(!rendered.html.contains("<img") && !rendered.html.contains("<b>"), "{}", rendered.subject);
        let is_verification = matches!(mail.content, MailContent::Verification { .. });
        let greets = |text: &str, name: &str| ["Hello", "Hi"].iter().any(|hi| text.contains(&format!("{hi} {name}")));
        assert_eq!(greets(&rendered.text, "<img src=x"), !is_verification, "{}", rendered.text);
        assert_eq!(greets(&rendered.html, "<span dir=\"auto\">&#60;img src=x"), !is_verification);
    }
}

#[test]
fn the_mail_of_a_reset_has_the_words_of_the_original() {
    let user = user("Asha");
    let reset =
        account_mails(&user, "").into_iter().find(|mail| matches!(mail.content, MailContent::PasswordReset { .. }));
    let rendered = render(&reset.unwrap(), &user, &links(), &keyring()).unwrap();
    assert_eq!(rendered.subject, "Password Reset Request");
    assert!(rendered.html.contains("<p style=\"margin:0 0 16px\">Hi <span dir=\"auto\">Asha</span>,</p>"));
    assert!(rendered.html.contains("We received a request to reset your password. Click the button below:"));
    assert!(rendered.html.contains(">Reset Password</a>"));
    for text in [&rendered.html, &rendered.text] {
        assert!(text.contains("This link expires in 1 hour"), "{text}");
        assert!(text.contains("If you didn't request this, ignore this email."), "{text}");
    }
}

#[test]
fn nothing_that_a_stranger_wrote_but_a_title_reaches_an_address_that_is_not_verified() {
    let stranger = User { email_verified: false, ..user("Win a prize at evil.example") };
    let mut mails = account_mails(&stranger, "Visit evil.example");
    let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let new = json!({
        "title": "Pay rent", "description": "Description of evil.example", "category": "evil.example",
        "dueDate": "2026-01-01T09:00:00Z",
    });
    let task = Task::new(stranger.id, parsed(new, now), &Zone::UTC, now).unwrap();
    let body = json!({"taskId": task.id, "scheduledAt": "2026-01-01T08:00:00Z", "message": "Message of evil.example"});
    mails.push(Mail::reminder(&Reminder::new(stranger.id, parsed(body, now), None, now).unwrap(), &task, now));
    let mut digest = digest_mail(&stranger, &["Pay rent"]);
    if let MailContent::Digest { tasks, .. } = &mut digest.content {
        tasks[0].category.clone_from(&task.category);
    }
    mails.push(digest);
    let owner = User { email_verified: true, ..stranger.clone() };
    for mail in mails {
        let to = |user: &User| render(&mail, user, &links(), &keyring()).unwrap();
        let (rendered, to_owner) = (to(&stranger), to(&owner));
        for body in [&rendered.subject, &rendered.text, &rendered.html] {
            assert!(!body.contains("evil.example"), "{body}");
        }
        if mail.content.category().is_some() {
            assert!(rendered.text.contains("Pay rent") && to_owner.text.contains("evil.example"), "{}", to_owner.text);
        }
        for punctuation in ["  ,", " ,\n", ", !", "session:"] {
            assert!(!rendered.text.contains(punctuation), "{}", rendered.text);
        }
    }
}

#[test]
fn names_and_devices_keep_their_direction_to_themselves() {
    let (name, device) = ("\u{202e}abc", "\u{5d3}\u{5e4}\u{5d3}\u{5e4}\u{5df} 7.0");
    let user = user(name);
    for mail in account_mails(&user, device) {
        let rendered = render(&mail, &user, &links(), &keyring()).unwrap();
        for body in [&rendered.text, &rendered.html] {
            for text in [name, device] {
                let isolated = format!("\u{2068}{text}\u{2069}");
                assert_eq!(body.matches(text).count(), body.matches(&isolated).count(), "{body}");
            }
        }
        if let MailContent::TokenTheft { .. } = mail.content {
            assert!(rendered.text.contains(&format!("that session:\n\n\u{2068}{device}\u{2069}\n\nSign in again")));
            assert!(rendered.html.contains(&format!("\u{2068}{device}\u{2069}")));
        }
    }
}
