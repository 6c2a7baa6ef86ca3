//! `POST /api/tasks/{id}/attachments` with announced files

use serde_json::{Value, json};

use crate::support::{App, a_text, announced, at_once, each, file, id, names, put, text, unknown_id};

#[tokio::test]
async fn an_announced_file_gets_an_address_and_hangs_on_its_task() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let answer = user.announce(&task, json!([file("../My notes.TXT", "text/plain", 5)])).await.expect(201);
    let announced = answer.list("files").remove(0);
    let attachment = &announced["attachment"];
    let fields = [
        "createdAt",
        "fileSize",
        "fileType",
        "fileUrl",
        "filename",
        "height",
        "id",
        "optimizationStats",
        "originalName",
        "rejectionReason",
        "status",
        "taskId",
        "thumbnailUrl",
        "width",
    ];
    assert_eq!(names(attachment), fields);
    assert_eq!(text(attachment, "filename"), "My notes.TXT");
    assert_eq!(attachment["filename"], attachment["originalName"]);
    assert_eq!((text(attachment, "status"), &attachment["fileUrl"]), ("pending", &Value::Null));
    assert_eq!(names(&announced["upload"]), ["expiresAt", "headers", "method", "url"]);
    assert_eq!(names(&announced["upload"]["headers"]), ["content-type", "if-none-match"]);
    assert_eq!(text(&announced["upload"], "method"), "PUT");
    assert!(!text(&announced["upload"], "url").contains("notes"));
    assert_eq!(user.task_now(&task).await["attachments"], json!([attachment]));
    let [listed] = user.tasks(&[]).await.try_into().expect("one task");
    assert_eq!(listed["attachments"], json!([attachment]));
}

#[tokio::test]
async fn the_originals_address_works_too() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let path = format!("/api/attachments/{}", id(&task));
    user.post(&path, json!({"files": [a_text(5)]})).await.expect(201);
    assert_eq!(user.task_now(&task).await["attachments"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn every_bad_file_is_named_and_nothing_is_announced() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let many: Vec<Value> = (0..11).map(|_| a_text(1)).collect();
    let cases = [
        (json!([]), vec!["files"]),
        (json!(many), vec!["files"]),
        (json!("notes.txt"), vec!["files"]),
        (json!([a_text(0)]), vec!["files[0].fileSize"]),
        (json!([a_text(1), a_text(10 * 1024 * 1024 + 1)]), vec!["files[1].fileSize"]),
        (json!([file("notes.txt", "image/png", 1)]), vec!["files[0].fileType"]),
        (json!([file("run.exe", "application/x-msdownload", 1)]), vec!["files[0].fileType"]),
        (json!([file("x.svg", "image/svg+xml", 1)]), vec!["files[0].fileType"]),
        (
            json!([{"filename": {"$ne": null}, "fileType": 1, "fileSize": "5"}]),
            vec!["files[0].filename", "files[0].fileType", "files[0].fileSize"],
        ),
    ];
    for (files, fields) in cases {
        user.announce(&task, files).await.expect_invalid(&fields);
    }
    assert_eq!(user.task_now(&task).await["attachments"], json!([]));
}

#[tokio::test]
async fn ten_megabytes_are_the_most() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    announced(&user, &task, a_text(10 * 1024 * 1024)).await;
}

#[tokio::test]
async fn a_task_of_somebody_else_is_as_unknown_as_none() {
    let app = App::new();
    let (user, stranger) = (app.user().await, app.user().await);
    let task = user.task("Water the ferns").await;
    stranger.announce(&task, json!([a_text(1)])).await.expect_error(404, "NOT_FOUND").saying("Task not found");
    let none = json!({"id": unknown_id()});
    user.announce(&none, json!([a_text(1)])).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_task_takes_twenty_attachments_also_in_a_race() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let seven = || user.announce(&task, (0..7).map(|_| a_text(1)).collect());
    let answers = at_once((0..5).map(|_| seven())).await;
    let mut created = 0;
    for answer in answers {
        if answer.status() == 201 {
            created += 1;
        } else {
            answer.expect_error(409, "LIMIT_REACHED").saying("A task can have at most 20 attachments");
        }
    }
    assert_eq!(created, 2);
    assert_eq!(user.task_now(&task).await["attachments"].as_array().map(Vec::len), Some(14));
}

