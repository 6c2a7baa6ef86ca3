//! `POST /api/reminders/{id}/snooze`

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{
    Answer, App, Call, User, at_once, eventually, fires_in, id, instant, minutes_ahead, now, unknown_id,
};

fn snooze(user: &User, reminder: &Value, body: Value) -> Call {
    user.post(&format!("/api/reminders/{}/snooze", id(reminder)), body)
}

fn seconds_ahead(seconds: i64) -> String {
    format!("{:.3}", now() + SignedDuration::from_secs(seconds))
}

fn reminder_of(answer: &Answer) -> Value {
    answer.data()["reminder"].clone()
}

#[tokio::test]
async fn it_is_pending_at_that_very_moment() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let before = now();
    let answer = snooze(&user, &reminder, json!({"minutes": 30})).await.expect(200);
    let snoozed = reminder_of(&answer.saying("Reminder snoozed successfully"));
    assert_eq!(snoozed["status"], "pending");
    assert_eq!(snoozed["snoozedUntil"], snoozed["scheduledAt"]);
    assert_eq!(snoozed["delivery"]["scheduledFor"], snoozed["snoozedUntil"], "without a lead");
    assert_eq!(snoozed["leadMinutes"], 60, "it counts again once the reminder is moved");
    let ahead = instant(&snoozed["snoozedUntil"]).duration_since(before);
    assert!((29..=30).contains(&ahead.as_mins()) || ahead.as_secs() < 1_830, "{ahead}");
    assert_eq!(user.reminder_now(&reminder).await.expect("it is there")["snoozedUntil"], snoozed["snoozedUntil"]);

    let until = minutes_ahead(60 * 24 * 20);
    let later = reminder_of(&snooze(&user, &reminder, json!({"until": until})).await.expect(200));
    assert_eq!(instant(&later["snoozedUntil"]), until.parse().expect("an instant"));
    assert_eq!(later["version"], json!(3));
    let moved = user.update_reminder(&reminder, json!({"scheduledAt": fires_in(86_400)})).await.expect(200);
    let moved = reminder_of(&moved);
    assert_eq!(moved["snoozedUntil"], json!(null));
    let lead = instant(&moved["scheduledAt"]).duration_since(instant(&moved["delivery"]["scheduledFor"]));
    assert_eq!(lead, SignedDuration::from_hours(1));
}

#[tokio::test]
async fn one_that_fired_goes_out_once_more_and_stays_counted() {
    let app = App::new();
    let user = app.user().await;
    let task = user.create_task(json!({"title": "Water the ferns", "dueDate": minutes_ahead(5)})).await;
    let reminder = user.remind(&task, &minutes_ahead(10)).await;
    user.wait_until_sent(&reminder).await;
    let counted = async || user.get("/api/analytics").await.expect(200).data()["completedReminders"].clone();
    assert_eq!(counted().await, 1);
    let snoozed = snooze(&user, &reminder, json!({"until": seconds_ahead(3)})).await.expect(200);
    assert_eq!(reminder_of(&snoozed)["emailSent"], false);
    assert_eq!(counted().await, 1, "putting it off takes nothing back");
    let mail = app.mailbox.wait_for(&user.email, "Reminder: Water the ferns is due in 5 minutes").await;
    assert!(mail.to.contains(&user.email));
    let sent = user.wait_until_sent(&reminder).await;
    assert_eq!(sent["status"], "completed");
    assert!(instant(&sent["emailSentAt"]) >= instant(&reminder_of(&snoozed)["snoozedUntil"]));
    assert_eq!(user.notifications_of(&task, "upcoming").await.len(), 2);
    assert_eq!(app.mailbox.about(&user.email, "Reminder: Water the ferns is due soon").await.len(), 1);
    assert_eq!(app.mailbox.about(&user.email, "Reminder: Water the ferns is due in 5 minutes").await.len(), 1);
}

