//! `POST /api/reminders`

use serde_json::{Value, json};

use crate::support::{App, fires_in, id, instant, minutes_ahead, names, unknown_id};

const PATH: &str = "/api/reminders";

#[tokio::test]
async fn a_reminder_comes_back_as_it_was_given() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let at = fires_in(86_400);
    let body = json!({"taskId": id(&task), "scheduledAt": at, "type": "both", "message": "Two cups.\nNo more."});
    let answer = user.post(PATH, body).await.expect(201).saying("Reminder created successfully");
    let reminder = &answer.data()["reminder"];
    let fields = [
        "createdAt",
        "delivery",
        "emailSent",
        "emailSentAt",
        "id",
        "kind",
        "leadMinutes",
        "message",
        "morningEmailSent",
        "offsetMinutes",
        "scheduledAt",
        "snoozedUntil",
        "status",
        "taskId",
        "type",
        "updatedAt",
        "userId",
        "version",
    ];
    assert_eq!(names(reminder), fields);
    assert_eq!(reminder["userId"], user.id.as_str());
    assert_eq!(reminder["taskId"], task["id"]);
    assert_eq!(reminder["scheduledAt"], at);
    assert_eq!(reminder["type"], "both");
    assert_eq!(reminder["message"], "Two cups.\nNo more.");
    assert_eq!(reminder["status"], "pending");
    assert_eq!(reminder["emailSent"], false);
    assert_eq!(reminder["emailSentAt"], json!(null));
    assert_eq!(reminder["morningEmailSent"], false);
    answer.etag();
}

#[tokio::test]
async fn its_delivery_is_scheduled_an_hour_before() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, "2031-01-15T10:00:00+05:30").await;
    assert_eq!(instant(&reminder["scheduledAt"]), "2031-01-15T04:30:00Z".parse().expect("an instant"));
    let delivery = &reminder["delivery"];
    assert_eq!(names(delivery), ["attempts", "latenessMs", "reason", "scheduledFor", "sentAt", "state"]);
    assert_eq!(delivery["state"], "scheduled");
    assert_eq!(instant(&delivery["scheduledFor"]), "2031-01-15T03:30:00Z".parse().expect("an instant"));
    assert_eq!(delivery["sentAt"], json!(null));
    assert_eq!(delivery["attempts"], 0);
}

#[tokio::test]
async fn type_and_message_have_defaults() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    assert_eq!(reminder["type"], "email");
    assert_eq!(reminder["message"], json!(null));
    let body =
        json!({"taskId": id(&task), "scheduledAt": fires_in(86_400), "type": null, "message": null, "status": null});
    let reminder = user.create_reminder(body).await;
    assert_eq!(reminder["type"], "email");
    assert_eq!(reminder["status"], "pending");
    let body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400), "type": "", "status": " "});
    let reminder = user.create_reminder(body).await;
    assert_eq!((&reminder["type"], &reminder["status"]), (&json!("email"), &json!("pending")));
}

#[tokio::test]
async fn a_time_at_the_end_of_all_is_taken_and_nothing_is_planned_for_it() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, "9999-12-31T23:59:59.999999999999Z").await;
    assert_eq!(reminder["scheduledAt"], "9999-12-30T22:00:00.000Z");
    assert_eq!(user.reminders().await[0]["scheduledAt"], reminder["scheduledAt"]);
}

#[tokio::test]
async fn an_empty_message_is_kept() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400), "message": ""});
    assert_eq!(user.create_reminder(body).await["message"], "");
}

#[tokio::test]
async fn type_and_status_are_read_in_any_case() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    for (kind, status) in [("PUSH", "Pending"), ("Both", "SKIPPED"), ("eMail", "completed")] {
        let body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400), "type": kind, "status": status});
        let reminder = user.create_reminder(body).await;
        assert_eq!(reminder["type"], kind.to_lowercase());
        assert_eq!(reminder["status"], status.to_lowercase());
    }
}

