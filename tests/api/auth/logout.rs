//! `POST /api/auth/logout`

use serde_json::json;

use crate::support::{App, Client, each, fires_in, minutes_ahead};

fn logout(client: &Client) -> crate::support::Call {
    client.call("POST", "/api/auth/logout")
}

#[tokio::test]
async fn both_cookies_are_cleared() {
    let app = App::new();
    let user = app.user().await;
    let (browser, _) = app.browser(&user).await;
    let answer = logout(&browser).await.expect(200).saying("Logged out successfully");
    answer.assert_cookies_cleared();
    assert_eq!(answer.header("clear-site-data"), Some("\"storage\""), "{answer}");
}

#[tokio::test]
async fn it_succeeds_when_already_logged_out() {
    let app = App::new();
    let user = app.user().await;
    let (browser, _) = app.browser(&user).await;
    logout(&browser).await.expect(200);
    logout(&browser).await.expect(200).saying("Logged out successfully");
    for stranger in [app.client(), app.client().bearer("rubbish"), app.client().cookies(&[("refreshToken", "rubbish")])]
    {
        logout(&stranger).await.expect(200).saying("Logged out successfully");
    }
}

#[tokio::test]
async fn an_ended_session_s_access_token_writes_nothing_any_more() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &minutes_ahead(300)).await;
    let (device, _) = app.another_device(&user).await;
    logout(&device).await.expect(200);

    device.post("/api/tasks", json!({"title": "Too late"})).await.expect_unauthorized();
    device.update_task(&task, json!({"title": "Too late"})).await.expect_unauthorized();
    device.update_task(&task, json!({"status": "completed"})).await.expect_unauthorized();
    let body = json!({"taskId": task["id"], "scheduledAt": fires_in(600)});
    device.post("/api/reminders", body).await.expect_unauthorized();
    device.update_reminder(&reminder, json!({"message": "Too late"})).await.expect_unauthorized();
    device.delete_reminder(&reminder).await.expect_unauthorized();
    device.delete_task(&task).await.expect_unauthorized();
    // Changes of nothing are no way around it.
    device.update_task(&task, json!({})).await.expect_unauthorized();
    device.update_reminder(&reminder, json!({})).await.expect_unauthorized();
    device.patch("/api/user/me", json!({})).await.expect_unauthorized();
    device.post("/api/user/enabled-2fa", json!({"is_Enabled": false})).await.expect_unauthorized();

    assert_eq!(each(&user.tasks(&[]).await, "title"), ["Water the ferns"]);
    assert_eq!(user.task_now(&task).await["status"], "todo");
    let reminders = user.reminders().await;
    assert_eq!(reminders.len(), 1);
    assert_eq!(reminders[0]["message"], json!(null));
    assert!(user.notifications().await.is_empty());
}

#[tokio::test]
async fn an_ended_session_s_refresh_cookie_opens_nothing_any_more() {
    let app = App::new();
    let user = app.user().await;
    let (browser, tokens) = app.browser(&user).await;
    let refresh_only = app.client().cookies(&[("refreshToken", &tokens.refresh)]);
    refresh_only.get("/api/user/me").await.expect(200);
    logout(&browser).await.expect(200);
    refresh_only.get("/api/user/me").await.expect_unauthorized();
}

#[tokio::test]
async fn a_refresh_cookie_alone_ends_its_session() {
    let app = App::new();
    let user = app.user().await;
    let (browser, tokens) = app.browser(&user).await;
    let refresh_only = app.client().cookies(&[("refreshToken", &tokens.refresh)]);
    logout(&refresh_only).await.expect(200).assert_cookies_cleared();
    browser.post("/api/tasks", json!({"title": "Too late"})).await.expect_unauthorized();
}

#[tokio::test]
async fn other_sessions_go_on() {
    let app = App::new();
    let user = app.user().await;
    let (browser, tokens) = app.browser(&user).await;
    logout(&user).await.expect(200);
    browser.task("Still here").await;
    app.client().cookies(&[("refreshToken", &tokens.refresh)]).get("/api/user/me").await.expect(200);
}

#[tokio::test]
async fn a_body_is_neither_needed_nor_read() {
    let app = App::new();
    let user = app.user().await;
    let (browser, _) = app.browser(&user).await;
    logout(&browser).body("text/plain", "{not json").await.expect(200);
}
