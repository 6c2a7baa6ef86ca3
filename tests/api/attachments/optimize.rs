//! What becomes of uploads

use futures::future::join_all;
use image::ImageFormat;
use serde_json::{Value, json};

use crate::support::{App, User, a_text, announced, eventually, file, id, put, text, unknown_id};

#[tokio::test]
async fn a_picture_is_made_small_and_tells_what_that_saved() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let picture = super::picture(2400, 1800, ImageFormat::Png);
    let ready = user.upload(&task, "beach.png", "image/png", &picture).await;
    assert_eq!(text(&ready, "status"), "ready");
    assert_eq!((&ready["width"], &ready["height"]), (&json!(1440), &json!(1080)));
    assert_eq!(text(&ready, "fileType"), "image/webp");
    let stats = &ready["optimizationStats"];
    assert_eq!(stats["originalSize"], json!(picture.len()));
    assert_eq!(stats["optimizedSize"], ready["fileSize"]);
    let (before, after) = (picture.len() as u64, ready["fileSize"].as_u64().expect("a size"));
    assert_eq!(stats["compressionRatio"], json!((before - after) * 100 / before));
    assert_eq!(ready["rejectionReason"], Value::Null);
}

#[tokio::test]
async fn files_that_are_not_what_they_say_are_rejected_with_the_reason() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let cases: [(&str, &str, &[u8], &str); 4] = [
        ("run.png", "image/png", b"MZ\x90\0 an executable", "The file is not a PNG picture"),
        ("page.pdf", "application/pdf", b"<html><script>alert(1)</script>", "The file is not a PDF document"),
        ("half.png", "image/png", b"\x89PNG\r\n\x1a\n and no more", "The file is damaged"),
        (
            "letter.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            b"PK\x03\x04 no zip",
            "The file is damaged",
        ),
    ];
    for (name, kind, bytes, reason) in cases {
        let rejected = user.upload(&task, name, kind, bytes).await;
        assert_eq!((text(&rejected, "status"), text(&rejected, "rejectionReason")), ("rejected", reason), "{name}");
        assert_eq!(rejected["fileUrl"], Value::Null);
        let cloud = app.cloud();
        eventually("nothing of it is kept", async || cloud.objects(id(&rejected)).await.is_empty().then_some(())).await;
    }
}

#[tokio::test]
async fn objects_that_nobody_announced_do_not_stay() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let attachment = unknown_id();
    let cloud = app.cloud();
    cloud.put_object(&format!("raw/{}/{}/{attachment}", user.id, id(&task)), b"hello").await;
    eventually("it is removed", async || cloud.objects(&attachment).await.is_empty().then_some(())).await;
}

/// The address of an uploaded object.
fn raw(user: &User, task: &Value, attachment: &Value) -> String {
    format!("raw/{}/{}/{}", user.id, id(task), id(attachment))
}

async fn assert_emptied(app: &App, raw: &str) {
    let cloud = app.cloud();
    let emptied = std::iter::once((raw.to_owned(), 0)).collect();
    eventually("the raw object is emptied", async || (cloud.sizes(raw).await == emptied).then_some(())).await;
}

#[tokio::test]
async fn an_address_that_was_used_takes_no_other_file() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let announce = || user.announce(&task, json!([a_text(5)])).header("Idempotency-Key", "once");
    let told = announce().await.expect(201).list("files").remove(0);
    assert_eq!(put(&told, b"hello", &[]).await, 200);
    assert_eq!(put(&told, b"other", &[]).await, 412, "before it is processed");
    let ready = user.settled(&task, &told["attachment"]).await;
    assert_eq!(put(&told, b"other", &[]).await, 412, "as soon as it is ready");
    let raw = raw(&user, &task, &ready);
    assert_emptied(&app, &raw).await;
    assert_eq!(put(&told, b"other", &[]).await, 412, "after the raw object was emptied");
    let afresh = announce().await.expect(201).list("files").remove(0);
    assert_eq!(put(&afresh, b"other", &[]).await, 412, "with the address of a repeated announcement");
    assert_eq!(app.cloud().sizes(&raw).await[&raw], 0);
    assert_eq!(user.task_now(&task).await["attachments"], json!([ready]));
    let answer = user.get(&format!("/api/attachments/{}", id(&ready))).header("accept", "application/json").await;
    let url = text(answer.expect(200).data(), "url").to_owned();
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let fetched = http.get(url).send().await.expect("an answer").bytes().await.expect("a file");
    assert_eq!(&fetched[..], b"hello");
}

#[tokio::test]
async fn an_address_whose_file_was_rejected_takes_no_other_file() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let told = announced(&user, &task, a_text(5)).await;
    assert_eq!(put(&told, b"<html", &[]).await, 200);
    let rejected = user.settled(&task, &told["attachment"]).await;
    assert_eq!(text(&rejected, "status"), "rejected");
    assert_emptied(&app, &raw(&user, &task, &rejected)).await;
    assert_eq!(put(&told, b"hello", &[]).await, 412);
    assert_eq!(user.task_now(&task).await["attachments"], json!([rejected]));
}

#[tokio::test]
async fn a_file_put_to_the_address_of_a_deleted_attachment_vanishes_and_no_other_is_taken() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let told = announced(&user, &task, a_text(5)).await;
    assert_eq!(put(&told, b"hello", &[]).await, 200);
    let ready = user.settled(&task, &told["attachment"]).await;
    let raw = raw(&user, &task, &ready);
    assert_emptied(&app, &raw).await;
    user.delete(&format!("/api/attachments/{}", id(&ready))).await.expect(200);
    let cloud = app.cloud();
    eventually("its objects go", async || cloud.sizes(id(&ready)).await.is_empty().then_some(())).await;
    assert_eq!(put(&told, b"other", &[]).await, 200, "nothing is there any more");
    assert_emptied(&app, &raw).await;
    assert_eq!(put(&told, b"third", &[]).await, 412);
    assert_eq!(cloud.sizes(id(&ready)).await.into_iter().collect::<Vec<_>>(), [(raw, 0)], "nothing was stored");
    assert_eq!(user.task_now(&task).await["attachments"], json!([]));
}

#[tokio::test]
async fn files_of_one_user_do_not_hold_up_those_of_another() {
    const AT_ONCE: usize = 4;
    let app = App::new();
    let (busy, other) = (app.user().await, app.user().await);
    let (task, small) = (busy.task("Sort the photographs").await, other.task("Water the ferns").await);
    let picture = super::picture(6000, 4000, ImageFormat::Png);
    let files = json!(vec![file("large.png", "image/png", picture.len()); 10]);
    let large = busy.announce(&task, files).await.expect(201).list("files");
    let text_file = announced(&other, &small, a_text(5)).await;
    let statuses = join_all(large.iter().map(|told| put(told, &picture, &[]))).await;
    assert_eq!(statuses, [200; 10]);
    assert_eq!(put(&text_file, b"hello", &[]).await, 200);
    other.settled(&small, &text_file["attachment"]).await;
    let attachments = busy.task_now(&task).await["attachments"].as_array().expect("attachments").clone();
    let done = attachments.iter().filter(|it| text(it, "status") == "ready").count();
    assert!(done <= AT_ONCE, "it waited for {done} files");
    for told in &large {
        assert_eq!(text(&busy.settled(&task, &told["attachment"]).await, "status"), "ready");
    }
}
