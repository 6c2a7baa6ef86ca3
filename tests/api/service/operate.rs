//! The operators' commands, on the running system.

use serde_json::{Value, json};

use crate::support::{App, eventually, fires_in, id, minutes_ahead, noon};

const SUBJECT: &str = "Reminder: Water the ferns is due soon";

/// The mails that tell of the task.
async fn count(app: &App, email: &str) -> usize {
    app.mailbox.about(email, SUBJECT).await.len()
}

#[tokio::test]
async fn a_parked_mail_leaves_with_a_redrive() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &minutes_ahead(10)).await;
    user.wait_until_sent(&reminder).await;
    // As it stands where SES took it on none of four tries: given up, and its message parked.
    let rows = app.cloud().rows_of(&user.id).await;
    let newest = rows.iter().filter_map(|row| row.strip_prefix("MAIL#")).max().expect("the reminder's mail");
    app.cloud().set_text(&user.id, &format!("MAIL#{newest}"), "state", "failed").await;
    let message = json!({"userId": user.id, "mailId": newest});
    app.cloud().enqueue("MailDeadLetters", &message).await;
    eventually("it is parked", async || (app.cloud().operate(&["parked"]).await["mail"] == 1).then_some(())).await;
    assert_eq!(app.cloud().operate(&["redrive", "mail", "--dry-run"]).await, json!({"mail": 1}));
    assert_eq!(count(&app, &user.email).await, 1, "a dry run moves nothing");
    assert_eq!(app.cloud().operate(&["redrive", "mail"]).await, json!({"mail": 1}));
    eventually("it leaves", async || (count(&app, &user.email).await == 2).then_some(())).await;
    assert_eq!(app.cloud().operate(&["parked"]).await["mail"], 0);
    // Once more: its row says that it has left.
    app.cloud().enqueue("MailDeadLetters", &message).await;
    eventually("it is moved", async || {
        (app.cloud().operate(&["redrive", "mail"]).await == json!({"mail": 1})).then_some(())
    })
    .await;
    app.later_mail(&user).await;
    assert_eq!(count(&app, &user.email).await, 2);
}

#[tokio::test]
async fn a_digest_by_hand_says_what_it_would_tell_and_then_tells_it() {
    let app = App::new();
    let user = app.user().await;
    user.patch("/api/user/me", json!({"timezone": noon().0})).await.expect(200);
    let today = minutes_ahead(150);
    let task = user.create_task(json!({"title": "Water the ferns", "dueDate": today})).await;
    user.remind(&task, &today).await;
    let dry = app.cloud().operate(&["digest", &user.id, "--dry-run"]).await;
    assert_eq!((&dry["tasks"], &dry["mail"]), (&json!(1), &json!(true)), "{dry}");
    assert!(!dry.to_string().contains("ferns") && !dry.to_string().contains(&user.email), "{dry}");
    let subject = "Good Morning! You have 1 task due today";
    assert!(app.mailbox.about(&user.email, subject).await.is_empty(), "a dry run sends nothing");
    app.cloud().operate(&["digest", &user.id]).await;
    app.mailbox.wait_for(&user.email, subject).await;
}

#[tokio::test]
async fn a_reminder_is_fired_by_hand_when_it_is_due_and_not_hours_ahead() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    // Five minutes before its time: its schedule has not come.
    let soon = user.remind(&task, &fires_in(300)).await;
    let fire = |reminder: &Value, more: &'static [&'static str]| {
        let (cloud, reminder, user) = (app.cloud(), id(reminder).to_owned(), user.id.clone());
        async move { cloud.operate(&[&["fire", user.as_str(), reminder.as_str()], more].concat()).await }
    };
    let dry = fire(&soon, &["--dry-run"]).await;
    assert_eq!((&dry["mail"], &dry["status"]), (&json!(true), &json!("pending")), "{dry}");
    let far = user.remind(&task, &fires_in(86_400)).await;
    let refusal = app.cloud().operated(&["fire", &user.id, id(&far)]).await.expect_err("a day ahead");
    assert!(refusal.contains("is not fired by hand"), "{refusal}");
    fire(&soon, &[]).await;
    user.wait_until_sent(&soon).await;
    app.later_mail(&user).await;
    assert_eq!(count(&app, &user.email).await, 1);
    assert_eq!(user.reminder_now(&far).await.expect("it is there")["status"], "pending");
}

#[tokio::test]
async fn ending_a_user_s_sessions_ends_all_of_them_and_a_login_that_waits_for_its_code() {
    let app = App::new();
    let (user, other) = (app.two_factor_user().await, app.user().await);
    let challenge = app.challenge(&user).await;
    let listed = app.cloud().operate(&["end-sessions", &user.id, "--dry-run"]).await;
    assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(1), "{listed}");
    app.assert_alive(&user.tokens).await;
    let ended = app.cloud().operate(&["end-sessions", &user.email]).await;
    assert_eq!((&ended["ended"], &ended["user"]), (&json!(1), &json!(user.id)), "{ended}");
    app.assert_ended(&user.tokens).await;
    challenge.verify(&challenge.code).await.expect_error(400, "INVALID_OTP");
    app.assert_alive(&other.tokens).await;
    let again = app.challenge(&user).await;
    again.verify(&again.code).await.expect(200);
    assert!(app.cloud().operated(&["end-sessions", "nobody@example.com"]).await.is_err());
}
