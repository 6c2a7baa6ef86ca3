//! `POST /api/user/set-password`
//!
//! Every account of these tests was registered with a password; accounts without one are in `auth::google`.

use serde_json::json;

use crate::support::{Answer, App, Call, Client, PASSWORD};

fn set(client: &Client, password: &str) -> Call {
    client.post("/api/user/set-password", json!({"password": password}))
}

#[track_caller]
fn assert_already_set(answer: Answer) {
    answer.expect_error(400, "PASSWORD_ALREADY_SET").saying("Password is already set");
}

#[tokio::test]
async fn an_account_that_has_a_password_keeps_it() {
    let app = App::new();
    let user = app.user().await;
    let (_, device) = app.another_device(&user).await;
    for password in ["Another-Pass-1", PASSWORD] {
        assert_already_set(set(&user, password).await);
    }
    app.client().login(&user.email, "Another-Pass-1").await.expect_error(401, "INVALID_CREDENTIALS");
    app.client().login(&user.email, PASSWORD).await.expect(200);
    app.assert_alive(&user.tokens).await;
    app.assert_alive(&device).await;
}

#[tokio::test]
async fn an_attempt_sends_no_mail() {
    let app = App::new();
    let user = app.user().await;
    assert_already_set(set(&user, "Another-Pass-1").await);
    app.later_mail(&user).await;
    assert!(app.mailbox.about(&user.email, "Password Changed").await.is_empty());
}

#[tokio::test]
async fn a_bad_password_is_named() {
    let app = App::new();
    let user = app.user().await;
    let too_long = format!("Aa1{}", "a".repeat(126));
    for body in [
        json!({}),
        json!({"password": null}),
        json!({"password": 12_345_678}),
        json!({"password": {"$ne": null}}),
        json!({"password": "Ab1"}),
        json!({"password": "alllower1"}),
        json!({"password": "ALLUPPER1"}),
        json!({"password": "NoDigits"}),
        json!({"password": too_long}),
    ] {
        let client = app.client().bearer(&user.tokens.access);
        client.post("/api/user/set-password", body).await.expect_invalid(&["password"]);
    }
}

#[tokio::test]
async fn an_account_that_has_a_password_is_no_failed_sign_in() {
    let app = App::new();
    let user = app.user().await;
    for _ in 0..7 {
        assert_already_set(set(&user, "Another-Pass-1").await);
    }
}
