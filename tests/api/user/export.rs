//! `POST /api/user/export`, `GET /api/user/export`, `POST /api/user/export/open`
//!
//! That links die (the mailed one after a day, the presigned one after five minutes, the file after a week) takes
//! too long to see here.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    Answer, App, Call, Client, FRONTEND, PASSWORD, User, at_once, each, eventually, fires_in, id, instant, names, now,
    text,
};

const PATH: &str = "/api/user/export";
const OPEN: &str = "/api/user/export/open";
const MAIL: &str = "Your Data Export";

#[track_caller]
fn export_of(answer: &Answer) -> Value {
    let export = answer.data().clone();
    assert_eq!(names(&export), ["expiresAt", "id", "requestedAt", "size", "status", "url"], "{answer}");
    export
}

/// Asks for an export, and waits until it is ready.
async fn exported(user: &Client) -> Value {
    let asked = export_of(&user.call("POST", PATH).await.expect(202));
    ready(user, &asked).await
}

async fn ready(user: &Client, asked: &Value) -> Value {
    eventually("the export is ready", async || {
        let export = export_of(&user.get(PATH).await.expect(200));
        assert_eq!(export["id"], asked["id"]);
        (export["status"] == "ready").then_some(export)
    })
    .await
}

/// Fetches the file behind a presigned link.
async fn file(app: &App, url: &str) -> (String, Value) {
    let page = app.web().get(url).await;
    assert_eq!(page.status, 200, "{url}: {}", page.body);
    let value = serde_json::from_str(&page.body).expect("the file is JSON");
    (page.body, value)
}

/// The token in the mail that tells of an export.
async fn mailed_token(app: &App, user: &User) -> String {
    let mail = app.mailbox.wait_for(&user.email, MAIL).await;
    let link = format!("{FRONTEND}/settings?export=");
    let token = mail.token_of(&link).unwrap_or_else(|| panic!("expected {link} in {mail:?}"));
    assert!(mail.html.contains(&token), "both parts hold the same token: {mail:?}");
    assert!(token.len() >= 43, "256 bits take 43 characters of base64url: {token}");
    token
}

#[tokio::test]
async fn an_export_starts_and_is_then_pending() {
    let user = App::new().user().await;
    let answer = user.call("POST", PATH).await.expect(202).saying("Export started");
    let export = export_of(&answer);
    uuid::Uuid::parse_str(id(&export)).expect("an id is a UUID");
    assert_eq!(export["status"], "pending");
    for field in ["expiresAt", "size", "url"] {
        assert_eq!(export[field], json!(null), "{field}");
    }
    let age = now().duration_since(instant(&export["requestedAt"]));
    assert!(age.as_secs().abs() < 120, "{age:?}");
}

#[tokio::test]
async fn a_ready_export_tells_its_size_its_end_and_where_it_is() {
    let app = App::new();
    let user = app.user().await;
    let export = exported(&user).await;
    let days = instant(&export["expiresAt"]).duration_since(instant(&export["requestedAt"])).as_secs() / 86_400;
    assert!((6..=7).contains(&days), "{export}");
    let (body, _) = file(&app, text(&export, "url")).await;
    assert_eq!(export["size"].as_u64(), Some(body.len() as u64), "{export}");
}

