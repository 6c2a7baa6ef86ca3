//! `POST /api/tasks`

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{App, Client, id, instant, names, now};

const PATH: &str = "/api/tasks";

#[tokio::test]
async fn a_task_comes_back_as_it_was_given() {
    let user = App::new().user().await;
    let body = json!({
        "title": "Send the quarterly report", "description": "Figures first.\nThen the summary.",
        "dueDate": "2031-03-29T16:30:00Z", "priority": "high", "status": "in-progress", "category": "Work",
        "link": "https://example.com/reports?q=1#top",
    });
    let answer = user.post(PATH, body.clone()).await.expect(201).saying("Task created successfully");
    let task = &answer.data()["task"];
    for field in ["title", "description", "priority", "status", "category", "link"] {
        assert_eq!(task[field], body[field], "{field}");
    }
    assert_eq!(instant(&task["dueDate"]), "2031-03-29T16:30:00Z".parse::<Timestamp>().expect("an instant"));
    assert_eq!(&user.task_now(task).await, task, "what is read later is what was answered");
}

#[tokio::test]
async fn a_title_is_enough_and_the_rest_has_defaults() {
    let user = App::new().user().await;
    let answer = user.post(PATH, json!({"title": "Water the ferns"})).await.expect(201);
    let task = &answer.data()["task"];
    let fields = [
        "attachments",
        "category",
        "completedAt",
        "createdAt",
        "description",
        "dueDate",
        "id",
        "link",
        "plan",
        "priority",
        "recurrence",
        "reminders",
        "status",
        "title",
        "updatedAt",
        "userId",
        "version",
    ];
    assert_eq!(names(task), fields);
    for field in ["category", "completedAt", "description", "dueDate", "link", "plan", "recurrence"] {
        assert_eq!(task[field], json!(null), "{field}");
    }
    assert_eq!(task["priority"], "medium");
    assert_eq!(task["status"], "todo");
    assert_eq!(task["attachments"], json!([]));
    assert_eq!(task["reminders"], json!([]));
    assert_eq!(task["userId"], user.id.as_str());
    assert_eq!(task["createdAt"], task["updatedAt"]);
    let age = now().duration_since(instant(&task["createdAt"]));
    assert!(age.as_secs().abs() < 120, "{age:?}");
    assert_eq!(uuid::Uuid::parse_str(id(task)).expect("an id is a UUID").get_version_num(), 7);
    assert!(task["version"].is_u64(), "{task}");
    answer.etag();
}

#[tokio::test]
async fn optional_fields_may_be_null() {
    let user = App::new().user().await;
    let body = json!({
        "title": "Water the ferns", "description": null, "dueDate": null, "priority": null, "status": null,
        "category": null, "link": null,
    });
    let task = user.create_task(body).await;
    assert_eq!(task["priority"], "medium");
    assert_eq!(task["status"], "todo");
    assert_eq!(task["description"], json!(null));
}

#[tokio::test]
async fn blank_is_none_or_the_default_as_html_forms_send_it() {
    let user = App::new().user().await;
    let plain = user.task("Water the ferns").await;
    for blank in ["", "  "] {
        let body = json!({
            "title": "Water the ferns", "dueDate": blank, "priority": blank, "status": blank, "category": blank,
            "link": blank,
        });
        let task = user.create_task(body).await;
        for field in ["dueDate", "priority", "status", "category", "link"] {
            assert_eq!(task[field], plain[field], "{field} sent as {blank:?}");
        }
        user.post(PATH, json!({"title": blank})).await.expect_invalid(&["title"]).saying("Title is required");
    }
}

#[tokio::test]
async fn a_link_is_returned_as_the_url_standard_writes_it() {
    let user = App::new().user().await;
    for (typed, stored) in [
        ("https://example.com", "https://example.com/"),
        ("https:example.com", "https://example.com/"),
        ("https:\\\\example.com", "https://example.com/"),
        ("HTTPS://Example.COM/a b", "https://example.com/a%20b"),
    ] {
        let task = user.create_task(json!({"title": "Read", "link": typed})).await;
        assert_eq!(task["link"], stored, "{typed}");
        let again = user.update_task(&task, json!({"link": task["link"]})).await.expect(200);
        assert_eq!(again.data()["task"], task, "what was read can be sent back");
    }
}

#[tokio::test]
async fn an_empty_description_is_kept() {
    let user = App::new().user().await;
    let task = user.create_task(json!({"title": "Water the ferns", "description": ""})).await;
    assert_eq!(task["description"], "");
}

#[tokio::test]
async fn fields_that_are_not_the_client_s_are_ignored() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let own = "0190a1b2-0000-7000-8000-000000000000";
    let body = json!({
        "title": "Water the ferns", "id": own, "userId": other.id, "version": 99, "createdAt": "2001-01-01T00:00:00Z",
        "completedAt": "2001-01-01T00:00:00Z", "PK": "USER#x", "reminders": [{"id": own}], "$where": "1",
        "constructor": {"prototype": {}},
    });
    let task = user.create_task(body).await;
    assert_ne!(task["id"], own);
    assert_eq!(task["userId"], user.id.as_str());
    assert_ne!(task["version"], 99);
    assert!(instant(&task["createdAt"]) > "2020-01-01T00:00:00Z".parse().expect("an instant"));
    assert_eq!(task["completedAt"], json!(null));
    assert_eq!(task["reminders"], json!([]));
    assert!(other.tasks(&[]).await.is_empty());
}

