//! `POST /api/tasks/{id}/attachments` with the files in the body

use serde_json::{Value, json};

use crate::support::{Answer, App, User, id, text};

const BOUNDARY: &str = "----of-this-test";

fn body(files: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, kind, bytes) in files {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n"
        );
        body.extend(head.as_bytes());
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn send(user: &User, task: &Value, body: Vec<u8>) -> Answer {
    let call = user.call("POST", &format!("/api/tasks/{}/attachments", id(task)));
    call.body(&format!("multipart/form-data; boundary={BOUNDARY}"), body).await
}

#[tokio::test]
async fn files_in_the_body_are_looked_into_like_announced_ones() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let picture = super::picture(640, 480, image::ImageFormat::Jpeg);
    let files: [(&str, &str, &[u8]); 2] =
        [("beach.jpg", "image/jpeg", &picture), ("notes.txt", "text/plain", b"hello")];
    let answer = send(&user, &task, body(&files)).await.expect(201).saying("Files uploaded successfully");
    let attachments = answer.list("attachments");
    assert_eq!(attachments.len(), 2);
    let beach = user.settled(&task, &attachments[0]).await;
    assert_eq!((text(&beach, "status"), text(&beach, "fileType")), ("ready", "image/webp"));
    let notes = user.settled(&task, &attachments[1]).await;
    assert_eq!((text(&notes, "status"), &notes["fileSize"]), ("ready", &json!(5)));
}

#[tokio::test]
async fn every_bad_file_is_named() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    send(&user, &task, body(&[])).await.expect_invalid(&["files"]);
    let eleven = vec![("notes.txt", "text/plain", &b"x"[..]); 11];
    send(&user, &task, body(&eleven)).await.expect_invalid(&["files"]);
    let bad: [(&str, &str, &[u8]); 2] = [("run.exe", "image/png", b"MZ"), ("notes.txt", "text/plain", b"")];
    send(&user, &task, body(&bad)).await.expect_invalid(&["files[0].fileType", "files[1].fileSize"]);
    send(&user, &task, b"no form at all".to_vec()).await.expect_invalid(&["files"]);
    assert_eq!(user.task_now(&task).await["attachments"], json!([]));
}

#[tokio::test]
async fn more_than_four_megabytes_are_refused_with_the_other_way() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let large = vec![b'x'; 4 * 1024 * 1024];
    let refused = send(&user, &task, body(&[("notes.txt", "text/plain", &large)])).await;
    let refused = refused.expect_error(413, "BODY_TOO_LARGE");
    assert!(refused.message().contains("files:[{filename,fileType,fileSize}]"), "{refused}");
}
