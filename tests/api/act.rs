//! `GET` and `POST /api/act`: the buttons of a reminder's mail.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{
    Answer, App, Call, Client, PASSWORD, User, at_once, eventually, id, instant, minutes_ahead, noon, now,
};

const LINK: &str = "/api/act?token=";
const FORM: &str = "application/x-www-form-urlencoded";
const INVALID: &str = "This link does not work";
const RATINGS: [&str; 4] = ["again", "hard", "good", "easy"];

/// A verified user whose reminder has been mailed, and the token of the mail's link.
struct Mailed {
    user: User,
    task: Value,
    reminder: Value,
    token: String,
}

impl Mailed {
    async fn new(app: &App) -> Self {
        Self::about(app, json!({"title": "Water the ferns", "dueDate": minutes_ahead(30)})).await
    }

    async fn recurring(app: &App) -> Self {
        let recurrence = json!({"rrule": "FREQ=DAILY", "anchor": "due", "timezone": "UTC"});
        Self::about(app, json!({"title": "Water the ferns", "dueDate": minutes_ahead(30), "recurrence": recurrence}))
            .await
    }

    async fn about(app: &App, task: Value) -> Self {
        let user = app.verified_user_named("Asha Rao").await;
        let task = user.create_task(task).await;
        let reminder = user.create_reminder(json!({"taskId": id(&task), "offsetMinutes": 10})).await;
        let mail = app.mailbox.wait_for(&user.email, "Reminder: Water the ferns is due soon").await;
        let token = mail.token_of(LINK).expect("the mail has a link");
        let reminder = user.wait_until_sent(&reminder).await;
        Self { user, task, reminder, token }
    }

    /// A verified user whose review, of today, has been mailed.
    async fn review(app: &App) -> Self {
        let user = app.verified_user_named("Asha Rao").await;
        user.patch("/api/user/me", json!({"timezone": noon().0})).await.expect(200);
        let task = user.task("Irregular verbs").await;
        user.put(&format!("/api/tasks/{}/plan", id(&task)), json!({"kind": "fixed", "days": [1, 3]})).await.expect(200);
        let reminder = json!({"id": user.task_now(&task).await["plan"]["reminderId"]});
        let soon = format!("{:.3}", now() + SignedDuration::from_secs(3));
        user.update_reminder(&reminder, json!({"scheduledAt": soon})).await.expect(200);
        let mail = app.mailbox.wait_for(&user.email, "Reminder: Irregular verbs is due for review").await;
        let token = mail.token_of(LINK).expect("the mail has a link");
        for rating in RATINGS {
            assert!(mail.text.contains(&format!("{token}&action={rating}")), "{rating} is not in {}", mail.text);
        }
        let reminder = user.wait_until_sent(&reminder).await;
        Self { user, task, reminder, token }
    }

    /// What a press could change, as the app shows it.
    async fn state(&self) -> (Value, Option<Value>, Vec<Value>) {
        let user = &self.user;
        (user.task_now(&self.task).await, user.reminder_now(&self.reminder).await, user.notifications().await)
    }

    async fn press(&self, app: &App, action: &str) -> String {
        press(&app.client(), &self.token, action).await.expect_page(200)
    }
}

fn open(client: &Client, token: &str) -> Call {
    client.get(&format!("{LINK}{token}"))
}

fn press(client: &Client, token: &str, action: &str) -> Call {
    client.call("POST", &format!("{LINK}{token}")).body(FORM, format!("action={action}"))
}

/// The token of a page's button that undoes.
#[track_caller]
fn undo_token(page: &str) -> String {
    let (_, rest) = page.split_once(LINK).unwrap_or_else(|| panic!("expected a form in {page}"));
    let (token, rest) = rest.split_once('"').expect("the end of an attribute");
    assert!(rest.contains("value=\"undo\""), "{page}");
    token.to_owned()
}

#[track_caller]
fn assert_says(page: &str, words: &[&str]) {
    assert!(words.iter().all(|words| page.contains(words)), "{words:?} are not all in {page}");
}

