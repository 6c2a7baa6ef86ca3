//! `DELETE /api/attachments/{id}`, and what deleting tasks and accounts leaves in the bucket: nothing

use serde_json::{Value, json};

use crate::support::{App, PASSWORD, User, a_text, announced, eventually, id, put, unknown_id};

async fn uploaded(user: &User) -> (Value, Value) {
    let task = user.task("Water the ferns").await;
    let picture = super::picture(64, 48, image::ImageFormat::Png);
    let attachment = user.upload(&task, "beach.png", "image/png", &picture).await;
    (task, attachment)
}

async fn assert_bucket_forgets(app: &App, text: &str) {
    let cloud = app.cloud();
    eventually(&format!("objects of {text} go"), async || cloud.objects(text).await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_deleted_attachment_leaves_its_task_and_the_bucket() {
    let app = App::new();
    let user = app.user().await;
    let (task, attachment) = uploaded(&user).await;
    let mut objects = app.cloud().objects(id(&attachment)).await;
    objects.sort();
    let prefix = format!("files/{}/{}/{}", user.id, id(&task), id(&attachment));
    assert_eq!(objects, [format!("{prefix}/file"), format!("{prefix}/thumbnail")], "the raw object is empty");
    let path = format!("/api/attachments/{}", id(&attachment));
    user.delete(&path).await.expect(200).saying("Attachment deleted successfully");
    assert_eq!(user.task_now(&task).await["attachments"], json!([]));
    user.get(&path).await.expect_error(404, "NOT_FOUND");
    user.delete(&path).await.expect_error(404, "NOT_FOUND");
    let cloud = app.cloud();
    eventually("all of its objects go", async || cloud.sizes(id(&attachment)).await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn nobody_elses_attachment_can_be_deleted() {
    let app = App::new();
    let user = app.user().await;
    let (task, attachment) = uploaded(&user).await;
    app.user().await.delete(&format!("/api/attachments/{}", id(&attachment))).await.expect_error(404, "NOT_FOUND");
    user.delete(&format!("/api/attachments/{}", unknown_id())).await.expect_error(404, "NOT_FOUND");
    assert_eq!(user.task_now(&task).await["attachments"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_deleted_task_takes_its_files_along() {
    let app = App::new();
    let user = app.user().await;
    let (task, attachment) = uploaded(&user).await;
    user.delete_task(&task).await.expect(200);
    assert_bucket_forgets(&app, id(&task)).await;
    let cloud = app.cloud();
    let row = format!("ATT#{}", id(&attachment));
    eventually("the row goes", async || (!cloud.rows_of(&user.id).await.contains(&row)).then_some(())).await;
}

#[tokio::test]
async fn a_file_that_arrives_after_its_task_is_gone_does_not_stay() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let told = announced(&user, &task, a_text(5)).await;
    user.delete_task(&task).await.expect(200);
    assert_eq!(put(&told, b"hello", &[]).await, 200);
    assert_bucket_forgets(&app, id(&task)).await;
}

#[tokio::test]
async fn a_deleted_account_leaves_no_object() {
    let app = App::new();
    let user = app.user().await;
    uploaded(&user).await;
    let (task, _) = uploaded(&user).await;
    let told = announced(&user, &task, a_text(5)).await;
    assert_eq!(put(&told, b"hello", &[]).await, 200);
    user.delete("/api/user/me").json(&json!({"password": PASSWORD})).await.expect(200);
    assert_bucket_forgets(&app, &user.id).await;
    let cloud = app.cloud();
    eventually("all rows go", async || cloud.rows_of(&user.id).await.is_empty().then_some(())).await;
}
