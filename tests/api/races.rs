//! What happens at the same time.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Answer, App, PASSWORD, User, at_once, each, fires_in, id, minutes_ahead, unique_email};

/// How many answers have this status.
fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status() == status).count()
}

fn show(answers: &[Answer]) -> String {
    answers.iter().map(|answer| format!("{answer}\n")).collect()
}

#[tokio::test]
pub(crate) async fn of_32_registrations_of_one_address_one_succeeds() {
    let app = App::new();
    let email = unique_email();
    let spelled = |n: usize| if n.is_multiple_of(2) { email.clone() } else { email.to_uppercase() };
    let password = |n: usize| format!("Meadow-{n}-lark");
    let answers = at_once((0..32).map(|n| app.client().register("Asha Rao", &spelled(n), &password(n)))).await;
    assert_eq!((count(&answers, 201), count(&answers, 400)), (1, 31), "{}", show(&answers));
    let winner = answers.iter().position(|answer| answer.status() == 201).expect("one");
    for answer in answers.into_iter().filter(|answer| answer.status() == 400) {
        answer.expect_error(400, "USER_EXISTS").saying("User already exists");
    }

    // One user, with the winner's password. An account takes ten failed logins; a few of the others' will do.
    app.client().login(&email, &password(winner)).await.expect(200);
    for loser in (0..32).filter(|n| *n != winner).take(5) {
        app.client().login(&email, &password(loser)).await.expect_error(401, "INVALID_CREDENTIALS");
    }

    // What was asked for later has arrived: what was asked for before would have, too.
    let later = app.user().await;
    app.mailbox.wait_for_text(&later.email, "/verify-email?token=").await;
    app.mailbox.wait_for_text(&email, "/verify-email?token=").await;
    assert_eq!(app.mailbox.messages(&email).await.len(), 1);
}

#[tokio::test]
async fn of_concurrent_updates_of_one_version_one_wins() {
    let user = App::new().user().await;
    let created = user.post("/api/tasks", json!({"title": "Water the ferns"})).await.expect(201);
    let task = created.data()["task"].clone();
    let etag = created.etag();
    let update = |n: usize| user.update_task(&task, json!({"title": format!("Title {n}")})).if_match(&etag);
    let answers = at_once((0..16).map(update)).await;
    assert_eq!((count(&answers, 200), count(&answers, 412)), (1, 15), "{}", show(&answers));
    let winner = answers.iter().find(|answer| answer.status() == 200).expect("one");
    assert_eq!(user.task_now(&task).await, winner.data()["task"]);
}

#[tokio::test]
async fn of_64_concurrent_increments_each_is_applied_or_refused() {
    let user = App::new().user().await;
    let task = user.create_task(json!({"title": "Count", "description": "0"})).await;
    let path = format!("/api/tasks/{}", id(&task));
    let (mut applied, mut answered) = (0, 0);
    for _ in 0..3 {
        let reads = at_once((0..64).map(|_| user.get(&path))).await;
        let updates = reads.into_iter().map(|read| {
            let read = read.expect(200);
            let description = &read.data()["task"]["description"];
            let number: u32 = description.as_str().and_then(|text| text.parse().ok()).expect("a number");
            user.update_task(&task, json!({"description": (number + 1).to_string()})).if_match(&read.etag())
        });
        let answers = at_once(updates).await;
        assert!(count(&answers, 200) >= 1, "{}", show(&answers));
        applied += count(&answers, 200);
        answered += count(&answers, 200) + count(&answers, 412) + count(&answers, 409);
    }
    assert_eq!(answered, 3 * 64);
    assert_eq!(user.task_now(&task).await["description"], applied.to_string());
}

#[tokio::test]
async fn concurrent_updates_of_different_fields_are_all_kept() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let changes = [
        json!({"title": "Water the palms"}),
        json!({"description": "Two cups"}),
        json!({"priority": "high"}),
        json!({"category": "Balcony"}),
    ];
    for answer in at_once(changes.iter().map(|change| user.update_task(&task, change.clone()))).await {
        answer.expect(200);
    }
    let now = user.task_now(&task).await;
    for (field, value) in changes.iter().flat_map(|change| change.as_object().expect("an object")) {
        assert_eq!(&now[field], value, "{field}");
    }
}

#[tokio::test]
async fn of_32_tasks_created_at_once_each_is_listed() {
    let user = App::new().user().await;
    let body = |n: usize| json!({"title": format!("Task {n}"), "dueDate": "2031-01-15T10:00:00Z"});
    let answers = at_once((0..32).map(|n| user.post("/api/tasks", body(n)))).await;
    let mut created = BTreeSet::new();
    for answer in answers {
        created.insert(id(&answer.expect(201).data()["task"]).to_owned());
    }
    let tasks = user.tasks(&[("limit", "100")]).await;
    assert_eq!(tasks.len(), 32);
    assert_eq!(each(&tasks, "id").into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), created);
}

#[tokio::test]
async fn completing_a_task_at_once_from_many_places_makes_one_notification() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let answers = at_once((0..12).map(|_| user.update_task(&task, json!({"status": "completed"})))).await;
    // Who loses against all the others is told so, and may try again.
    assert!(count(&answers, 200) >= 1 && count(&answers, 200) + count(&answers, 409) == 12, "{}", show(&answers));
    assert_eq!(user.task_now(&task).await["status"], "completed");
    assert_eq!(user.notifications_of(&task, "general").await.len(), 1);
}

#[tokio::test]
async fn a_task_s_last_reminder_is_given_once() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let body = || json!({"taskId": id(&task), "scheduledAt": fires_in(86_400)});
    for _ in 0..29 {
        user.create_reminder(body()).await;
    }
    let answers = at_once((0..6).map(|_| user.post("/api/reminders", body()))).await;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 5), "{}", show(&answers));
    assert_eq!(user.reminders().await.len(), 30);
    assert_eq!(user.task_now(&task).await["reminders"].as_array().map(Vec::len), Some(30));
}