#[tokio::test]
async fn a_mail_to_a_verified_address_has_a_button_for_each_thing_and_one_to_another_address_has_none() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let mail = app.mailbox.wait_for(&mailed.user.email, "Reminder: Water the ferns is due soon").await;
    for action in ["done", "in-an-hour", "tomorrow-morning"] {
        let link = format!("{}{LINK}{}&action={action}", app.base_url(), mailed.token);
        assert!(mail.text.contains(&link), "{link} is not in {}", mail.text);
        let escaped = ["&amp;", "&#38;", "&#x26;"].map(|ampersand| link.replace('&', ampersand));
        assert!(escaped.iter().any(|link| mail.html.contains(link)), "{link} is not in {}", mail.html);
        let page =
            mailed.user.signed_out().get(&format!("{LINK}{}&action={action}", mailed.token)).await.expect_page(200);
        let (_, first) = page.split_once("class=\"main\"").expect("a first button");
        let (first, _) = first.split_once('>').expect("the end of a tag");
        assert!(first.contains(&format!("value=\"{action}\"")), "{page}");
    }
    let stranger = app.user().await;
    let task = stranger.task("Water the ferns").await;
    stranger.remind(&task, &minutes_ahead(10)).await;
    let mail = app.mailbox.wait_for(&stranger.email, "Reminder: Water the ferns is due soon").await;
    assert!(!mail.text.contains("/api/act") && !mail.html.contains("/api/act"), "{mail:?}");
}

#[tokio::test]
async fn its_page_shows_the_title_and_nothing_else_of_the_account_and_opens_no_session() {
    let app = App::new();
    let about = json!({
        "title": "Water the ferns", "description": "The ones in the hall", "category": "Greenery",
        "dueDate": minutes_ahead(30),
    });
    let mailed = Mailed::about(&app, about).await;
    let (email, address) = (&mailed.user.email, app.client());
    let asked = open(&address, &mailed.token).await;
    let done = press(&address, &mailed.token, "done").await;
    for answer in [asked, done] {
        assert_eq!(answer.cookies_set(), 0, "{answer}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(answer.header("content-security-policy").is_some_and(|policy| policy.contains("form-action 'self'")));
        let page = answer.expect_page(200);
        assert_says(
            &page,
            &["Water the ferns", "<form method=\"post\"", "name=\"viewport\"", "prefers-color-scheme: dark"],
        );
        for hidden in [email, "Asha", "The ones in the hall", "Greenery", "<script", "http://", id(&mailed.task)] {
            assert!(!page.contains(hidden), "{hidden} is in {page}");
        }
    }
    for path in ["/api/user/me", "/api/tasks"] {
        address.bearer(&mailed.token).get(path).await.expect_unauthorized();
        address
            .cookies(&[("accessToken", &mailed.token), ("refreshToken", &mailed.token)])
            .get(path)
            .await
            .expect_unauthorized();
    }
}

#[tokio::test]
async fn markup_in_a_title_is_text_on_the_page() {
    let app = App::new();
    let user = app.verified_user_named("Asha Rao").await;
    let evil = "<img src=x onerror=alert(1)> \"'&";
    let task = user.task(evil).await;
    user.remind(&task, &minutes_ahead(10)).await;
    let mail = app.mailbox.wait_for(&user.email, &format!("Reminder: {evil} is due soon")).await;
    let page = open(&app.client(), &mail.token_of(LINK).expect("a link")).await.expect_page(200);
    assert!(!page.contains("<img") && page.contains("onerror=alert(1)"), "{page}");
}

#[tokio::test]
pub(crate) async fn programs_that_open_links_and_submit_forms_change_nothing() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let before = mailed.state().await;
    let scanner = app.client();
    let path = format!("{LINK}{}", mailed.token);
    let opened = at_once((0..100).map(|_| app.client().get(&path))).await;
    assert!(opened.into_iter().map(|answer| answer.expect_page(200)).all(|page| page.contains("value=\"done\"")));
    for name in ["purpose", "sec-purpose", "x-moz"] {
        scanner.get(&path).header(name, "prefetch").await.expect_page(200);
    }
    assert_eq!(scanner.call("HEAD", &path).await.expect(200).body(), "");
    scanner.call("OPTIONS", &path).await;
    for body in ["", "action=", "action=%20", "list=one&unsubscribe", "{\"action\":\"done\"}"] {
        let page = scanner.call("POST", &path).body(FORM, body).await.expect_page(200);
        assert_says(&page, &["value=\"done\""]);
    }
    let page = scanner.call("POST", &path).await.expect_page(200);
    assert_says(&page, &["value=\"done\""]);
    // Neither what the address says nor another form's encoding is a button.
    scanner.call("POST", &format!("{path}&action=done")).await.expect_page(200);
    scanner.call("POST", &path).json(&json!({"action": "done"})).await.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
    for action in ["delete", "undo", "done&action=done", "done,undo", "%22"] {
        let page = press(&scanner, &mailed.token, action).await.expect_page(400);
        assert_says(&page, &["This button is not known"]);
    }
    for method in ["PUT", "PATCH", "DELETE"] {
        scanner.call(method, &path).await.expect_error(405, "METHOD_NOT_ALLOWED");
    }
    assert_eq!(mailed.state().await, before);
    assert_says(&mailed.press(&app, "done").await, &["<h1>Done</h1>"]);
}