#[tokio::test]
async fn a_relative_one_keeps_its_offset_and_moving_the_due_date_ends_the_snooze() {
    let user = App::new().user().await;
    let task = user.create_task(json!({"title": "Water the ferns", "dueDate": "2031-05-01T10:00:00Z"})).await;
    let reminder = user.create_reminder(json!({"taskId": id(&task), "offsetMinutes": 120})).await;
    let snoozed = reminder_of(&snooze(&user, &reminder, json!({"minutes": 40_320})).await.expect(200));
    assert_eq!(snoozed["offsetMinutes"], 120);
    user.update_task(&task, json!({"dueDate": "2031-05-02T10:00:00Z"})).await.expect(200);
    let moved = user.reminder_now(&reminder).await.expect("it is there");
    assert_eq!(instant(&moved["scheduledAt"]), "2031-05-02T08:00:00Z".parse().expect("an instant"));
    assert_eq!(moved["snoozedUntil"], json!(null));
    assert_eq!(instant(&moved["delivery"]["scheduledFor"]), "2031-05-02T07:00:00Z".parse().expect("an instant"));
}

#[tokio::test]
async fn what_is_not_open_is_not_put_off() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    for status in ["skipped", "completed"] {
        let reminder = user.remind(&task, &fires_in(86_400)).await;
        user.update_reminder(&reminder, json!({"status": status})).await.expect(200);
        let before = user.reminder_now(&reminder).await;
        snooze(&user, &reminder, json!({"minutes": 5})).await.expect_error(409, "NOT_OPEN");
        assert_eq!(user.reminder_now(&reminder).await, before);
    }
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    user.complete(&task).await;
    snooze(&user, &reminder, json!({"minutes": 5})).await.expect_error(409, "NOT_OPEN");
    // One that its user opened again, of a task that stays completed.
    user.update_reminder(&reminder, json!({"status": "pending"})).await.expect(200);
    snooze(&user, &reminder, json!({"minutes": 5})).await.expect_error(409, "NOT_OPEN");
    user.delete_reminder(&reminder).await.expect(200);
    snooze(&user, &reminder, json!({"minutes": 5})).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn somebody_elses_is_as_unknown_as_none() {
    let app = App::new();
    let (owner, other) = (app.user().await, app.user().await);
    let task = owner.task("Private").await;
    let reminder = owner.remind(&task, &fires_in(86_400)).await;
    snooze(&other, &reminder, json!({"minutes": 5})).await.expect_error(404, "NOT_FOUND");
    other
        .post(&format!("/api/reminders/{}/snooze", unknown_id()), json!({"minutes": 5}))
        .await
        .expect_error(404, "NOT_FOUND");
    assert_eq!(owner.reminder_now(&reminder).await.expect("it is there")["version"], 1);
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_is_changed() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let cases: [(Value, &[&str]); 16] = [
        (json!({}), &["minutes"]),
        (json!({"minutes": null, "until": ""}), &["minutes"]),
        (json!({"minutes": 0}), &["minutes"]),
        (json!({"minutes": -5}), &["minutes"]),
        (json!({"minutes": 40_321}), &["minutes"]),
        (json!({"minutes": 1.5}), &["minutes"]),
        (json!({"minutes": "5"}), &["minutes"]),
        (json!({"minutes": {"$gt": 0}}), &["minutes"]),
        (json!({"minutes": 5, "until": minutes_ahead(5)}), &["until"]),
        (json!({"until": minutes_ahead(-1)}), &["until"]),
        (json!({"until": minutes_ahead(40_330)}), &["until"]),
        (json!({"until": "9999-12-31T00:00:00Z"}), &["until"]),
        (json!({"until": "tomorrow"}), &["until"]),
        (json!({"until": "2031-01-15T10:00:00"}), &["until"]),
        (json!({"until": 7}), &["until"]),
        (json!({"minutes": [], "until": []}), &["minutes", "until"]),
    ];
    for (body, fields) in cases {
        let answer = snooze(&user, &reminder, body.clone()).await;
        let named = answer.expect(400).field_errors();
        assert!(fields.iter().all(|field| named.contains_key(*field)), "{body}: {named:?}");
    }
    assert_eq!(user.reminder_now(&reminder).await.expect("it is there")["version"], 1);
    for minutes in [json!(1), json!(40_320), json!(2.0)] {
        snooze(&user, &reminder, json!({"minutes": minutes})).await.expect(200);
    }
}