#[tokio::test]
async fn the_messages_of_the_original_are_kept() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let at = fires_in(86_400);
    for (body, field, message) in [
        (json!({"scheduledAt": at}), "taskId", "Task ID is required"),
        (json!({"taskId": "42", "scheduledAt": at}), "taskId", "Invalid task ID format"),
        (json!({"taskId": id(&task)}), "scheduledAt", "Scheduled time is required"),
        (json!({"taskId": "", "scheduledAt": at}), "taskId", "Task ID is required"),
        (json!({"taskId": id(&task), "scheduledAt": ""}), "scheduledAt", "Scheduled time is required"),
        (
            json!({"taskId": id(&task), "scheduledAt": minutes_ahead(-1)}),
            "scheduledAt",
            "Scheduled time must be in the future",
        ),
        (
            json!({"taskId": id(&task), "scheduledAt": "2001-01-01T00:00:00Z"}),
            "scheduledAt",
            "Scheduled time must be in the future",
        ),
    ] {
        let answer = user.post(PATH, body).await.expect_invalid(&[field]);
        assert_eq!(answer.field_errors()[field], message);
    }
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_is_stored() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400)});
        body[field] = value;
        body
    };
    let all = ["taskId", "scheduledAt", "type", "message", "status"];
    let every = |value: Value| Value::Object(all.iter().map(|name| ((*name).to_owned(), value.clone())).collect());
    let mut cases: Vec<(Value, &[&str])> = vec![
        (json!({}), &["taskId", "scheduledAt"]),
        (json!({"taskId": null, "scheduledAt": null}), &["taskId", "scheduledAt"]),
        (with("type", json!("sms")), &["type"]),
        (with("status", json!("sent")), &["status"]),
        (with("message", json!("x".repeat(501))), &["message"]),
        (with("message", json!("a\u{0}b")), &["message"]),
        (
            json!({"taskId": "42", "scheduledAt": "2001-01-01T00:00:00Z", "type": "sms"}),
            &["taskId", "scheduledAt", "type"],
        ),
    ];
    for value in [json!(7), json!(true), json!(["a"]), json!({"$ne": null})] {
        cases.push((every(value), &all));
    }
    for at in ["", "soon", "2031-01-15T10:00:00", "2031-02-30T10:00:00Z", "2031-01-15T10:00:00+99:00", "1926249600"] {
        cases.push((with("scheduledAt", json!(at)), &["scheduledAt"]));
    }
    for task_id in ["", "42", "not-a-uuid", "0190a1b2-0000-7000-8000-00000000000", "' OR 1=1 --", "../users"] {
        cases.push((with("taskId", json!(task_id)), &["taskId"]));
    }
    for (body, fields) in cases {
        user.post(PATH, body).await.expect_invalid(fields);
    }
    assert!(user.reminders().await.is_empty());
    assert_eq!(user.task_now(&task).await, task);
}

#[tokio::test]
async fn an_unknown_task_has_no_reminders() {
    let user = App::new().user().await;
    let body = json!({"taskId": unknown_id(), "scheduledAt": fires_in(86_400)});
    user.post(PATH, body).await.expect_error(404, "NOT_FOUND").saying("Task not found");
    assert!(user.reminders().await.is_empty());
}

#[tokio::test]
async fn reminders_do_not_count_as_changes_of_their_task() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    user.update_reminder(&reminder, json!({"status": "skipped"})).await.expect(200);
    assert_eq!(user.task_now(&task).await["version"], task["version"]);
    user.delete_reminder(&reminder).await.expect(200);
    assert_eq!(user.task_now(&task).await["version"], task["version"]);
}

#[tokio::test]
async fn a_task_has_thirty_reminders_at_most() {
    let user = App::new().user().await;
    let (task, other) = (user.task("Water the ferns").await, user.task("Feed the cat").await);
    let body = |task: &Value| json!({"taskId": id(task), "scheduledAt": fires_in(86_400)});
    let mut last = json!(null);
    for _ in 0..30 {
        last = user.create_reminder(body(&task)).await;
    }
    user.post(PATH, body(&task)).await.expect_error(409, "LIMIT_REACHED");
    assert_eq!(user.reminders().await.len(), 30);
    user.create_reminder(body(&other)).await;
    user.delete_reminder(&last).await.expect(200);
    user.create_reminder(body(&task)).await;
    user.post(PATH, body(&task)).await.expect_error(409, "LIMIT_REACHED");
}
