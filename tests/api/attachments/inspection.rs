//! What the daily inspection finds between the table and the bucket

use serde_json::{Value, json};

use crate::support::{App, User, id, text, unknown_id};

async fn uploaded(user: &User, task: &Value) -> String {
    id(&user.upload(task, "notes.txt", "text/plain", b"hello").await).to_owned()
}

#[tokio::test]
async fn an_attachment_without_its_file_is_shown_as_rejected_and_all_others_are_left_alone() {
    let app = App::new();
    let (user, cloud) = (app.user().await, app.cloud());
    let task = user.task("Water the ferns").await;
    let file = |attachment: &str| format!("files/{}/{}/{attachment}/file", user.id, id(&task));
    let (lost, whole, fresh) =
        (uploaded(&user, &task).await, uploaded(&user, &task).await, uploaded(&user, &task).await);
    for attachment in [&lost, &whole] {
        cloud.set_text(&user.id, &format!("ATT#{attachment}"), "card.changedAt", "2026-01-01T00:00:00.000Z").await;
    }
    // What changed within a day may still be on its way, in either place.
    for attachment in [&lost, &fresh] {
        cloud.delete_object(&file(attachment)).await;
    }
    let stray = unknown_id();
    cloud.put_object(&file(&stray), b"hello").await;

    for _ in 0..2 {
        cloud.deliver("service-cleanup", &json!({"kind": "inspect"})).await;
        let shown = user.task_now(&task).await["attachments"].clone();
        let status = |attachment: &str| {
            let found = shown.as_array().and_then(|all| all.iter().find(|it| id(it) == attachment));
            text(found.unwrap_or_else(|| panic!("expected {attachment} in {shown}")), "status").to_owned()
        };
        assert_eq!([status(&lost), status(&whole), status(&fresh)], ["rejected", "ready", "ready"]);
    }
    assert_eq!(cloud.objects(&stray).await, [file(&stray)]);
    let shown = user.task_now(&task).await;
    let reasons = shown["attachments"].as_array().expect("attachments").iter().map(|it| &it["rejectionReason"]);
    assert_eq!(
        reasons.filter(|reason| **reason == json!("The file was lost, please upload it again")).count(),
        1,
        "{shown}"
    );
    user.get(&format!("/api/attachments/{whole}")).await.expect(302);
}
