//! A valid refresh cookie, when the access token is missing or over, gives a new access cookie on the very answer.

use serde_json::json;

use crate::support::{Answer, App, Client};

#[track_caller]
fn new_access(answer: &Answer) -> String {
    let cookie = answer.set_cookie("accessToken").unwrap_or_else(|| panic!("expected a new access cookie\n{answer}"));
    assert_eq!(cookie.attributes, ["HttpOnly", "Max-Age=900", "Path=/", "SameSite=Lax"]);
    assert_eq!(answer.cookies_set(), 1, "the refresh token is not rotated\n{answer}");
    cookie.value
}

/// A browser whose access cookie has gone, and its refresh token.
async fn browser(app: &App) -> (Client, String) {
    let user = app.user().await;
    let (_, tokens) = app.browser(&user).await;
    (app.client().cookies(&[("refreshToken", &tokens.refresh)]), tokens.refresh)
}

#[tokio::test]
async fn a_request_goes_on_with_a_new_access_cookie() {
    let app = App::new();
    let (browser, _) = browser(&app).await;
    let me = browser.get("/api/user/me").await.expect(200);
    let access = new_access(&me);
    let again = app.client().cookies(&[("accessToken", &access)]).get("/api/user/me").await.expect(200);
    assert_eq!(again.data(), me.data());
    assert_eq!(again.cookies_set(), 0, "a valid access cookie is enough");
}

#[tokio::test]
async fn a_write_goes_on_too() {
    let app = App::new();
    let (browser, _) = browser(&app).await;
    let answer = browser.post("/api/tasks", json!({"title": "Water the ferns"})).await.expect(201);
    let access = new_access(&answer);
    let tasks = app.client().cookies(&[("accessToken", &access)]).tasks(&[]).await;
    assert_eq!(tasks.len(), 1);
}

#[tokio::test]
async fn an_error_s_answer_carries_the_cookie_too() {
    let app = App::new();
    let (browser, _) = browser(&app).await;
    new_access(&browser.post("/api/tasks", json!({})).await.expect(400));
    new_access(&browser.get(&format!("/api/tasks/{}", crate::support::unknown_id())).await.expect(404));
}

#[tokio::test]
async fn the_same_refresh_cookie_serves_again_and_at_once() {
    let app = App::new();
    let (browser, _) = browser(&app).await;
    for _ in 0..3 {
        new_access(&browser.get("/api/tasks").await.expect(200));
    }
    for answer in crate::support::at_once((0..8).map(|_| browser.get("/api/tasks"))).await {
        new_access(&answer.expect(200));
    }
}

#[tokio::test]
async fn it_stands_in_for_an_access_cookie_that_is_no_longer_good() {
    let app = App::new();
    let (_, refresh) = browser(&app).await;
    for stale in ["", "rubbish", "a.b.c"] {
        let browser = app.client().cookies(&[("accessToken", stale), ("refreshToken", &refresh)]);
        new_access(&browser.get("/api/user/me").await.expect(200));
    }
}

#[tokio::test]
async fn the_new_token_belongs_to_the_same_session() {
    let app = App::new();
    let (browser, refresh) = browser(&app).await;
    let access = new_access(&browser.get("/api/user/me").await.expect(200));
    let renewed = app.client().cookies(&[("accessToken", &access), ("refreshToken", &refresh)]);
    renewed.task("While signed in").await;
    renewed.call("POST", "/api/auth/logout").await.expect(200);
    renewed.post("/api/tasks", json!({"title": "Too late"})).await.expect_unauthorized();
    browser.get("/api/user/me").await.expect_unauthorized();
}

#[tokio::test]
async fn a_refresh_token_as_bearer_refreshes_nothing() {
    let app = App::new();
    let (_, refresh) = browser(&app).await;
    let answer = app.client().bearer(&refresh).get("/api/user/me").await.expect_unauthorized();
    assert_eq!(answer.cookies_set(), 0);
}

#[tokio::test]
async fn public_routes_do_not_refresh() {
    let app = App::new();
    let (browser, _) = browser(&app).await;
    assert_eq!(browser.get("/health").await.expect(200).cookies_set(), 0);
    assert_eq!(browser.get("/api/nothing").await.expect(404).cookies_set(), 0);
}