#[tokio::test]
pub(crate) async fn done_completes_the_task_once_and_every_later_press_says_so() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let later =
        mailed.user.create_reminder(json!({"taskId": id(&mailed.task), "offsetMinutes": 0, "leadMinutes": 0})).await;
    let first = mailed.press(&app, "done").await;
    assert_says(&first, &["<h1>Done</h1>", "Done at "]);
    let after = mailed.state().await;
    assert_eq!(after.0["status"], "completed");
    assert_eq!(mailed.user.notifications_of(&mailed.task, "general").await.len(), 1);
    assert_eq!(mailed.user.reminder_now(&later).await.expect("it is there")["status"], "skipped");
    for action in ["done", "done", "in-an-hour", "tomorrow-morning"] {
        assert_eq!(mailed.press(&app, action).await, first, "{action}");
    }
    assert_eq!(open(&app.client(), &mailed.token).await.expect_page(200), first);
    assert_eq!(mailed.state().await, after);
}

#[tokio::test]
pub(crate) async fn of_presses_at_once_one_acts() {
    let app = App::new();
    let mailed = Mailed::recurring(&app).await;
    let presses = ["done", "in-an-hour", "tomorrow-morning"].iter().cycle().take(12);
    let answers = at_once(presses.map(|action| press(&app.client(), &mailed.token, action))).await;
    let pages: Vec<String> = answers.into_iter().map(|answer| answer.expect_page(200)).collect();
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]), "{pages:#?}");
    let (task, reminder, notifications) = mailed.state().await;
    let is_advanced = task["version"] == 2;
    assert!(is_advanced || task["version"] == 1, "{task}");
    let reminder = reminder.expect("it is there");
    assert_eq!(reminder["snoozedUntil"].is_null(), is_advanced, "{reminder}");
    let completions = notifications.iter().filter(|one| one["title"] == "Task Completed").count();
    assert_eq!(completions, usize::from(is_advanced));
    let occurrences = mailed.user.get(&format!("/api/tasks/{}/occurrences", id(&mailed.task))).await.expect(200);
    assert_eq!(occurrences.list("occurrences").len(), usize::from(is_advanced));
}