#[tokio::test]
async fn the_file_has_all_that_is_the_user_s_and_no_secret() {
    let app = App::new();
    let (user, other) = (app.user_named("Zoë O'Connor").await, app.user().await);
    app.browser(&user).await;
    other.task("Somebody else's").await;
    let task = user.create_task(json!({"title": "Water the ferns", "description": "Two <b>cups</b> 🌿"})).await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let over = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400), "status": "completed"});
    let over = user.create_reminder(over).await;
    let done = user.task("Feed the cat").await;
    user.complete(&done).await;
    let recurrence = json!({"rrule": "FREQ=DAILY", "anchor": "due", "timezone": "UTC"});
    let due = "2031-03-01T09:00:00.000Z";
    let recurring = user.create_task(json!({"title": "Feed the fish", "dueDate": due, "recurrence": recurrence})).await;
    user.complete(&recurring).await;

    let (body, file) = file(&app, text(&exported(&user).await, "url")).await;
    let fields = [
        "attachments",
        "completions",
        "exportedAt",
        "notifications",
        "occurrences",
        "reminders",
        "sessions",
        "taps",
        "tasks",
        "user",
    ];
    assert_eq!(names(&file), fields);
    instant(&file["exportedAt"]);
    assert_eq!((&file["user"]["id"], &file["user"]["email"]), (&json!(user.id), &json!(user.email)));
    assert_eq!(file["user"]["name"], "Zoë O'Connor");
    let list = |name: &str| file[name].as_array().unwrap_or_else(|| panic!("expected a list `{name}`")).clone();
    assert_eq!(list("sessions").len(), 2);
    let tasks = list("tasks");
    let titles: BTreeSet<&str> = each(&tasks, "title").into_iter().collect();
    assert_eq!(titles, BTreeSet::from(["Feed the cat", "Feed the fish", "Water the ferns"]));
    assert!(tasks.iter().any(|task| task["description"] == "Two <b>cups</b> 🌿"), "{tasks:?}");
    let reminders: BTreeSet<String> = each(&list("reminders"), "id").into_iter().map(ToOwned::to_owned).collect();
    assert_eq!(reminders, BTreeSet::from([id(&reminder).to_owned(), id(&over).to_owned()]));
    assert_eq!(each(&list("completions"), "reminderId"), [id(&over)]);
    assert_eq!(list("notifications").len(), 2);
    assert!(list("attachments").is_empty());
    let occurrences = list("occurrences");
    assert_eq!((each(&occurrences, "dueDate"), each(&occurrences, "taskId")), (vec![due], vec![id(&recurring)]));

    for secret in ["$argon2", "password_hash", "passwordHash", "refreshHash", "refresh_hash", "seed", "\"PK\"", "USER#"]
    {
        assert!(!body.contains(secret), "{secret} is in the file");
    }
    for token in [&user.tokens.access, &user.tokens.refresh] {
        assert!(!body.contains(token.as_str()));
    }
    assert!(!body.contains("Somebody else's") && !body.contains(&other.id));
}

#[tokio::test]
async fn a_file_of_more_tasks_than_the_table_reads_at_once_has_each_of_them() {
    let app = App::new();
    let user = app.user().await;
    // The table reads a megabyte at once; these are four bytes a character.
    let body = |n: usize| json!({"title": format!("Task {n:03}"), "description": "🌿".repeat(1000)});
    for chunk in 0..10 {
        for answer in at_once((0..30).map(|n| user.post("/api/tasks", body(30 * chunk + n)))).await {
            answer.expect(201);
        }
    }
    let (_, file) = file(&app, text(&exported(&user).await, "url")).await;
    let tasks = file["tasks"].as_array().expect("tasks");
    assert_eq!(each(tasks, "title").into_iter().collect::<BTreeSet<_>>().len(), 300);
    assert_eq!(tasks.len(), 300);
}

#[tokio::test]
async fn a_file_of_more_than_eight_megabytes_which_goes_up_in_parts_comes_whole() {
    let app = App::new();
    let user = app.user().await;
    let text_of = |n: usize| format!("{n:02}").repeat(190_000);
    for n in 0..25 {
        // As heavy as a row can be. Nothing that a user writes is, and a file of that length would take minutes to fill.
        let row = json!({"message": {"S": text_of(n)}});
        app.cloud().put_row(&user.id, &format!("NTF#0190163d-8694-739b-aea5-966c26f8{n:04x}"), &row).await;
    }
    let export = exported(&user).await;
    assert!(export["size"].as_u64().is_some_and(|size| size > 25 * 380_000), "{}", export["size"]);
    let (body, file) = file(&app, text(&export, "url")).await;
    assert_eq!(export["size"].as_u64(), Some(body.len() as u64));
    let notifications = file["notifications"].as_array().expect("notifications");
    assert_eq!(notifications.len(), 25);
    assert!(notifications.iter().enumerate().all(|(n, one)| one["message"] == text_of(n)), "in order and whole");
}

