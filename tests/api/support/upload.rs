//! Uploading as an app does it: announce, put, wait.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, eventually, id, text};

/// An announced file.
pub(crate) fn file(name: &str, kind: &str, size: usize) -> Value {
    json!({"filename": name, "fileType": kind, "fileSize": size})
}

/// An announced text of so many bytes.
pub(crate) fn a_text(size: usize) -> Value {
    file("notes.txt", "text/plain", size)
}

/// Announces one file, and gives what the answer says of it: `attachment` and `upload`.
pub(crate) async fn announced(user: &Client, task: &Value, file: Value) -> Value {
    user.announce(task, json!([file])).await.expect(201).list("files").remove(0)
}

/// Puts bytes where an announcement's answer says, with other headers where `instead` names them; gives the status.
pub(crate) async fn put(announced: &Value, bytes: &[u8], instead: &[(&str, &str)]) -> u16 {
    let upload = &announced["upload"];
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let mut request = http.request(Method::PUT, text(upload, "url")).body(bytes.to_vec());
    let headers = upload["headers"].as_object().expect("headers");
    for (name, value) in headers.iter().map(|(name, value)| (name.as_str(), value.as_str().expect("a text"))) {
        let other = instead.iter().find(|(known, _)| *known == name).map(|(_, other)| *other);
        request = request.header(name, other.unwrap_or(value));
    }
    request.send().await.expect("the bucket answers").status().as_u16()
}

impl Client {
    /// The attachment of a task as the task shows it, once it is neither pending nor being looked at.
    pub(crate) async fn settled(&self, task: &Value, attachment: &Value) -> Value {
        eventually(&format!("{} is looked at", id(attachment)), async || {
            let task = self.task_now(task).await;
            let found = task["attachments"].as_array().expect("attachments").iter().find(|it| id(it) == id(attachment));
            found.filter(|it| ["ready", "rejected"].contains(&text(it, "status"))).cloned()
        })
        .await
    }

    /// Uploads bytes and waits until they were looked at.
    pub(crate) async fn upload(&self, task: &Value, name: &str, kind: &str, bytes: &[u8]) -> Value {
        let announced = announced(self, task, file(name, kind, bytes.len())).await;
        assert_eq!(put(&announced, bytes, &[]).await, 200);
        self.settled(task, &announced["attachment"]).await
    }
}