#[tokio::test]
async fn done_is_undone_with_all_that_followed_from_it() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let user = &mailed.user;
    let body = json!({"taskId": id(&mailed.task), "scheduledAt": minutes_ahead(600)});
    let later = user.create_reminder(body).await;
    let unread = user.unread().await;
    let undo = undo_token(&mailed.press(&app, "done").await);
    assert_eq!(user.unread().await, unread + 1);
    let page = press(&app.client(), &undo, "undo").await.expect_page(200);
    assert_says(&page, &["<h1>Undone</h1>", "Undone at "]);
    let (task, _, notifications) = mailed.state().await;
    assert_eq!((&task["status"], &task["completedAt"], &task["version"]), (&json!("todo"), &json!(null), &json!(3)));
    assert_eq!(user.unread().await, unread);
    assert!(notifications.iter().all(|one| one["title"] != "Task Completed"), "{notifications:?}");
    let restored = user.reminder_now(&later).await.expect("it is there");
    assert_eq!((&restored["status"], &restored["delivery"]["state"]), (&json!("pending"), &json!("scheduled")));
    assert_eq!(restored["delivery"]["scheduledFor"], later["delivery"]["scheduledFor"]);
    eventually("it has a schedule again", async || {
        (app.cloud().schedules_of(id(&later)).await.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
pub(crate) async fn an_undo_sent_again_and_a_button_after_it_do_nothing() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let undo = undo_token(&mailed.press(&app, "done").await);
    let undone = press(&app.client(), &undo, "undo").await.expect_page(200);
    let after = mailed.state().await;
    for (token, action) in [(&undo, "undo"), (&mailed.token, "done"), (&mailed.token, "in-an-hour")] {
        assert_eq!(press(&app.client(), token, action).await.expect_page(200), undone, "{action}");
    }
    assert_eq!(mailed.state().await, after);
}

#[tokio::test]
async fn an_occurrence_is_completed_and_taken_back() {
    let app = App::new();
    let mailed = Mailed::recurring(&app).await;
    let (user, due) = (&mailed.user, instant(&mailed.task["dueDate"]));
    let page = mailed.press(&app, "done").await;
    assert_says(&page, &["It is due again at "]);
    let occurrences = async || {
        let answer = user.get(&format!("/api/tasks/{}/occurrences", id(&mailed.task))).await.expect(200);
        answer.list("occurrences")
    };
    assert_eq!(instant(&user.task_now(&mailed.task).await["dueDate"]), due + SignedDuration::from_hours(24));
    assert_eq!(occurrences().await.len(), 1);
    press(&app.client(), &undo_token(&page), "undo").await.expect_page(200);
    let (task, reminder, _) = mailed.state().await;
    assert_eq!((instant(&task["dueDate"]), &task["status"]), (due, &json!("todo")));
    assert!(occurrences().await.is_empty());
    assert_eq!(reminder.expect("it is there")["status"], "completed", "what went out stays so");
    // The series counts on from where it was.
    user.complete(&mailed.task).await;
    assert_eq!(instant(&user.task_now(&mailed.task).await["dueDate"]), due + SignedDuration::from_hours(24));
}

#[tokio::test]
async fn a_reminder_is_put_off_by_an_hour_or_to_the_morning_and_taken_back() {
    let app = App::new();
    for action in ["in-an-hour", "tomorrow-morning"] {
        let mailed = Mailed::new(&app).await;
        let user = &mailed.user;
        user.patch(
            "/api/user/me",
            json!({"timezone": "Etc/UTC", "morning_digest": {"enabled": false, "time": "06:30"}}),
        )
        .await
        .expect(200);
        let counted = async || user.get("/api/analytics").await.expect(200).data()["completedReminders"].clone();
        let before = now();
        let page = mailed.press(&app, action).await;
        assert_says(&page, &["<h1>Put off</h1>", "You are reminded again at "]);
        let snoozed = user.reminder_now(&mailed.reminder).await.expect("it is there");
        assert_eq!((&snoozed["status"], &snoozed["scheduledAt"]), (&json!("pending"), &snoozed["snoozedUntil"]));
        let until = instant(&snoozed["snoozedUntil"]);
        if action == "in-an-hour" {
            let ahead = until.duration_since(before).as_secs();
            assert!((3600..3700).contains(&ahead), "{ahead}");
        } else {
            let wanted = before.to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().expect("a day").at(6, 30, 0, 0);
            let wanted = wanted.to_zoned(jiff::tz::TimeZone::UTC).expect("an instant").timestamp();
            // Midnight may have passed in between.
            assert!(until == wanted || until == wanted + SignedDuration::from_hours(24), "{until}");
        }
        assert_eq!(counted().await, 1, "what went out stays counted");
        press(&app.client(), &undo_token(&page), "undo").await.expect_page(200);
        let restored = user.reminder_now(&mailed.reminder).await.expect("it is there");
        for field in ["status", "scheduledAt", "snoozedUntil", "emailSent", "emailSentAt"] {
            assert_eq!(restored[field], mailed.reminder[field], "{field}");
        }
        assert_eq!(counted().await, 1);
    }
}

#[tokio::test]
async fn a_review_is_rated_from_its_mail_and_taken_back() {
    let app = App::new();
    let mailed = Mailed::review(&app).await;
    let user = &mailed.user;
    let counted = async || user.get("/api/analytics").await.expect(200).data()["completedReminders"].clone();
    let page = open(&app.client(), &mailed.token).await.expect_page(200);
    for rating in RATINGS {
        assert!(page.contains(&format!("value=\"{rating}\"")), "{page}");
    }
    let before = user.task_now(&mailed.task).await["plan"].clone();
    let rated = mailed.press(&app, "good").await;
    assert_says(&rated, &["<h1>Rated</h1>", "Good", "The next review is at"]);
    let plan = user.task_now(&mailed.task).await["plan"].clone();
    assert_eq!((&plan["reviews"], &plan["lastRating"], &plan["step"]), (&json!(1), &json!("good"), &json!(1)));
    assert_eq!(counted().await, json!(1));
    assert_eq!(mailed.press(&app, "easy").await, rated);

    let undone = press(&app.client(), &undo_token(&rated), "undo").await.expect_page(200);
    assert_says(&undone, &["Undone"]);
    assert_eq!((user.task_now(&mailed.task).await["plan"].clone(), counted().await), (before, json!(0)));
    let reminder = user.reminder_now(&mailed.reminder).await.expect("the review");
    assert_eq!((&reminder["status"], &reminder["emailSent"]), (&json!("pending"), &json!(true)));
    let again = json!({"rating": "hard"});
    user.post(&format!("/api/reminders/{}/review", id(&mailed.reminder)), again).await.expect(200);
    assert_eq!(counted().await, json!(1));
    // The link is used up, and acts for no other reminder.
    assert_says(&mailed.press(&app, "good").await, &["Undone"]);
    assert_eq!(user.task_now(&mailed.task).await["plan"]["reviews"], 1);
}

#[tokio::test]
async fn a_mail_about_something_that_has_changed_since_says_so() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    mailed.user.complete(&mailed.task).await;
    let before = mailed.state().await;
    for action in ["done", "in-an-hour", "tomorrow-morning"] {
        assert_says(&mailed.press(&app, action).await, &["Done already", "Nothing was changed"]);
    }
    assert_eq!(mailed.state().await, before);

    let mailed = Mailed::recurring(&app).await;
    mailed.user.complete(&mailed.task).await;
    let before = mailed.state().await;
    assert_says(&mailed.press(&app, "done").await, &["Over already"]);
    assert_eq!(mailed.state().await, before);

    let mailed = Mailed::new(&app).await;
    let again = json!({"scheduledAt": minutes_ahead(600), "status": "pending"});
    mailed.user.update_reminder(&mailed.reminder, again).await.expect(200);
    assert_says(&mailed.press(&app, "in-an-hour").await, &["Moved since"]);
    mailed.user.delete_reminder(&mailed.reminder).await.expect(200);
    assert_says(&mailed.press(&app, "done").await, &["It is gone"]);
    mailed.user.delete_task(&mailed.task).await.expect(200);
    assert_says(&open(&app.client(), &mailed.token).await.expect_page(200), &["It is gone"]);
}

#[tokio::test]
pub(crate) async fn what_was_changed_after_a_tap_is_not_undone() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let undo = undo_token(&mailed.press(&app, "done").await);
    mailed.user.update_task(&mailed.task, json!({"status": "in-progress"})).await.expect(200);
    let before = mailed.state().await;
    let page = press(&app.client(), &undo, "undo").await.expect_page(200);
    assert_says(&page, &["Changed since"]);
    assert_eq!(mailed.state().await, before);
}