fn open(client: &Client, token: &str) -> Call {
    client.post(OPEN, json!({"token": token}))
}

#[track_caller]
fn assert_invalid(answer: Answer) {
    answer.expect_error(400, "INVALID_TOKEN").saying("Invalid or expired link");
}

#[tokio::test]
async fn one_mail_leads_its_signed_in_user_to_the_file_once() {
    let app = App::new();
    let user = app.user().await;
    let export = exported(&user).await;
    let token = mailed_token(&app, &user).await;
    let (browser, _) = app.browser(&user).await;
    let opened = export_of(&open(&browser, &token).await.expect(200));
    assert_eq!(opened["id"], export["id"]);
    let (_, through_mail) = file(&app, text(&opened, "url")).await;
    let (_, through_app) = file(&app, text(&export, "url")).await;
    assert_eq!(through_mail, through_app);
    assert_invalid(open(&browser, &token).await);
    assert_invalid(open(&user, &token).await);
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, MAIL).await.len(), 1);
}

#[tokio::test]
pub(crate) async fn the_mail_alone_leads_nowhere_and_another_user_does_not_use_it_up() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    exported(&user).await;
    exported(&other).await;
    let token = mailed_token(&app, &user).await;
    open(&app.client(), &token).await.expect_unauthorized();
    app.client().get(PATH).query(&[("token", &token)]).await.expect_unauthorized();
    assert_invalid(open(&other, &token).await);
    open(&user, &token).await.expect(200);
}

#[tokio::test]
pub(crate) async fn a_new_password_ends_the_mailed_link() {
    let app = App::new();
    let user = app.user().await;
    exported(&user).await;
    let token = mailed_token(&app, &user).await;
    let change = json!({"currentPassword": PASSWORD, "newPassword": "Harbour-77-gull"});
    user.post("/api/user/change-password", change).await.expect(200);
    assert_invalid(open(&user, &token).await);
    user.get(PATH).await.expect(200);
}

#[tokio::test]
async fn of_uses_at_once_one_leads_to_the_file() {
    let app = App::new();
    let user = app.user().await;
    exported(&user).await;
    let token = mailed_token(&app, &user).await;
    let clients: Vec<Client> = (0..6).map(|_| app.client().bearer(&user.tokens.access)).collect();
    let answers = at_once(clients.iter().map(|client| open(client, &token))).await;
    let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 200);
    assert_eq!(good.len(), 1);
    bad.into_iter().for_each(assert_invalid);
}

#[tokio::test]
async fn a_token_that_was_never_mailed_leads_nowhere() {
    let app = App::new();
    let user = app.user().await;
    exported(&user).await;
    let token = mailed_token(&app, &user).await;
    let verification = app.mailbox.verification_token(&user.email, &[]).await;
    let (shorter, longer, unknown) = (&token[..token.len() - 1], format!("{token}A"), "A".repeat(43));
    // Refused tokens count as failed sign-ins of the account, so two accounts share them.
    for bad in [shorter, &longer, &unknown, &verification] {
        assert_invalid(open(&user, bad).await);
    }
    let other = app.user().await;
    for bad in ["garbage", &user.id, &user.tokens.access, "../../etc/passwd"] {
        assert_invalid(open(&other, bad).await);
    }
    for bad in [json!({}), json!({"token": " "}), json!({"token": {"$ne": null}})] {
        user.post(OPEN, bad).await.expect_invalid(&["token"]);
    }
    open(&user, &token).await.expect(200);
}

#[tokio::test]
async fn the_link_in_the_mail_does_nothing_but_lead_to_the_file() {
    let app = App::new();
    let user = app.user().await;
    exported(&user).await;
    let token = mailed_token(&app, &user).await;
    app.client().bearer(&token).get("/api/user/me").await.expect_unauthorized();
    app.client().reset(&token, "Harbour-77-gull").await.expect_error(400, "INVALID_RESET_TOKEN");
    let verify = user.post("/api/auth/verify-email", json!({"token": token})).await;
    verify.expect_error(400, "INVALID_TOKEN");
    app.client().call("POST", PATH).query(&[("token", &token)]).await.expect_unauthorized();
}

