//! `PUT /api/tasks/{id}`

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{App, fires_in, id, instant};

#[tokio::test]
async fn only_the_fields_sent_are_changed() {
    let user = App::new().user().await;
    let body = json!({
        "title": "Water the ferns", "description": "Two cups", "dueDate": "2031-01-15T10:00:00Z", "priority": "low",
        "category": "Garden", "link": "https://example.com/ferns",
    });
    let before = user.create_task(body).await;
    let answer =
        user.update_task(&before, json!({"priority": "high"})).await.expect(200).saying("Task updated successfully");
    let after = &answer.data()["task"];
    assert_eq!(after["priority"], "high");
    for (field, value) in before.as_object().expect("an object") {
        let changes = ["priority", "version", "updatedAt"].contains(&field.as_str());
        assert!(changes || after[field] == *value, "{field} was not sent: {value} became {}", after[field]);
    }
    assert!(after["version"].as_u64() > before["version"].as_u64());
    assert!(instant(&after["updatedAt"]) >= instant(&before["updatedAt"]));
    assert_eq!(&user.task_now(&before).await, after);
}

#[tokio::test]
async fn every_field_can_be_changed() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    for (field, value) in [
        ("title", "Water the palms"),
        ("description", "One cup"),
        ("priority", "low"),
        ("status", "in-progress"),
        ("category", "Balcony"),
        ("link", "http://example.com/palms"),
    ] {
        user.update_task(&task, json!({field: value})).await.expect(200);
        assert_eq!(user.task_now(&task).await[field], value);
    }
    user.update_task(&task, json!({"dueDate": "2031-01-15T10:00:00+05:30"})).await.expect(200);
    let due = instant(&user.task_now(&task).await["dueDate"]);
    assert_eq!(due, "2031-01-15T04:30:00Z".parse::<Timestamp>().expect("an instant"));
}

#[tokio::test]
async fn null_clears_an_optional_field() {
    let user = App::new().user().await;
    let body = json!({
        "title": "Water the ferns", "description": "Two cups", "dueDate": "2031-01-15", "category": "Garden",
        "link": "https://example.com/",
    });
    let task = user.create_task(body).await;
    for field in ["description", "dueDate", "category", "link"] {
        let answer = user.update_task(&task, json!({field: null})).await.expect(200);
        assert_eq!(answer.data()["task"][field], json!(null), "{field}");
    }
    let now = user.task_now(&task).await;
    for field in ["description", "dueDate", "category", "link"] {
        assert_eq!(now[field], json!(null), "{field}");
    }
    user.update_task(&task, json!({"description": ""})).await.expect(200);
    assert_eq!(user.task_now(&task).await["description"], "");
}

#[tokio::test]
async fn blank_clears_an_optional_field() {
    let user = App::new().user().await;
    let body = json!({
        "title": "Water the ferns", "dueDate": "2031-01-15", "category": "Garden", "link": "https://example.com/",
    });
    let task = user.create_task(body).await;
    let answer = user.update_task(&task, json!({"dueDate": "", "category": "", "link": " "})).await.expect(200);
    for field in ["dueDate", "category", "link"] {
        assert_eq!(answer.data()["task"][field], json!(null), "{field}");
    }
    assert_eq!(&user.task_now(&task).await, &answer.data()["task"]);
}

#[tokio::test]
async fn null_and_blank_leave_what_a_task_must_have() {
    let user = App::new().user().await;
    let task = user.create_task(json!({"title": "Water the ferns", "priority": "high", "status": "in-progress"})).await;
    for blank in [json!(null), json!(""), json!("  ")] {
        let answer = user.update_task(&task, json!({"priority": blank, "status": blank})).await.expect(200);
        assert_eq!(answer.data()["task"], task);
        user.update_task(&task, json!({"title": blank})).await.expect_invalid(&["title"]).saying("Title is required");
    }
    assert_eq!(user.task_now(&task).await, task);
}