/// The sort key of the row of a tap on the reminder's mail.
async fn tap_row(app: &App, mailed: &Mailed) -> String {
    let rows = app.cloud().rows_of(&mailed.user.id).await;
    rows.into_iter().find(|row| row.starts_with("TAP#")).expect("a tap")
}

#[tokio::test]
pub(crate) async fn a_tap_of_ten_minutes_ago_is_not_undone() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let undo = undo_token(&mailed.press(&app, "done").await);
    let earlier = format!("{:.3}", now() - SignedDuration::from_mins(10));
    app.cloud().set_text(&mailed.user.id, &tap_row(&app, &mailed).await, "at", &earlier).await;
    let before = mailed.state().await;
    let page = press(&app.client(), &undo, "undo").await.expect_page(200);
    assert_says(&page, &["Too late to undo"]);
    let page = open(&app.client(), &mailed.token).await.expect_page(200);
    assert!(page.contains("<h1>Done</h1>") && !page.contains("<form"), "{page}");
    assert_eq!(mailed.state().await, before);
}

/// Neither looking nor pressing does anything but say that the link does not work.
async fn assert_dead(app: &App, token: &str) {
    let client = app.client();
    for action in ["done", "in-an-hour", "tomorrow-morning", "undo", ""] {
        let page = press(&client, token, action).await.expect_page(400);
        assert!(page.contains(INVALID) && !page.contains("<form") && !page.contains("ferns"), "{token}: {page}");
    }
    assert_says(&open(&client, token).await.expect_page(400), &[INVALID]);
}

