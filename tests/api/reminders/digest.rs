//! The morning digest and the overdue notification, by the minute's tick.

use std::time::{Duration, Instant};

use jiff::ToSpan;
use serde_json::{Value, json};

use crate::support::{App, id, noon, now};

/// The tick comes every minute; a digest may have to wait for two.
const PATIENCE: Duration = Duration::from_secs(200);

/// Polls until there is something.
async fn patiently<T>(what: &str, attempt: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = attempt().await {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what} within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

#[tokio::test]
async fn it_goes_out_at_the_stated_time_and_an_overdue_task_is_told_of_once() {
    let app = App::new();
    let user = app.user().await;
    let now = now();
    let (zone, offset) = noon();
    let local = now.to_zoned(jiff::tz::TimeZone::fixed(offset));
    let time = (&local + 1.minute()).strftime("%H:%M").to_string();

    let due = (now + 5.seconds()).to_string();
    let overdue = user.create_task(json!({"title": "Soon overdue", "dueDate": due})).await;
    let today = (now + 150.minutes()).to_string();
    let task = user.create_task(json!({"title": "Water the ferns", "dueDate": today, "priority": "high"})).await;
    let reminder = user.remind(&task, &today).await;
    user.patch("/api/user/me", json!({"timezone": zone, "morning_digest": {"time": time}})).await.expect(200);

    let subject = "Good Morning! You have 1 task due today";
    let mail = patiently("the digest", async || app.mailbox.about(&user.email, subject).await.into_iter().next()).await;
    assert!(mail.text.contains("Water the ferns (HIGH)") && mail.html.contains("#e74c3c"), "{}", mail.text);
    let marked = patiently("the mark", async || {
        user.reminder_now(&reminder).await.filter(|reminder| reminder["morningEmailSent"] == true)
    })
    .await;
    assert_eq!((&marked["status"], &marked["emailSent"]), (&json!("pending"), &json!(false)));
    let told = |kind: &'static str| {
        let user = &user;
        async move {
            let notifications = user.notifications().await;
            notifications.into_iter().filter(|one| one["type"] == kind).collect::<Vec<Value>>()
        }
    };
    let digests = told("reminder").await;
    assert_eq!((digests.len(), digests[0]["relatedTaskId"].as_str()), (1, Some(id(&task))));
    patiently("the overdue notification", async || told("overdue").await.pop()).await;
    // Another tick changes nothing, nor do the messages of the last one if they come again.
    app.cloud().deliver("service-sweep", &json!({"kind": "tick"})).await;
    app.cloud().deliver("reminders-digest", &json!({"userId": user.id})).await;
    app.cloud().deliver("tasks-overdue", &json!({"userId": user.id, "taskId": id(&overdue)})).await;
    app.later_mail(&user).await;
    let about: Vec<Value> = told("overdue").await.iter().map(|one| one["relatedTaskId"].clone()).collect();
    assert_eq!(about, [json!(id(&overdue))]);
    assert_eq!(app.mailbox.about(&user.email, subject).await.len(), 1);
}
