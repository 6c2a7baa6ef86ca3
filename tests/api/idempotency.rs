//! `Idempotency-Key`: what is sent again creates nothing again.

use serde_json::{Value, json};

use crate::support::{Answer, App, Call, PASSWORD, User, at_once, id, minutes_ahead, unique_email};

fn key() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn create(user: &User, key: &str, body: Value) -> Call {
    user.post("/api/tasks", body).header("Idempotency-Key", key)
}

async fn tasks(user: &User) -> usize {
    user.get("/api/tasks").await.expect(200).data()["tasks"].as_array().expect("tasks").len()
}

#[track_caller]
fn assert_same(first: &Answer, again: &Answer) {
    assert_eq!(again.status(), first.status());
    assert_eq!(again.json(), first.json());
    for name in ["etag", "location", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
}

#[tokio::test]
async fn a_task_sent_twice_is_created_once_and_answered_the_same() {
    let user = App::new().user().await;
    let key = key();
    let body = json!({"title": "Water the ferns", "dueDate": "2031-05-01", "category": "home"});
    let first = create(&user, &key, body.clone()).await.expect(201);
    let again = create(&user, &key, body).await.expect(201);
    assert_same(&first, &again);
    let spelled_otherwise = r#"{ "category":"home", "dueDate":"2031-05-01", "title":"Water the ferns" }"#;
    let call = user.call("POST", "/api/tasks").header("Idempotency-Key", key.as_str());
    assert_same(&first, &call.body("application/json", spelled_otherwise).await.expect(201));
    assert_eq!(tasks(&user).await, 1);
}

#[tokio::test]
async fn the_first_answer_stands_although_the_task_changed_or_went() {
    let user = App::new().user().await;
    let key = key();
    let first = create(&user, &key, json!({"title": "Water the ferns"})).await.expect(201);
    let task = &first.data()["task"];
    user.update_task(task, json!({"title": "Water the cacti"})).await.expect(200);
    assert_same(&first, &create(&user, &key, json!({"title": "Water the ferns"})).await);
    user.delete(&format!("/api/tasks/{}", id(task))).await.expect(200);
    assert_same(&first, &create(&user, &key, json!({"title": "Water the ferns"})).await);
    assert_eq!(tasks(&user).await, 0);
}

#[tokio::test]
async fn a_key_used_for_another_body_is_refused_and_creates_nothing() {
    let user = App::new().user().await;
    let key = key();
    create(&user, &key, json!({"title": "Water the ferns"})).await.expect(201);
    let other = create(&user, &key, json!({"title": "Water the cacti"})).await;
    other.expect_error(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(tasks(&user).await, 1);
}

#[tokio::test]
async fn a_key_counts_per_user_and_per_route() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let key = key();
    let task = create(&user, &key, json!({"title": "Water the ferns"})).await.expect(201);
    create(&other, &key, json!({"title": "Another's task"})).await.expect(201);
    let reminder = json!({"taskId": task.data()["task"]["id"], "scheduledAt": minutes_ahead(120)});
    let post = || user.post("/api/reminders", reminder.clone()).header("Idempotency-Key", key.as_str());
    let first = post().await.expect(201);
    assert_same(&first, &post().await);
    let list = user.get("/api/reminders").await.expect(200);
    assert_eq!(list.data()["reminders"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let user = App::new().user().await;
    let key = key();
    create(&user, &key, json!({"title": "x"})).await.expect_error(400, "VALIDATION_FAILED");
    create(&user, &key, json!({"title": "Water the ferns"})).await.expect(201);
}

#[tokio::test]
async fn bad_keys_are_named() {
    let user = App::new().user().await;
    for bad in ["", &"k".repeat(256)] {
        let answer = create(&user, bad, json!({"title": "Water the ferns"})).await;
        answer.expect_invalid(&["Idempotency-Key"]);
    }
    create(&user, &"k".repeat(255), json!({"title": "Water the ferns"})).await.expect(201);
    assert_eq!(tasks(&user).await, 1);
}

#[tokio::test]
async fn of_50_parallel_duplicates_one_creates_and_all_get_its_answer() {
    let user = App::new().user().await;
    let key = key();
    let answers = at_once((0..50).map(|_| create(&user, &key, json!({"title": "Water the ferns"})))).await;
    let created: Vec<_> = answers.iter().filter(|answer| answer.status() == 201).collect();
    let first = created.first().expect("one");
    for answer in &answers {
        match answer.status() {
            201 => assert_same(first, answer),
            status => assert_eq!(status, 409, "{answer}"),
        }
    }
    assert_eq!(tasks(&user).await, 1);
}

#[tokio::test]
async fn a_registration_sent_twice_makes_one_account_and_sends_one_mail() {
    let app = App::new();
    let (email, key) = (unique_email(), key());
    let register = |password: &str| {
        let body = json!({"name": "Asha Rao", "email": email, "password": password});
        app.client().post("/api/auth/register", body).header("Idempotency-Key", key.as_str())
    };
    let first = register(PASSWORD).await.expect(201);
    assert_same(&first, &register(PASSWORD).await);
    register("Another-42-lark").await.expect_error(422, "IDEMPOTENCY_KEY_REUSED");
    app.client().register("Asha Rao", &email, PASSWORD).await.expect_error(400, "USER_EXISTS");
    let later = app.user().await;
    app.mailbox.wait_for_text(&later.email, "/verify-email?token=").await;
    app.mailbox.wait_for_text(&email, "/verify-email?token=").await;
    assert_eq!(app.mailbox.messages(&email).await.len(), 1);
}

#[tokio::test]
async fn an_ended_session_gets_no_answer_again() {
    let app = App::new();
    let user = app.user().await;
    let key = key();
    create(&user, &key, json!({"title": "Water the ferns"})).await.expect(201);
    user.post("/api/auth/logout", json!({})).await.expect(200);
    create(&user, &key, json!({"title": "Water the ferns"})).await.expect_error(401, "UNAUTHORIZED");
}