#[tokio::test]
pub(crate) async fn a_changed_cut_or_guessed_token_does_nothing() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let before = mailed.state().await;
    let token = &mailed.token;
    let changed = |at: usize| {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).expect("ASCII")
    };
    let tokens = [
        String::new(),
        "x".to_owned(),
        "A".repeat(token.len()),
        token[..token.len() / 2].to_owned(),
        token[..token.len() - 1].to_owned(),
        format!("{token}A"),
        format!("{token}%00"),
        format!("{token}&token={token}"),
        // Of the tag, the kind, the user, the reminder, the end, the address.
        changed(0),
        changed(22),
        changed(30),
        changed(80),
        changed(115),
        changed(token.len() - 2),
    ];
    for token in &tokens {
        assert_dead(&app, token).await;
    }
    for path in ["/api/act", "/api/act?TOKEN=x", "/api/act?action=done"] {
        assert_says(&app.client().get(path).await.expect_page(400), &[INVALID]);
    }
    assert_eq!(mailed.state().await, before);
}

#[tokio::test]
pub(crate) async fn a_token_of_another_kind_does_nothing() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let user = &mailed.user;
    let mail = app.mailbox.wait_for(&user.email, "Reminder: Water the ferns is due soon").await;
    let unsubscribe = mail.token_of("/api/unsubscribe?token=").expect("a link");
    let verification = app.mailbox.wait_for_text(&user.email, "/verify-email?token=").await;
    let verification = verification.verification_token().expect("a token");
    let reset = app.reset_token(&user.email).await;
    for token in [&unsubscribe, &verification, &reset, &user.tokens.access, &user.tokens.refresh] {
        assert_dead(&app, token).await;
    }
    // Nor is one of these links any of those tokens.
    let client = app.client();
    client.call("POST", &format!("/api/unsubscribe?token={}", mailed.token)).await.expect_error(400, "INVALID_TOKEN");
    client.reset(&mailed.token, "Another-Pass-1").await.expect_error(400, "INVALID_RESET_TOKEN");
    user.post("/api/auth/verify-email", json!({"token": mailed.token})).await.expect_error(400, "INVALID_TOKEN");
    // A page's own button that undoes does nothing else, and a mail's undoes nothing.
    let done = mailed.press(&app, "done").await;
    let after = mailed.state().await;
    for (token, action) in [(&undo_token(&done), "done"), (&undo_token(&done), "in-an-hour"), (&mailed.token, "undo")] {
        assert_says(&press(&client, token, action).await.expect_page(400), &["This button is not known"]);
    }
    assert_eq!(mailed.state().await, after);
}

#[tokio::test]
pub(crate) async fn a_token_acts_for_its_own_user_and_reminder_whoever_sends_it() {
    let app = App::new();
    let (mine, others) = (Mailed::new(&app).await, Mailed::new(&app).await);
    let before = others.state().await;
    let undo = undo_token(&mine.press(&app, "done").await);
    let (browser, _) = app.browser(&others.user).await;
    let page = press(&browser, &mine.token, "in-an-hour").await.expect_page(200);
    assert_says(&page, &["<h1>Done</h1>"]);
    press(&browser, &undo, "undo").await.expect_page(200);
    assert_eq!(others.state().await, before, "the sender's own things are not touched");
    assert_eq!(mine.user.task_now(&mine.task).await["status"], "todo");
}

