//! A reminder goes out, an hour before its moment or at once if less is left.

use serde_json::{Value, json};

use crate::support::{App, Client, User, eventually, fires_in, id, instant, minutes_ahead};

fn subject(title: &str) -> String {
    format!("Reminder: {title} is due soon")
}

/// Has a reminder of another task go out, so that whatever was to go out before has had its time.
async fn let_a_later_one_go_out(app: &App, user: &User, scheduled_at: &str) {
    let task = user.task("The later one").await;
    user.remind(&task, scheduled_at).await;
    app.mailbox.wait_for(&user.email, &subject("The later one")).await;
}

async fn count(app: &App, user: &User, title: &str) -> usize {
    app.mailbox.about(&user.email, &subject(title)).await.len()
}

/// Waits for the notification that a reminder went out.
async fn upcoming(client: &Client, task: &Value) -> Value {
    eventually("an `upcoming` notification", async || client.notifications_of(task, "upcoming").await.pop()).await
}

#[tokio::test]
async fn with_less_than_an_hour_left_it_goes_out_at_once_and_once() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &minutes_ahead(10)).await;
    let mail = app.mailbox.wait_for(&user.email, &subject("Water the ferns")).await;
    assert!(mail.to.contains(&user.email), "{mail:?}");
    upcoming(&user, &task).await;

    let sent = user.wait_until_sent(&reminder).await;
    assert_eq!(sent["status"], "completed");
    assert_eq!(sent["emailSent"], true);
    let delivery = &sent["delivery"];
    assert!(instant(&sent["emailSentAt"]) >= instant(&reminder["createdAt"]));
    assert!(instant(&delivery["sentAt"]) >= instant(&delivery["scheduledFor"]), "{delivery}");
    assert!(delivery["latenessMs"].as_u64().is_some_and(|late| late < 60_000), "{delivery}");
    assert!(delivery["attempts"].as_u64().is_some_and(|attempts| attempts >= 1), "{delivery}");
    assert_eq!(delivery["reason"], json!(null));

    let_a_later_one_go_out(&app, &user, &minutes_ahead(20)).await;
    assert_eq!(count(&app, &user, "Water the ferns").await, 1);
    assert_eq!(user.notifications_of(&task, "upcoming").await.len(), 1);
}

#[tokio::test]
async fn it_goes_out_an_hour_before_its_moment() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(4)).await;
    let sent = user.wait_until_sent(&reminder).await;
    let hour_before = instant(&reminder["scheduledAt"]) - jiff::SignedDuration::from_hours(1);
    assert_eq!(instant(&sent["delivery"]["scheduledFor"]), hour_before);
    // The scheduler counts whole seconds.
    assert!(instant(&sent["delivery"]["sentAt"]) >= hour_before - jiff::SignedDuration::from_secs(1), "{sent}");
    assert_eq!(count(&app, &user, "Water the ferns").await, 1);
}

#[tokio::test]
async fn the_notification_is_about_the_task() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    user.remind(&task, &minutes_ahead(10)).await;
    let notification = upcoming(&user, &task).await;
    assert_eq!(notification["task"], json!({"id": id(&task), "title": "Water the ferns"}));
    assert_eq!(notification["isRead"], false);
    let words = format!("{} {}", notification["title"], notification["message"]);
    assert!(words.contains("Water the ferns"), "{notification}");
}

#[tokio::test]
async fn push_notifies_in_the_app_and_sends_no_mail() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let body = json!({"taskId": id(&task), "scheduledAt": minutes_ahead(10), "type": "push"});
    let reminder = user.create_reminder(body).await;
    upcoming(&user, &task).await;
    let sent = user.wait_until_sent(&reminder).await;
    assert_eq!(sent["status"], "completed");
    assert_eq!(sent["emailSent"], false);
    assert_eq!(sent["emailSentAt"], json!(null));
    let_a_later_one_go_out(&app, &user, &minutes_ahead(20)).await;
    assert_eq!(count(&app, &user, "Water the ferns").await, 0);
}

#[tokio::test]
async fn both_mails_and_notifies() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let body = json!({"taskId": id(&task), "scheduledAt": minutes_ahead(10), "type": "both"});
    let reminder = user.create_reminder(body).await;
    app.mailbox.wait_for(&user.email, &subject("Water the ferns")).await;
    upcoming(&user, &task).await;
    let sent = user.wait_until_sent(&reminder).await;
    assert_eq!(sent["emailSent"], true);
}