#[tokio::test]
async fn a_deleted_task_leaves_no_reminder_that_was_created_meanwhile() {
    let user = App::new().user().await;
    for _ in 0..5 {
        let task = user.task("Here and gone").await;
        let body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400)});
        let mut calls = vec![user.delete_task(&task)];
        calls.extend((0..4).map(|_| user.post("/api/reminders", body.clone())));
        let answers = at_once(calls).await;
        let allowed = |answer: &Answer| [201, 404, 409].contains(&answer.status());
        assert!(answers[1..].iter().all(allowed), "{}", show(&answers));
        if answers[0].status() != 200 {
            user.delete_task(&task).await.expect(200);
        }
        assert!(user.reminders().await.is_empty());
    }
}

#[tokio::test]
async fn of_concurrent_deletions_one_succeeds() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let answers = at_once((0..8).map(|_| user.delete_task(&task))).await;
    assert_eq!((count(&answers, 200), count(&answers, 404)), (1, 7), "{}", show(&answers));
}

#[tokio::test]
pub(crate) async fn a_logout_during_writes_leaves_nothing_written_after_it() {
    let app = App::new();
    let user = app.user().await;
    let (device, _) = app.another_device(&user).await;
    let mut calls: Vec<_> = (0..12).map(|n| device.post("/api/tasks", json!({"title": format!("Task {n}")}))).collect();
    calls.insert(6, device.call("POST", "/api/auth/logout"));
    let answers = at_once(calls).await;
    let written = count(&answers, 201);
    assert_eq!(written + count(&answers, 401), 12, "{}", show(&answers));
    assert_eq!(
        user.tasks(&[("limit", "100")]).await.len(),
        written,
        "what was answered 201 is there, and nothing else"
    );
}

/// Moves a reminder over and over from the moment it is to go out.
async fn move_while_it_fires(user: &User, reminder: &Value) {
    for n in 0..20 {
        let answer = user.update_reminder(reminder, json!({"scheduledAt": minutes_ahead(10 + n)})).await;
        assert!([200, 409].contains(&answer.status()), "{answer}");
        if answer.status() == 200 && answer.data()["reminder"]["status"] == "completed" {
            return;
        }
    }
}

#[tokio::test]
async fn a_reminder_moved_while_it_fires_sends_one_mail() {
    let app = App::new();
    for _ in 0..4 {
        let user = app.user().await;
        let task = user.task("Moving target").await;
        let reminder = user.remind(&task, &minutes_ahead(10)).await;
        move_while_it_fires(&user, &reminder).await;
        let sent = user.wait_until_sent(&reminder).await;
        assert_eq!(sent["status"], "completed");
        // Another one after it has gone out: whatever was still on its way has had its time.
        let witness = user.task("Witness").await;
        user.remind(&witness, &minutes_ahead(40)).await;
        app.mailbox.wait_for(&user.email, "Reminder: Witness is due soon").await;
        let mails = app.mailbox.about(&user.email, "Reminder: Moving target is due soon").await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert_eq!(user.notifications_of(&task, "upcoming").await.len(), 1);
    }
}

#[tokio::test]
async fn a_reminder_deleted_while_it_fires_is_gone_and_sends_one_mail_at_most() {
    let app = App::new();
    for _ in 0..4 {
        let user = app.user().await;
        let task = user.task("Vanishing").await;
        let reminder = user.remind(&task, &minutes_ahead(10)).await;
        user.delete_reminder(&reminder).await.expect(200);
        let witness = user.task("Witness").await;
        user.remind(&witness, &minutes_ahead(40)).await;
        app.mailbox.wait_for(&user.email, "Reminder: Witness is due soon").await;
        assert!(app.mailbox.about(&user.email, "Reminder: Vanishing is due soon").await.len() <= 1);
        assert_eq!(user.reminder_now(&reminder).await, None);
    }
}

#[tokio::test]
async fn sessions_opened_at_once_all_work() {
    let app = App::new();
    let user = app.user().await;
    let answers = at_once((0..6).map(|_| app.client().login(&user.email, PASSWORD))).await;
    for answer in answers {
        let access = answer.expect(200).set_cookie("accessToken").expect("a cookie").value;
        app.client().cookies(&[("accessToken", &access)]).task("Side by side").await;
    }
}

#[tokio::test]
async fn logins_at_once_beyond_the_limit_leave_ten_sessions() {
    let app = App::new();
    let email = unique_email();
    app.client().register("Asha Rao", &email, PASSWORD).await.expect(201);
    let login = || app.client().login(&email, PASSWORD).header("x-token-delivery", "body");
    // Each comes from a strange address, of which the account's guard lets ten try at a time.
    let mut answers = at_once((0..8).map(|_| login())).await;
    // So few that the refresh tokens of those that make room can be refused without reaching the account's limit.
    answers.extend(at_once((0..6).map(|_| login())).await);
    let (opened, refused) = (count(&answers, 200), count(&answers, 409));
    assert!(opened > 0 && opened + refused == 14, "{}", show(&answers));

    let mut alive = Vec::new();
    for answer in answers.iter().filter(|answer| answer.status() == 200) {
        let refresh = app.client().refresh(&answer.tokens().refresh).await;
        if refresh.status() == 200 {
            alive.push(refresh.tokens());
        } else {
            refresh.expect_unauthorized();
        }
    }
    assert_eq!(alive.len(), opened.min(10), "of {opened} sessions");
    assert_eq!(app.client().bearer(&alive[0].access).sessions().await.len(), alive.len());
}
