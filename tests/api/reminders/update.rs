//! `PUT /api/reminders/{id}`

use serde_json::{Value, json};

use crate::support::{App, fires_in, id, instant, minutes_ahead};

#[tokio::test]
async fn only_the_fields_sent_are_changed() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let before = user
        .create_reminder(json!({"taskId": id(&task), "scheduledAt": fires_in(86_400), "message": "Two cups"}))
        .await;
    let answer = user
        .update_reminder(&before, json!({"type": "push"}))
        .await
        .expect(200)
        .saying("Reminder updated successfully");
    let after = &answer.data()["reminder"];
    assert_eq!(after["type"], "push");
    for (field, value) in before.as_object().expect("an object") {
        let changes = ["type", "version", "updatedAt"].contains(&field.as_str());
        assert!(changes || after[field] == *value, "{field} was not sent: {value} became {}", after[field]);
    }
    assert!(after["version"].as_u64() > before["version"].as_u64());
}

#[tokio::test]
async fn every_field_can_be_changed() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let later = fires_in(90_000);
    for (field, value) in
        [("scheduledAt", later.as_str()), ("type", "both"), ("message", "One cup"), ("status", "skipped")]
    {
        let answer = user.update_reminder(&reminder, json!({field: value})).await.expect(200);
        assert_eq!(answer.data()["reminder"][field], value);
        assert_eq!(user.reminder_now(&reminder).await.expect("it is there")[field], value);
    }
}

#[tokio::test]
async fn a_moved_reminder_is_planned_for_its_new_time() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, "2031-01-15T10:00:00Z").await;
    let answer = user.update_reminder(&reminder, json!({"scheduledAt": "2031-02-15T10:00:00Z"})).await.expect(200);
    let delivery = &answer.data()["reminder"]["delivery"];
    assert_eq!(delivery["state"], "scheduled");
    assert_eq!(instant(&delivery["scheduledFor"]), "2031-02-15T09:00:00Z".parse().expect("an instant"));
}

#[tokio::test]
async fn a_reminder_sent_back_as_it_was_read_is_as_it_was() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let body = json!({"taskId": id(&task), "scheduledAt": minutes_ahead(200), "type": "both", "message": "Two cups"});
    let created = user.post("/api/reminders", body).await.expect(201);
    let (reminder, etag) = (created.data()["reminder"].clone(), created.etag());
    for body in [json!({}), reminder.clone(), json!({"type": null, "status": ""})] {
        let answer = user.update_reminder(&reminder, body).if_match(&etag).await.expect(200);
        assert_eq!((&answer.data()["reminder"], answer.etag()), (&reminder, etag.clone()));
    }
    user.update_reminder(&reminder, json!({})).if_match("\"7\"").await.expect_error(412, "PRECONDITION_FAILED");
    let mut whole = reminder.clone();
    whole["message"] = json!("One cup");
    let answer = user.update_reminder(&reminder, whole).await.expect(200);
    assert_eq!(answer.data()["reminder"]["message"], "One cup");
}

#[tokio::test]
async fn null_clears_the_message_and_nothing_else() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400), "message": "Two cups"});
    let reminder = user.create_reminder(body).await;
    for blank in [json!(null), json!("")] {
        let answer = user.update_reminder(&reminder, json!({"scheduledAt": blank})).await;
        answer.expect_invalid(&["scheduledAt"]).saying("Scheduled time is required");
    }
    let answer = user.update_reminder(&reminder, json!({"message": null})).await.expect(200);
    assert_eq!(answer.data()["reminder"]["message"], json!(null));
    let answer = user.update_reminder(&reminder, json!({"message": ""})).await.expect(200);
    assert_eq!(answer.data()["reminder"]["message"], "");
}

#[tokio::test]
async fn a_reminder_stays_with_its_task() {
    let user = App::new().user().await;
    let (task, other) = (user.task("Water the ferns").await, user.task("Feed the cat").await);
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let body = json!({"taskId": id(&other), "userId": "x", "emailSent": true, "delivery": {"state": "sent"}});
    user.update_reminder(&reminder, body).await.expect(200);
    let now = user.reminder_now(&reminder).await.expect("it is there");
    assert_eq!(now["taskId"], task["id"]);
    assert_eq!(now["userId"], user.id.as_str());
    assert_eq!(now["emailSent"], false);
    assert_eq!(now["delivery"]["state"], "scheduled");
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_is_changed() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let cases: [(Value, &[&str]); 10] = [
        (json!({"scheduledAt": minutes_ahead(-5)}), &["scheduledAt"]),
        (json!({"scheduledAt": minutes_ahead(-5), "type": "sms"}), &["scheduledAt", "type"]),
        (json!({"scheduledAt": "2031-01-15T10:00:00"}), &["scheduledAt"]),
        (json!({"scheduledAt": "soon", "type": "sms"}), &["scheduledAt", "type"]),
        (json!({"type": "sms", "status": "sent"}), &["type", "status"]),
        (json!({"message": "x".repeat(501)}), &["message"]),
        (json!({"message": "a\u{1b}b"}), &["message"]),
        (json!({"message": {"$ne": null}, "status": {"$ne": null}}), &["message", "status"]),
        (
            json!({"scheduledAt": 7, "type": 7, "message": 7, "status": 7}),
            &["scheduledAt", "type", "message", "status"],
        ),
        (json!({"message": "Fine", "status": "later"}), &["status"]),
    ];
    for (body, fields) in cases {
        user.update_reminder(&reminder, body).await.expect_invalid(fields);
    }
    let now = user.reminder_now(&reminder).await.expect("it is there");
    for (field, value) in reminder.as_object().expect("an object") {
        assert_eq!(&now[field], value, "{field}");
    }
    let message = "Scheduled time must be in the future";
    let answer = user.update_reminder(&reminder, json!({"scheduledAt": minutes_ahead(-5)})).await;
    answer.expect_invalid(&["scheduledAt"]).saying(message);
}

#[tokio::test]
async fn a_reminder_called_off_is_not_delivered() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    for status in ["skipped", "completed"] {
        let reminder = user.remind(&task, &fires_in(86_400)).await;
        let answer = user.update_reminder(&reminder, json!({"status": status})).await.expect(200);
        assert_eq!(answer.data()["reminder"]["delivery"]["state"], "skipped", "{status}");
        assert_eq!(answer.data()["reminder"]["emailSent"], false);
    }
}