#[tokio::test]
async fn a_wrong_password_starts_nothing() {
    let app = App::new();
    let user = app.user().await;
    let wrong = user.post(PATH, json!({"password": "Wrong-Pass-1"})).await;
    wrong.expect_error(400, "WRONG_PASSWORD").saying("Password is incorrect");
    user.get(PATH).await.expect_error(404, "NOT_FOUND");
    user.post(PATH, json!({"password": PASSWORD})).await.expect(202);
}

#[tokio::test]
pub(crate) async fn an_ended_session_gets_no_address_of_the_file() {
    let app = App::new();
    let user = app.user().await;
    exported(&user).await;
    let token = mailed_token(&app, &user).await;
    let (device, _) = app.another_device(&user).await;
    device.get(PATH).await.expect(200);
    device.call("POST", "/api/auth/logout").await.expect(200);
    device.get(PATH).await.expect_unauthorized();
    open(&device, &token).await.expect_unauthorized();
    open(&user, &token).await.expect(200);
}

#[tokio::test]
pub(crate) async fn a_presigned_link_opens_no_other_file() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let (own, others) = (exported(&user).await, exported(&other).await);
    let (own, others) = (text(&own, "url"), text(&others, "url"));
    let (path, signature) = own.split_once('?').expect("a presigned link");
    let (other_path, _) = others.split_once('?').expect("a presigned link");
    assert_ne!(path, other_path);
    for link in [path.to_owned(), other_path.to_owned(), format!("{other_path}?{signature}")] {
        let page = app.web().get(&link).await;
        assert!([400, 403].contains(&page.status), "{link} shows {}: {}", page.status, page.body);
        assert!(!page.body.contains(&other.email) && !page.body.contains(&user.email), "{}", page.body);
    }
}

#[tokio::test]
async fn who_never_asked_has_no_export() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    exported(&other).await;
    user.get(PATH).await.expect_error(404, "NOT_FOUND").saying("Export not found");
}

#[tokio::test]
async fn asking_again_while_one_is_pending_starts_no_further_one() {
    let app = App::new();
    let user = app.user().await;
    // As many as are admitted at once: each counts as a failed sign-in until it has succeeded.
    let answers = at_once((0..5).map(|_| user.call("POST", PATH))).await;
    let mut ids = BTreeSet::new();
    for answer in answers {
        ids.insert(id(&export_of(&answer.expect(202))).to_owned());
    }
    // One may be ready before the last has asked.
    assert!(ids.len() <= 3, "{ids:?}");
    eventually("the last export is ready", async || {
        (export_of(&user.get(PATH).await.expect(200))["status"] == "ready").then_some(())
    })
    .await;
    eventually("its mail arrives", async || {
        (app.mailbox.about(&user.email, MAIL).await.len() == ids.len()).then_some(())
    })
    .await;
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, MAIL).await.len(), ids.len());
}

#[tokio::test]
async fn an_export_asked_for_again_within_minutes_is_the_same() {
    let app = App::new();
    let user = app.user().await;
    let first = exported(&user).await;
    let (_, before) = file(&app, text(&first, "url")).await;
    user.task("Water the ferns").await;
    let second = exported(&user).await;
    let (_, after) = file(&app, text(&second, "url")).await;
    assert_eq!((&first["id"], &before), (&second["id"], &after));
}

#[tokio::test]
async fn an_ended_session_exports_nothing() {
    let app = App::new();
    let user = app.user().await;
    let (device, _) = app.another_device(&user).await;
    device.call("POST", "/api/auth/logout").await.expect(200);
    device.call("POST", PATH).await.expect_unauthorized();
    user.get(PATH).await.expect_error(404, "NOT_FOUND");
    app.later_mail(&user).await;
    assert!(app.mailbox.about(&user.email, MAIL).await.is_empty());
}