#[tokio::test]
async fn the_address_takes_that_file_only_and_once() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let told = announced(&user, &task, a_text(5)).await;
    assert_eq!(put(&told, b"longer than announced", &[]).await, 403, "another length");
    assert_eq!(put(&told, b"<h1/>", &[("content-type", "text/html")]).await, 403, "another type");
    let mut other = told.clone();
    let turned = text(&told["upload"], "url").replace(id(&told["attachment"]), &unknown_id());
    other["upload"]["url"] = json!(turned);
    assert_eq!(put(&other, b"hello", &[]).await, 403, "another key");
    let mut unsigned = told.clone();
    let bare = text(&told["upload"], "url").split('?').next().expect("an address").to_owned();
    unsigned["upload"]["url"] = json!(bare);
    assert_eq!(put(&unsigned, b"hello", &[]).await, 403, "without a signature");
    let mut longer = told.clone();
    let windowed = text(&told["upload"], "url").replace("X-Amz-Expires=900", "X-Amz-Expires=604800");
    assert_ne!(windowed, text(&told["upload"], "url"), "an address works for a quarter of an hour");
    longer["upload"]["url"] = json!(windowed);
    assert_eq!(put(&longer, b"hello", &[]).await, 403, "for longer");
    assert_eq!(put(&told, b"hello", &[]).await, 200);
    let ready = user.settled(&task, &told["attachment"]).await;
    assert_eq!(text(&ready, "status"), "ready");
}

#[tokio::test]
async fn the_same_request_announces_once_and_gets_fresh_addresses() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let announce = || user.announce(&task, json!([a_text(5)])).header("Idempotency-Key", "once");
    let (first, again) = (announce().await.expect(201), announce().await.expect(201));
    assert_eq!(first.list("files")[0]["attachment"], again.list("files")[0]["attachment"]);
    assert_eq!(user.task_now(&task).await["attachments"].as_array().map(Vec::len), Some(1));
    assert_eq!(put(&again.list("files")[0], b"hello", &[]).await, 200);
    user.settled(&task, &first.list("files")[0]["attachment"]).await;
    let later = announce().await.expect(201);
    assert_eq!(first.list("files")[0]["attachment"], later.list("files")[0]["attachment"], "the first answer");
    user.announce(&task, json!([a_text(6)]))
        .header("Idempotency-Key", "once")
        .await
        .expect_error(422, "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn ten_uploads_an_hour_and_account_and_no_more() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    // What uploads nothing does not count, nor does a request that is sent again.
    for _ in 0..11 {
        user.announce(&task, json!([])).await.expect_invalid(&["files"]);
        user.announce(&json!({"id": unknown_id()}), json!([a_text(1)])).await.expect_error(404, "NOT_FOUND");
        user.announce(&task, json!([a_text(1)])).header("Idempotency-Key", "once").await.expect(201);
    }
    for _ in 0..9 {
        user.announce(&task, json!([a_text(1)])).await.expect(201);
    }
    let elsewhere = app.client().bearer(&user.tokens.access);
    for client in [&*user, &elsewhere] {
        let refused = client.announce(&task, json!([a_text(1)])).await.expect_error(429, "TOO_MANY_REQUESTS");
        assert_eq!(refused.header("ratelimit-policy"), Some("10;w=3600"));
    }
    let neighbour = app.neighbour(&user).await;
    let task = neighbour.task("Water the palms").await;
    neighbour.announce(&task, json!([a_text(1)])).await.expect(201);
}

#[tokio::test]
async fn attachments_keep_their_order() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let kinds = [("a.pdf", "application/pdf"), ("b.txt", "text/plain"), ("c.png", "image/png")];
    let files = kinds.iter().map(|(name, kind)| file(name, kind, 9)).collect();
    user.announce(&task, files).await.expect(201);
    let shown = user.task_now(&task).await;
    assert_eq!(each(shown["attachments"].as_array().expect("attachments"), "filename"), ["a.pdf", "b.txt", "c.png"]);
}