#[tokio::test]
async fn a_task_without_a_due_date_is_reminded_of_too_and_two_reminders_are_two_mails() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    user.remind(&task, &minutes_ahead(10)).await;
    user.remind(&task, &minutes_ahead(20)).await;
    eventually("both mails arrive", async || (count(&app, &user, "Water the ferns").await == 2).then_some(())).await;
    eventually("both notifications", async || {
        (user.notifications_of(&task, "upcoming").await.len() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_moved_reminder_fires_once_at_its_new_time() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(5)).await;
    let moved = fires_in(9);
    user.update_reminder(&reminder, json!({"scheduledAt": moved})).await.expect(200);
    let sent = user.wait_until_sent(&reminder).await;
    assert_eq!(sent["scheduledAt"], moved);
    let new_time = instant(&sent["scheduledAt"]) - jiff::SignedDuration::from_hours(1);
    assert_eq!(instant(&sent["delivery"]["scheduledFor"]), new_time);
    assert!(instant(&sent["delivery"]["sentAt"]) >= new_time - jiff::SignedDuration::from_secs(1), "{sent}");
    let_a_later_one_go_out(&app, &user, &minutes_ahead(20)).await;
    assert_eq!(count(&app, &user, "Water the ferns").await, 1);
}

#[tokio::test]
async fn a_reminder_moved_nearer_fires_at_once() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    user.update_reminder(&reminder, json!({"scheduledAt": minutes_ahead(10)})).await.expect(200);
    user.wait_until_sent(&reminder).await;
    assert_eq!(count(&app, &user, "Water the ferns").await, 1);
}

#[tokio::test]
async fn a_reminder_that_was_sent_can_be_saved_and_is_not_sent_again() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let planned = user.remind(&task, &minutes_ahead(10)).await;
    let sent = user.wait_until_sent(&planned).await;
    let answer = user.update_reminder(&planned, sent.clone()).await.expect(200);
    assert_eq!(answer.data()["reminder"]["version"], sent["version"]);
    // As a page has it that was opened before the mail went out.
    let mut stale = planned.clone();
    stale["message"] = json!("Two cups");
    for _ in 0..2 {
        let saved = user.update_reminder(&planned, stale.clone()).await.expect(200).data()["reminder"].clone();
        assert_eq!((&saved["status"], &saved["emailSent"]), (&json!("pending"), &json!(true)));
        assert_eq!(saved["delivery"], sent["delivery"]);
    }
    let_a_later_one_go_out(&app, &user, &minutes_ahead(20)).await;
    assert_eq!(count(&app, &user, "Water the ferns").await, 1);
    assert_eq!(user.notifications_of(&task, "upcoming").await.len(), 1);
}

#[tokio::test]
async fn a_reminder_taken_up_again_fires() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &minutes_ahead(300)).await;
    user.update_reminder(&reminder, json!({"status": "skipped"})).await.expect(200);
    let body = json!({"status": "pending", "scheduledAt": minutes_ahead(10)});
    user.update_reminder(&reminder, body).await.expect(200);
    user.wait_until_sent(&reminder).await;
    assert_eq!(count(&app, &user, "Water the ferns").await, 1);
}

#[tokio::test]
async fn an_unverified_address_gets_three_reminder_mails_and_notifications_go_on() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    for minutes in [10, 15, 20, 25] {
        user.remind(&task, &minutes_ahead(minutes)).await;
    }
    eventually("four reminders are settled", async || {
        let reminders = user.reminders().await;
        let settled =
            |reminder: &Value| reminder["delivery"]["state"] != "scheduled" && reminder["status"] == "completed";
        (reminders.len() == 4 && reminders.iter().all(settled)).then_some(())
    })
    .await;
    let reminders = user.reminders().await;
    let sent = reminders.iter().filter(|reminder| reminder["emailSent"] == true).count();
    assert_eq!(sent, 3, "{reminders:?}");
    assert_eq!(count(&app, &user, "Water the ferns").await, 3);
    assert_eq!(user.notifications_of(&task, "upcoming").await.len(), 4);
}