#[tokio::test]
async fn enumerations_are_read_in_any_case_and_returned_in_lower_case() {
    let user = App::new().user().await;
    for (priority, status) in [("HIGH", "IN-PROGRESS"), ("Low", "Completed"), ("mEdIuM", "Todo")] {
        let task = user.create_task(json!({"title": "Any case", "priority": priority, "status": status})).await;
        assert_eq!(task["priority"], priority.to_lowercase());
        assert_eq!(task["status"], status.to_lowercase());
    }
}

#[tokio::test]
async fn a_task_created_as_completed_says_when() {
    let user = App::new().user().await;
    let task = user.create_task(json!({"title": "Done already", "status": "completed"})).await;
    assert_eq!(instant(&task["completedAt"]), instant(&task["createdAt"]));
}

#[tokio::test]
async fn a_due_date_with_a_zone_is_returned_as_an_instant_in_utc() {
    let user = App::new().user().await;
    for (typed, utc) in [
        ("2031-01-15T10:00:00Z", "2031-01-15T10:00:00Z"),
        ("2031-01-15T10:00:00+05:30", "2031-01-15T04:30:00Z"),
        ("2031-01-15T23:30:00-08:00", "2031-01-16T07:30:00Z"),
        ("2031-01-15T10:00:00.250Z", "2031-01-15T10:00:00.250Z"),
        ("2020-02-29T00:00:00Z", "2020-02-29T00:00:00Z"),
        ("2031-01-15T10:00:00.1234567890123Z", "2031-01-15T10:00:00.123Z"),
        ("9999-12-31T23:59:59Z", "9999-12-30T22:00:00Z"),
        ("9999-12-31", "9999-12-30T22:00:00Z"),
    ] {
        assert_eq!(due(&user, typed).await, utc.parse().expect("an instant"), "{typed}");
    }
}

#[tokio::test]
async fn a_plain_due_date_is_the_end_of_that_day_where_the_user_lives() {
    let user = App::new().user().await;
    // The user's zone is Asia/Kolkata, UTC+05:30: the day ends at 18:30 UTC.
    let due = due(&user, "2031-01-15").await;
    let midnight: Timestamp = "2031-01-15T18:30:00Z".parse().expect("an instant");
    assert!(due < midnight && midnight.duration_since(due).as_millis() <= 1000, "{due}");
}

#[tokio::test]
async fn the_messages_of_the_original_are_kept() {
    let user = App::new().user().await;
    let long = "x".repeat(201);
    for (body, field, message) in [
        (json!({}), "title", "Title is required"),
        (json!({"title": "   "}), "title", "Title is required"),
        (json!({"title": "ab"}), "title", "Title must be at least 3 characters"),
        (json!({"title": long}), "title", "Title cannot exceed 200 characters"),
        (json!({"title": "Fine", "dueDate": "soon"}), "dueDate", "Due date must be a valid date"),
    ] {
        let answer = user.post(PATH, body).await.expect_invalid(&[field]);
        assert_eq!(answer.field_errors()[field], message);
        assert_eq!(answer.message(), message);
    }
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_is_stored() {
    let user = App::new().user().await;
    let long = |n: usize| "x".repeat(n);
    let with = |field: &str, value: Value| {
        let mut body = json!({"title": "Water the ferns"});
        body[field] = value;
        body
    };
    let all = ["title", "description", "dueDate", "priority", "status", "category", "link"];
    let every = |value: Value| Value::Object(all.iter().map(|name| ((*name).to_owned(), value.clone())).collect());
    let mut cases: Vec<(Value, &[&str])> = vec![
        (json!({}), &["title"]),
        (json!({"title": null}), &["title"]),
        (with("description", json!(long(1001))), &["description"]),
        (with("category", json!(long(51))), &["category"]),
        (with("priority", json!("urgent")), &["priority"]),
        (with("status", json!("in progress")), &["status"]),
        (json!({"title": "ab", "priority": "x", "dueDate": "2031-02-30"}), &["title", "priority", "dueDate"]),
    ];
    for value in [json!(7), json!(true), json!(["a"]), json!({"$ne": null}), json!({"S": "Water"})] {
        cases.push((every(value), &all));
    }
    for date in bad_dates() {
        cases.push((with("dueDate", date), &["dueDate"]));
    }
    for link in [
        "example.com",
        "/tasks",
        "ftp://example.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://",
        "https://exa mple.com",
    ] {
        cases.push((with("link", json!(link)), &["link"]));
    }
    cases.push((with("link", json!(format!("https://example.com/{}", long(5000)))), &["link"]));
    for (body, fields) in cases {
        user.post(PATH, body).await.expect_invalid(fields);
    }
    assert!(user.tasks(&[]).await.is_empty());
}

/// What is no due date: no zone, no such day, no date at all.
fn bad_dates() -> Vec<Value> {
    let texts = [
        "tomorrow",
        "2031-01-15T10:00:00",
        "2031-01-15 10:00",
        "2031-1-5",
        "20310115",
        "2031-13-01",
        "2031-02-29",
        "2031-01-15T25:00:00Z",
        "2031-01-15T10:00:00+25:00",
        "15/01/2031",
        "1736935200",
        "0000-00-00",
    ];
    texts.iter().map(|text| json!(text)).chain([json!(1_736_935_200)]).collect()
}

async fn due(user: &Client, typed: &str) -> Timestamp {
    let task = user.create_task(json!({"title": "Due", "dueDate": typed})).await;
    instant(&user.task_now(&task).await["dueDate"])
}
