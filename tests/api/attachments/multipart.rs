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
    let (beach, notes) = (&attachments[0], &attachments[1]);
    assert_eq!((text(beach, "status"), text(beach, "fileType")), ("ready", "image/webp"));
    assert_eq!((text(notes, "status"), &notes["fileSize"]), ("ready", &json!(5)));
    assert_eq!(user.task_now(&task).await["attachments"], json!(attachments));
    user.get(&format!("/api/attachments/{}", id(notes))).await.expect(302);
}

#[tokio::test]
async fn a_rejected_file_is_in_the_answer_with_its_reason() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let answer = send(&user, &task, body(&[("page.pdf", "application/pdf", b"<html>")])).await.expect(201);
    let rejected = answer.list("attachments").remove(0);
    assert_eq!((text(&rejected, "status"), &rejected["fileUrl"]), ("rejected", &Value::Null));
    assert_eq!(text(&rejected, "rejectionReason"), "The file is not a PDF document");
}

#[tokio::test]
async fn the_same_request_stores_once_and_gets_the_attachments_as_they_are_now() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let send = || {
        let call =
            user.call("POST", &format!("/api/tasks/{}/attachments", id(&task))).header("Idempotency-Key", "once");
        call.body(&format!("multipart/form-data; boundary={BOUNDARY}"), body(&[("notes.txt", "text/plain", b"hello")]))
    };
    let (first, again) = (send().await.expect(201), send().await.expect(201));
    assert_eq!(first.list("attachments"), again.list("attachments"));
    assert_eq!(text(&again.list("attachments")[0], "status"), "ready");
    assert_eq!(user.task_now(&task).await["attachments"].as_array().map(Vec::len), Some(1));
    user.delete(&format!("/api/attachments/{}", id(&first.list("attachments")[0]))).await.expect(200);
    assert_eq!(send().await.expect(201).list("attachments"), [] as [Value; 0], "it was deleted since");
}

#[tokio::test]
async fn a_form_without_a_boundary_is_told_what_it_lacks() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let call = user.call("POST", &format!("/api/tasks/{}/attachments", id(&task)));
    let answer = call.body("multipart/form-data", body(&[("notes.txt", "text/plain", b"hello")])).await;
    let answer = answer.expect_invalid(&["Content-Type"]);
    assert!(answer.message().contains("boundary"), "{answer}");
}

#[tokio::test]
async fn every_bad_file_is_named() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    send(&user, &task, body(&[])).await.expect_invalid(&["files"]);
    let eleven = vec![("notes.txt", "text/plain", &b"x"[..]); 11];
    send(&user, &task, body(&eleven)).await.expect_invalid(&["files"]).saying("Too many files uploaded");
    let bad: [(&str, &str, &[u8]); 2] = [("run.exe", "image/png", b"MZ"), ("notes.txt", "text/plain", b"")];
    let message = "Invalid file type. Only images, PDFs, and documents allowed., File size must be a positive number";
    let refused = send(&user, &task, body(&bad)).await;
    refused.expect_invalid(&["files[0].fileType", "files[1].fileSize"]).saying(message);
    send(&user, &task, b"no form at all".to_vec()).await.expect_invalid(&["files"]);
    assert_eq!(user.task_now(&task).await["attachments"], json!([]));
}

#[tokio::test]
async fn more_than_four_megabytes_are_refused_for_people_first_and_then_for_programs() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let large = vec![b'x'; 4 * 1024 * 1024];
    let refused = send(&user, &task, body(&[("notes.txt", "text/plain", &large)])).await;
    let refused = refused.expect_error(413, "BODY_TOO_LARGE");
    let message = refused.message();
    assert!(message.starts_with("The files are too large to be sent together: the maximum is 4 MB."), "{refused}");
    assert!(message.contains("files:[{filename,fileType,fileSize}]"), "{refused}");
}