#[tokio::test]
async fn what_changes_nothing_leaves_the_version_for_others() {
    let user = App::new().user().await;
    let body = json!({
        "title": "Water the ferns", "description": "", "dueDate": "2031-01-15", "priority": "high",
        "status": "completed", "category": "Garden", "link": "https://example.com",
    });
    let created = user.post("/api/tasks", body.clone()).await.expect(201);
    let (task, etag) = (created.data()["task"].clone(), created.etag());
    let ignored = json!({"id": "x", "userId": "y", "colour": "green", "completedAt": "2001-01-01T00:00:00Z"});
    for body in [json!({}), ignored, body, task.clone()] {
        let answer = user.update_task(&task, body).if_match(&etag).await.expect(200);
        assert_eq!(answer.data()["task"], task);
        assert_eq!(answer.etag(), etag);
    }
    assert_eq!(user.task_now(&task).await, task);
    assert!(user.notifications().await.is_empty());
    user.update_task(&task, json!({})).if_match("\"7\"").await.expect_error(412, "PRECONDITION_FAILED");
    user.update_task(&task, json!({"title": "Water the palms"})).if_match(&etag).await.expect(200);
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_is_changed() {
    let user = App::new().user().await;
    let task = user.create_task(json!({"title": "Water the ferns", "dueDate": "2031-01-15"})).await;
    let long = |n: usize| "x".repeat(n);
    let cases: [(Value, &[&str]); 12] = [
        (json!({"title": ""}), &["title"]),
        (json!({"title": "ab"}), &["title"]),
        (json!({"title": long(201)}), &["title"]),
        (json!({"title": {"$ne": null}, "description": {"$ne": null}}), &["title", "description"]),
        (json!({"description": long(1001), "category": long(51)}), &["description", "category"]),
        (json!({"dueDate": "2031-01-15T10:00:00"}), &["dueDate"]),
        (json!({"dueDate": 7, "link": 7, "priority": 7}), &["dueDate", "link", "priority"]),
        (json!({"status": "done"}), &["status"]),
        (json!({"status": ["completed"]}), &["status"]),
        (json!({"link": "javascript:alert(1)"}), &["link"]),
        (json!({"title": "A good title", "priority": "urgent"}), &["priority"]),
        (json!({"category": "a\u{7}b"}), &["category"]),
    ];
    for (body, fields) in cases {
        user.update_task(&task, body).await.expect_invalid(fields);
    }
    assert_eq!(user.task_now(&task).await, task);
}

#[tokio::test]
async fn a_completed_task_says_when_and_a_reopened_one_forgets() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let completed = user.complete(&task).await.data()["task"].clone();
    assert_eq!(completed["status"], "completed");
    assert_eq!(instant(&completed["completedAt"]), instant(&completed["updatedAt"]));
    let renamed = user.update_task(&task, json!({"title": "Ferns, watered"})).await.expect(200);
    assert_eq!(renamed.data()["task"]["completedAt"], completed["completedAt"]);
    let reopened = user.update_task(&task, json!({"status": "in-progress"})).await.expect(200);
    assert_eq!(reopened.data()["task"]["completedAt"], json!(null));
}

#[tokio::test]
async fn completing_a_task_makes_one_notification() {
    let user = App::new().user().await;
    let task = user.task("Water the <ferns>").await;
    user.complete(&task).await;
    user.complete(&task).await;
    user.update_task(&task, json!({"title": "Ferns, watered"})).await.expect(200);
    let notifications = user.notifications().await;
    assert_eq!(notifications.len(), 1, "{notifications:?}");
    let notification = &notifications[0];
    assert_eq!(notification["type"], "general");
    assert_eq!(notification["title"], "Task Completed");
    assert_eq!(notification["message"], "You completed: Water the <ferns>");
    assert_eq!(notification["relatedTaskId"], task["id"]);
    assert_eq!(notification["isRead"], false);
}

#[tokio::test]
async fn completing_a_task_skips_its_pending_reminders_only() {
    let user = App::new().user().await;
    let (task, other) = (user.task("Water the ferns").await, user.task("Feed the cat").await);
    let pending = user.remind(&task, &fires_in(86_400)).await;
    let done = user.remind(&task, &fires_in(90_000)).await;
    user.update_reminder(&done, json!({"status": "completed"})).await.expect(200);
    let elsewhere = user.remind(&other, &fires_in(86_400)).await;
    user.complete(&task).await;

    let reminders = user.reminders().await;
    let now = |reminder: &Value| {
        reminders.iter().find(|other| id(other) == id(reminder)).unwrap_or_else(|| panic!("{reminder} is gone"))
    };
    assert_eq!(now(&pending)["status"], "skipped");
    assert_eq!(now(&pending)["delivery"]["state"], "skipped");
    assert_eq!(now(&done)["status"], "completed");
    assert_eq!(now(&elsewhere)["status"], "pending");
    let shown = user.task_now(&task).await["reminders"].clone();
    let shown =
        shown.as_array().expect("a list").iter().find(|card| id(card) == id(&pending)).expect("its reminder").clone();
    assert_eq!(shown["status"], "skipped");
}