#[tokio::test]
pub(crate) async fn after_the_account_is_deleted_or_has_another_address_its_links_do_nothing() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let other = crate::support::unique_email();
    app.cloud().set_text(&mailed.user.id, "ACCOUNT", "email", &other).await;
    assert_dead(&app, &mailed.token).await;
    app.cloud().set_text(&mailed.user.id, "ACCOUNT", "email", &mailed.user.email).await;
    let undo = undo_token(&mailed.press(&app, "in-an-hour").await);
    mailed.user.call("DELETE", "/api/user/me").json(&json!({"password": PASSWORD})).await.expect(200);
    assert_dead(&app, &mailed.token).await;
    assert_dead(&app, &undo).await;
    eventually("nothing is left of the account", async || {
        app.cloud().rows_of(&mailed.user.id).await.is_empty().then_some(())
    })
    .await;
    // Somebody else who takes the address gets no more.
    app.client().register("Somebody Else", &mailed.user.email, PASSWORD).await.expect(201);
    assert_dead(&app, &mailed.token).await;
}

#[tokio::test]
async fn a_new_password_and_an_ended_session_leave_the_link_as_it_is() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": "Harbour-77-gull"});
    mailed.user.post("/api/user/change-password", body).await.expect(200);
    mailed.user.call("POST", "/api/auth/logout").await.expect(200);
    assert_says(&mailed.press(&app, "done").await, &["<h1>Done</h1>"]);
}

#[tokio::test]
pub(crate) async fn a_press_comes_from_anywhere_and_counts_for_the_address_alone() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    let (browser, _) = app.browser(&mailed.user).await;
    let left =
        |answer: &Answer| answer.header("ratelimit-remaining").expect("a number").parse::<u32>().expect("a number");
    let stranger = browser.signed_out();
    let before = left(&stranger.get("/api/nothing").await);
    // The page's own button, as browsers send it: our policy makes its origin `null`.
    let navigated = |call: Call| call.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
    let own = navigated(press(&browser, &mailed.token, "done")).header("origin", "null");
    let own = own.header("sec-fetch-site", "same-origin").await;
    assert_eq!(left(&own), before - 1, "{own}");
    assert_says(&own.expect_page(200), &["<h1>Done</h1>"]);
    let framed = navigated(press(&stranger, &mailed.token, "done")).header("origin", "https://mail.example");
    let framed = framed.header("sec-fetch-site", "cross-site").await.expect(200);
    assert_eq!(left(&framed), before - 2, "{framed}");
    // What a page of another site has its visitor's browser send touches no counter of the visitor's.
    let script = press(&stranger, &mailed.token, "done").header("origin", "https://evil.example");
    let script = script.header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "no-cors").await.expect(200);
    assert_eq!(script.header("ratelimit-policy"), Some("100;w=900"));
    assert_eq!(left(&stranger.get("/api/nothing").await), before - 3);
    assert_eq!(script.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_tap_is_in_the_export() {
    let app = App::new();
    let mailed = Mailed::new(&app).await;
    mailed.press(&app, "in-an-hour").await;
    let row = tap_row(&app, &mailed).await;
    assert_eq!(row.split('#').nth(1), Some(id(&mailed.reminder)));
    let user = &mailed.user;
    user.post("/api/user/export", json!({"password": PASSWORD})).await.expect(202);
    let url = eventually("the export is ready", async || {
        let answer = user.get("/api/user/export").await;
        answer.data()["url"].as_str().map(str::to_owned)
    })
    .await;
    let file: Value = serde_json::from_str(&app.web().get(&url).await.body).expect("JSON");
    let taps = file["taps"].as_array().expect("a list");
    assert_eq!(taps.len(), 1, "{file}");
    assert_eq!((&taps[0]["action"], &taps[0]["reminderId"]), (&json!("in-an-hour"), &mailed.reminder["id"]));
    assert_eq!(crate::support::names(&taps[0]), ["action", "at", "next", "reminderId", "taskId"]);
}