#[tokio::test]
async fn sent_again_with_its_key_it_is_answered_the_same_whatever_became_of_the_reminder() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400)});
    let created = user.post("/api/reminders", body).await.expect(201);
    let (reminder, tag) = (created.data()["reminder"].clone(), created.etag());
    let call = |minutes: i64| {
        snooze(&user, &reminder, json!({"minutes": minutes})).header("Idempotency-Key", "once").if_match(&tag)
    };
    let first = call(30).await.expect(200);
    for _ in 0..2 {
        let again = call(30).await.expect(200);
        assert_eq!((again.json(), again.etag()), (first.json(), first.etag()));
    }
    call(31).await.expect_error(422, "IDEMPOTENCY_KEY_REUSED");
    user.delete_reminder(&reminder).await.expect(200);
    assert_eq!(call(30).await.expect(200).json(), first.json());
    assert!(user.reminders().await.is_empty());
}

#[tokio::test]
async fn a_snooze_that_changes_nothing_is_answered_the_same_too() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let until = minutes_ahead(30);
    let call = |key: &str| snooze(&user, &reminder, json!({"until": until})).header("Idempotency-Key", key);
    call("first").await.expect(200);
    let same = call("second").await.expect(200);
    user.update_reminder(&reminder, json!({"message": "The ones in the hall"})).await.expect(200);
    assert_eq!(call("second").await.expect(200).json(), same.json());
}

#[tokio::test]
async fn a_tag_that_no_longer_holds_is_412() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let current = snooze(&user, &reminder, json!({"minutes": 30})).if_match("\"1\"").await.expect(200).etag();
    snooze(&user, &reminder, json!({"minutes": 40})).if_match("\"1\"").await.expect_error(412, "PRECONDITION_FAILED");
    snooze(&user, &reminder, json!({"minutes": 40})).if_match(&current).await.expect(200);
}

#[tokio::test]
async fn sixteen_at_once_leave_one_of_their_times() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let moments: Vec<String> = (1..=16).map(|hours| minutes_ahead(hours * 60)).collect();
    let answers = at_once(moments.iter().map(|until| snooze(&user, &reminder, json!({"until": until})))).await;
    let done = answers.iter().filter(|answer| answer.status() == 200).count();
    assert!(done >= 1 && answers.iter().all(|answer| [200, 409].contains(&answer.status())), "{done}");
    let left = user.reminder_now(&reminder).await.expect("it is there");
    assert!(moments.iter().any(|until| instant(&left["scheduledAt"]) == until.parse().expect("an instant")), "{left}");
    assert_eq!(left["version"], json!(done + 1));
}

#[tokio::test]
async fn while_it_fires_one_mail_leaves_for_each_time() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.create_reminder(json!({"taskId": id(&task), "scheduledAt": minutes_ahead(10)})).await;
    let until = seconds_ahead(4);
    snooze(&user, &reminder, json!({"until": until})).await.expect(200);
    let sent = eventually("it goes out at its new time", async || {
        let now = user.reminder_now(&reminder).await?;
        let is_out = now["delivery"]["state"] == "sent" && now["snoozedUntil"] == json!(until);
        is_out.then_some(now)
    })
    .await;
    assert_eq!(sent["emailSent"], true);
    let first = app.mailbox.about(&user.email, "Reminder: Water the ferns is due soon").await.len();
    let second = app.mailbox.about(&user.email, "Reminder: Water the ferns is due now").await.len();
    assert!(first <= 1 && second == 1, "{first} and {second}");
    assert_eq!(user.notifications_of(&task, "upcoming").await.len(), first + second);
}
