//! A refresh token that was rotated away, at `POST /api/auth/refresh` or as a cookie of any other route: somebody copied it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{App, PASSWORD, Tokens, User, eventually};

async fn refreshed(app: &App, token: &str) -> Tokens {
    app.client().refresh(token).await.expect(200).tokens()
}

/// Rotates a session's first refresh token away, and the next one, too; the newest tokens.
async fn rotated_twice(app: &App, first: &Tokens) -> Tokens {
    let second = refreshed(app, &first.refresh).await;
    refreshed(app, &second.refresh).await
}

#[tokio::test]
pub(crate) async fn the_token_before_is_theft_once_half_a_minute_has_passed() {
    let app = App::new();
    let first = app.user().await.tokens;
    let second = refreshed(&app, &first.refresh).await;
    let rotated = Instant::now();
    let refused = eventually("the token before is refused", async || {
        let answer = app.client().refresh(&first.refresh).await;
        (answer.status() != 200).then_some(answer)
    });
    refused.await.expect_unauthorized();
    assert!(rotated.elapsed() > Duration::from_secs(28), "refused after {:?}", rotated.elapsed());
    app.assert_ended(&second).await;
}

#[tokio::test]
pub(crate) async fn a_token_of_two_rotations_ago_ends_the_session() {
    let app = App::new();
    let user = app.user().await;
    let (_, first) = app.another_device(&user).await;
    let newest = rotated_twice(&app, &first).await;
    let answer = app.client().refresh(&first.refresh).await.expect_unauthorized();
    assert_eq!(answer.cookies_set(), 0);
    app.assert_ended(&newest).await;
    app.assert_ended(&first).await;
    app.assert_alive(&user.tokens).await;
    assert_eq!(user.sessions().await.len(), 1, "the others go on");
}

#[tokio::test]
async fn a_stolen_cookie_ends_the_session_too() {
    let app = App::new();
    let (_, first) = app.browser(&app.user().await).await;
    let newest = rotated_twice(&app, &first).await;
    let browser = app.client().cookies(&[("refreshToken", &first.refresh)]);
    browser.call("POST", "/api/auth/refresh").await.expect_unauthorized();
    app.assert_ended(&newest).await;
}

#[tokio::test]
async fn a_stolen_cookie_ends_the_session_on_every_route_for_signed_in_users() {
    let app = App::new();
    let user = app.user().await;
    for (method, path) in [("GET", "/api/tasks"), ("GET", "/api/user/export"), ("DELETE", "/api/notifications/x")] {
        let (_, first) = app.browser(&user).await;
        let newest = rotated_twice(&app, &first).await;
        let answer = app.client().cookies(&[("refreshToken", &first.refresh)]).call(method, path).await;
        assert_eq!(answer.expect_unauthorized().cookies_set(), 0);
        app.assert_ended(&newest).await;
    }
    eventually("three thefts are told", async || (general_notifications(&user).await.len() == 3).then_some(())).await;
    app.mailbox.wait_for(&user.email, "Security Alert").await;
    app.assert_alive(&user.tokens).await;
}

#[tokio::test]
async fn an_outdated_cookie_before_a_good_one_opens_the_route() {
    let app = App::new();
    let user = app.user().await;
    let (_, first) = app.browser(&user).await;
    let newest = rotated_twice(&app, &first).await;
    let cookies = [("refreshToken", &*first.refresh), ("refreshToken", &*newest.refresh)];
    app.client().cookies(&cookies).get("/api/user/me").await.expect(200);
    let cookies = [("accessToken", "stale"), ("accessToken", &*newest.access), ("refreshToken", &*first.refresh)];
    assert_eq!(app.client().cookies(&cookies).get("/api/user/me").await.expect(200).cookies_set(), 0);
    app.assert_alive(&newest).await;
    assert!(general_notifications(&user).await.is_empty());
}

#[tokio::test]
async fn theft_is_told_once_by_mail_and_in_the_app() {
    let app = App::new();
    let user = app.verified_user_named("Asha Rao").await;
    let device = app.client().with_header("user-agent", "<b>Phone</b>");
    let first = device.tokens(&user.email, PASSWORD).await;
    rotated_twice(&app, &first).await;
    for _ in 0..3 {
        app.client().refresh(&first.refresh).await.expect_unauthorized();
    }
    let general = eventually("the theft is told in the app", async || {
        Some(general_notifications(&user).await).filter(|general| !general.is_empty())
    });
    let general = general.await;
    assert_eq!(general.len(), 1, "{general:?}");
    assert_eq!((&general[0]["task"], &general[0]["isRead"]), (&json!(null), &json!(false)));
    let mail = app.mailbox.wait_for(&user.email, "Security Alert").await;
    assert!(mail.html.contains(&user.name) && mail.text.contains(&user.name), "{mail:?}");
    assert!(mail.text.contains("<b>Phone</b>"), "{}", mail.text);
    assert!(!mail.html.contains("<b>Phone"), "what a client calls itself is no markup: {}", mail.html);
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, "Security Alert").await.len(), 1);
    assert_eq!(general_notifications(&user).await.len(), 1);
}

#[tokio::test]
async fn refreshing_as_one_should_alarms_nobody() {
    let app = App::new();
    let user = app.user().await;
    let second = refreshed(&app, &user.tokens.refresh).await;
    refreshed(&app, &user.tokens.refresh).await;
    refreshed(&app, &second.refresh).await;
    app.later_mail(&user).await;
    assert!(app.mailbox.about(&user.email, "Security Alert").await.is_empty());
    assert!(general_notifications(&user).await.is_empty());
}

async fn general_notifications(user: &User) -> Vec<Value> {
    let mut notifications = user.notifications().await;
    notifications.retain(|one| one["type"] == "general");
    notifications
}
