//! A client: an address of its own, perhaps signed in, and the things that clients do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::{Answer, Call, eventually, id};

/// A client. Clones are the same client: one address, one limit.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base_url: Arc<str>,
    headers: Vec<(String, String)>,
}

/// What a login gives.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Client {
    /// A client at an address that no other client of this run has.
    pub(super) fn new(http: reqwest::Client, base_url: Arc<str>) -> Self {
        let headers = vec![("x-test-client-address".to_owned(), next_address())];
        Self { http, base_url, headers }
    }

    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    pub(super) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Where it calls from.
    pub(crate) fn address(&self) -> &str {
        self.headers.first().map_or("", |(_, address)| address)
    }

    /// A client at the same address that is not signed in.
    pub(crate) fn signed_out(&self) -> Self {
        let mut client = self.clone();
        client.headers.truncate(1);
        client
    }

    /// The same client, sending this header with every request.
    pub(crate) fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same client with a Bearer token.
    pub(crate) fn bearer(&self, token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {token}"))
    }

    /// The same client with cookies.
    pub(crate) fn cookies(&self, cookies: &[(&str, &str)]) -> Self {
        let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.with_header("cookie", &pairs.join("; "))
    }

    /// The same client with both cookies of a session, as a browser has them.
    pub(crate) fn session_cookies(&self, tokens: &Tokens) -> Self {
        self.cookies(&[("accessToken", &tokens.access), ("refreshToken", &tokens.refresh)])
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        Call::new(self.clone(), method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Call {
        self.call("POST", path).json(&body)
    }

    pub(crate) fn put(&self, path: &str, body: Value) -> Call {
        self.call("PUT", path).json(&body)
    }

    pub(crate) fn patch(&self, path: &str, body: Value) -> Call {
        self.call("PATCH", path).json(&body)
    }

    pub(crate) fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }

    pub(crate) fn register(&self, name: &str, email: &str, password: &str) -> Call {
        self.post("/api/auth/register", json!({"name": name, "email": email, "password": password}))
    }

    pub(crate) fn login(&self, email: &str, password: &str) -> Call {
        self.post("/api/auth/login", json!({"email": email, "password": password}))
    }

    /// Logs in as a mobile app does, and hands out the tokens.
    pub(crate) async fn tokens(&self, email: &str, password: &str) -> Tokens {
        self.login(email, password).header("x-token-delivery", "body").await.expect(200).tokens()
    }

    /// Refreshes as a mobile app does.
    pub(crate) fn refresh(&self, token: &str) -> Call {
        self.post("/api/auth/refresh", json!({"refreshToken": token})).header("x-token-delivery", "body")
    }

    /// Asks for a link that sets a new password.
    pub(crate) fn forgot(&self, email: &str) -> Call {
        self.post("/api/auth/forgot-password", json!({"email": email}))
    }

    /// Sets a new password with a mailed token.
    pub(crate) fn reset(&self, token: &str, password: &str) -> Call {
        self.post("/api/auth/reset-password", json!({"token": token, "password": password}))
    }

    /// The user's sessions, newest first.
    pub(crate) async fn sessions(&self) -> Vec<Value> {
        self.get("/api/user/sessions").await.expect(200).list("sessions")
    }

    /// The session that this client is signed in with.
    pub(crate) async fn current_session(&self) -> Value {
        self.sessions().await.into_iter().find(|session| session["current"] == true).expect("a current session")
    }

    /// The user's account.
    pub(crate) async fn me(&self) -> Value {
        self.get("/api/user/me").await.expect(200).data()["user"].clone()
    }

    /// Creates a task.
    pub(crate) async fn create_task(&self, body: Value) -> Value {
        self.post("/api/tasks", body).await.expect(201).data()["task"].clone()
    }

    /// Creates a task that has only a title.
    pub(crate) async fn task(&self, title: &str) -> Value {
        self.create_task(json!({"title": title})).await
    }

    /// The task as it is now.
    pub(crate) async fn task_now(&self, task: &Value) -> Value {
        self.get(&format!("/api/tasks/{}", id(task))).await.expect(200).data()["task"].clone()
    }

    /// Changes a task.
    pub(crate) fn update_task(&self, task: &Value, body: Value) -> Call {
        self.put(&format!("/api/tasks/{}", id(task)), body)
    }

    pub(crate) async fn complete(&self, task: &Value) -> Answer {
        self.update_task(task, json!({"status": "completed"})).await.expect(200)
    }

    /// Announces files for a task.
    pub(crate) fn announce(&self, task: &Value, files: Value) -> Call {
        self.post(&format!("/api/tasks/{}/attachments", id(task)), json!({"files": files}))
    }

    pub(crate) fn delete_task(&self, task: &Value) -> Call {
        self.delete(&format!("/api/tasks/{}", id(task)))
    }

    /// The first page of the tasks that a query keeps.
    pub(crate) async fn tasks(&self, query: &[(&str, &str)]) -> Vec<Value> {
        self.get("/api/tasks").query(query).await.expect(200).list("tasks")
    }

    /// The pages of a list, from the first to the last.
    pub(crate) async fn pages(&self, path: &str, list: &str, query: &[(&str, &str)]) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let at: Vec<_> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
            let answer = self.get(path).query(query).query(&at).await.expect(200);
            pages.push(answer.list(list));
            assert!(pages.len() < 100, "the pages of {path} {query:?} do not end");
            match answer.data()["nextCursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return pages,
            }
        }
    }

    /// Creates a reminder.
    pub(crate) async fn create_reminder(&self, body: Value) -> Value {
        self.post("/api/reminders", body).await.expect(201).data()["reminder"].clone()
    }

    /// Creates a mail reminder of a task.
    pub(crate) async fn remind(&self, task: &Value, scheduled_at: &str) -> Value {
        self.create_reminder(json!({"taskId": id(task), "scheduledAt": scheduled_at})).await
    }

    /// Changes a reminder.
    pub(crate) fn update_reminder(&self, reminder: &Value, body: Value) -> Call {
        self.put(&format!("/api/reminders/{}", id(reminder)), body)
    }

    pub(crate) fn delete_reminder(&self, reminder: &Value) -> Call {
        self.delete(&format!("/api/reminders/{}", id(reminder)))
    }

    /// The first page of the user's reminders.
    pub(crate) async fn reminders(&self) -> Vec<Value> {
        self.get("/api/reminders").query(&[("limit", "100")]).await.expect(200).list("reminders")
    }

    /// The reminder as it is now; `None` when it is gone.
    pub(crate) async fn reminder_now(&self, reminder: &Value) -> Option<Value> {
        self.reminders().await.into_iter().find(|other| id(other) == id(reminder))
    }

    /// Waits until a reminder has gone out.
    pub(crate) async fn wait_until_sent(&self, reminder: &Value) -> Value {
        eventually(&format!("the reminder {} goes out", id(reminder)), async || {
            self.reminder_now(reminder).await.filter(|reminder| reminder["delivery"]["state"] == "sent")
        })
        .await
    }

    /// The first page of the user's notifications, newest first.
    pub(crate) async fn notifications(&self) -> Vec<Value> {
        self.get("/api/notifications").query(&[("limit", "100")]).await.expect(200).list("notifications")
    }

    /// How many notifications are unread.
    pub(crate) async fn unread(&self) -> u64 {
        let answer = self.get("/api/notifications/count").await.expect(200);
        answer.data()["count"].as_u64().expect("a count")
    }

    /// Marks a notification as read.
    pub(crate) fn read(&self, notification: &Value) -> Call {
        self.call("PATCH", &format!("/api/notifications/{}/read", id(notification)))
    }

    /// The notifications of one type about a task.
    pub(crate) async fn notifications_of(&self, task: &Value, kind: &str) -> Vec<Value> {
        let mut notifications = self.notifications().await;
        notifications.retain(|one| one["relatedTaskId"] == task["id"] && one["type"] == kind);
        notifications
    }
}

/// The next address in 10.0.0.0/8, starting anywhere: runs on one stack do not meet the last one's limits.
fn next_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    static START: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    let start = *START.get_or_init(|| {
        let [.., a, b, c, d] = uuid::Uuid::now_v7().into_bytes();
        u32::from_be_bytes([a, b, c, d])
    });
    let [_, b, c, d] = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)).to_be_bytes();
    format!("10.{b}.{c}.{d}")
}
