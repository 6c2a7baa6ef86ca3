//! `GET /api/attachments/{id}`

use serde_json::{Value, json};

use crate::support::{App, User, a_text, announced, id, put, text, unknown_id};

async fn ready(user: &User) -> (Value, Value) {
    let task = user.task("Water the ferns").await;
    let picture = super::picture(800, 600, image::ImageFormat::Jpeg);
    let attachment = user.upload(&task, "My beach.jpg", "image/jpeg", &picture).await;
    (task, attachment)
}

fn path(attachment: &Value) -> String {
    format!("/api/attachments/{}", id(attachment))
}

async fn fetched(url: &str) -> reqwest::Response {
    reqwest::Client::builder().no_proxy().build().expect("an HTTP client").get(url).send().await.expect("an answer")
}

#[tokio::test]
async fn it_leads_to_the_file_and_to_its_thumbnail() {
    let app = App::new();
    let user = app.user().await;
    let (_, attachment) = ready(&user).await;
    assert_eq!(text(&attachment, "fileUrl"), format!("{}{}", app.base_url(), path(&attachment)));
    assert_eq!(text(&attachment, "thumbnailUrl"), format!("{}{}?thumbnail=true", app.base_url(), path(&attachment)));
    for (query, side) in [("", 800), ("?thumbnail=true", 320)] {
        let answer = user.get(&format!("{}{query}", path(&attachment))).await.expect(302);
        let file = fetched(answer.header("location").expect("a location")).await;
        assert_eq!(file.status().as_u16(), 200);
        assert_eq!(file.headers()["content-type"], "image/webp");
        let disposition = file.headers()["content-disposition"].to_str().expect("a text").to_owned();
        assert_eq!(disposition, "attachment; filename=\"My beach.webp\"; filename*=UTF-8''My%20beach.webp");
        let bytes = file.bytes().await.expect("a file");
        let picture = image::load_from_memory_with_format(&bytes, image::ImageFormat::WebP).expect("a WebP");
        assert_eq!(picture.width(), side);
    }
}

#[tokio::test]
async fn a_client_that_wants_json_gets_the_address() {
    let user = App::new().user().await;
    let (_, attachment) = ready(&user).await;
    let answer = user.get(&path(&attachment)).header("accept", "application/json").await.expect(200);
    assert_eq!(fetched(text(answer.data(), "url")).await.status().as_u16(), 200);
    assert!(answer.data()["expiresAt"].is_string());
    for file in ["*/*, application/json;q=0", "application/json;q=0", "image/webp, application/json;q=0.5"] {
        user.get(&path(&attachment)).header("accept", file).await.expect(302);
    }
    for json in ["application/json, text/plain, */*", "image/png, application/json;q=0.5"] {
        user.get(&path(&attachment)).header("accept", json).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_not_there_yet_or_not_ones_own_cannot_be_fetched() {
    let app = App::new();
    let user = app.user().await;
    let (task, attachment) = ready(&user).await;
    app.user().await.get(&path(&attachment)).await.expect_error(404, "NOT_FOUND");
    user.get(&format!("/api/attachments/{}", unknown_id())).await.expect_error(404, "NOT_FOUND");
    user.get("/api/attachments/../../etc").await.expect(404);
    let pending = announced(&user, &task, a_text(5)).await["attachment"].clone();
    user.get(&path(&pending)).await.expect_error(409, "ATTACHMENT_NOT_READY");
}

#[tokio::test]
async fn a_document_has_no_thumbnail_and_a_rejected_file_is_not_given_out() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let notes = user.upload(&task, "notes.txt", "text/plain", b"hello").await;
    assert_eq!(notes["thumbnailUrl"], Value::Null);
    user.get(&format!("{}?thumbnail=true", path(&notes))).await.expect_error(404, "NOT_FOUND");
    let html = b"<!DOCTYPE html><script>alert(1)</script>";
    let lie = user.upload(&task, "notes.txt", "text/plain", html).await;
    assert_eq!(text(&lie, "status"), "rejected");
    user.get(&path(&lie)).await.expect_error(409, "ATTACHMENT_NOT_READY").saying("The file was rejected");
}

#[tokio::test]
async fn nobody_else_may_read_the_bucket() {
    let app = App::new();
    let user = app.user().await;
    let (_, attachment) = ready(&user).await;
    let answer = user.get(&path(&attachment)).await.expect(302);
    let signed = answer.header("location").expect("a location").to_owned();
    let bare = signed.split('?').next().expect("an address");
    assert_eq!(fetched(bare).await.status().as_u16(), 403);
    let other = signed.replace(id(&attachment), &unknown_id());
    assert_eq!(fetched(&other).await.status().as_u16(), 403);
    let told = json!({"upload": {"url": signed, "headers": {}}});
    assert_eq!(put(&told, b"overwritten", &[]).await, 403);
}

#[tokio::test]
pub(crate) async fn an_ended_session_gets_no_address_of_a_file() {
    let app = App::new();
    let user = app.user().await;
    let (_, attachment) = ready(&user).await;
    let (device, _) = app.another_device(&user).await;
    device.get(&path(&attachment)).await.expect(302);
    device.call("POST", "/api/auth/logout").await.expect(200);
    for query in ["", "?thumbnail=true"] {
        device.get(&format!("{}{query}", path(&attachment))).await.expect_unauthorized();
    }
    user.get(&path(&attachment)).await.expect(302);
}
