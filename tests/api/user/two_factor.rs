//! `POST /api/user/enabled-2fa`

use serde_json::{Value, json};

use crate::support::{App, Call, Client, PASSWORD, User, at_once};

const PATH: &str = "/api/user/enabled-2fa";

fn switch(client: &Client, is_enabled: impl Into<Value>) -> Call {
    let is_enabled: Value = is_enabled.into();
    client.post(PATH, json!({"is_Enabled": is_enabled}))
}

async fn general_notifications(user: &User) -> Vec<Value> {
    let mut notifications = user.notifications().await;
    notifications.retain(|one| one["type"] == "general");
    notifications
}

#[tokio::test]
async fn switching_it_on_answers_the_account_as_it_is_shown() {
    let user = App::new().user().await;
    let mut wanted = user.me().await;
    wanted["is_two_factor_enabled"] = json!(true);
    let answer = switch(&user, true).await.expect(200).saying("Two-factor authentication enabled successfully");
    assert_eq!(*answer.data(), json!({"user": wanted}));
    assert_eq!(user.me().await, wanted);
}

#[tokio::test]
async fn switching_it_off_does_too() {
    let user = App::new().user().await;
    let wanted = user.me().await;
    switch(&user, true).await.expect(200);
    let answer = switch(&user, false).await.expect(200).saying("Two-factor authentication disabled successfully");
    assert_eq!(*answer.data(), json!({"user": wanted}));
    assert_eq!(user.me().await, wanted);
}

#[tokio::test]
async fn the_next_login_needs_a_code_until_it_is_switched_off() {
    let app = App::new();
    let user = app.user().await;
    app.client().login(&user.email, PASSWORD).await.expect(200).saying("Login successful");
    switch(&user, true).await.expect(200);
    app.client().login(&user.email, PASSWORD).await.expect(200).saying("OTP sent to your email");
    switch(&user, false).await.expect(200);
    let answer = app.client().login(&user.email, PASSWORD).await.expect(200).saying("Login successful");
    assert_eq!(answer.data()["user"]["is_two_factor_enabled"], false);
}

#[tokio::test]
async fn sessions_go_on() {
    let app = App::new();
    let user = app.user().await;
    let (browser, tokens) = app.browser(&user).await;
    switch(&browser, true).await.expect(200);
    app.assert_alive(&user.tokens).await;
    app.assert_alive(&tokens).await;
    app.client().refresh(&tokens.refresh).await.expect(200);
}

#[tokio::test]
async fn a_notification_tells_of_it() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    assert!(general_notifications(&user).await.is_empty());
    switch(&user, true).await.expect(200);
    let on = general_notifications(&user).await;
    assert_eq!(on.len(), 1, "{on:?}");
    assert_eq!((&on[0]["task"], &on[0]["isRead"]), (&json!(null), &json!(false)));
    switch(&user, false).await.expect(200);
    assert_eq!(general_notifications(&user).await.len(), 2);
    assert!(general_notifications(&other).await.is_empty());
}

#[tokio::test]
async fn saying_what_already_is_changes_nothing() {
    let user = App::new().user().await;
    switch(&user, false).await.expect(200);
    assert_eq!(user.me().await["is_two_factor_enabled"], false);
    switch(&user, true).await.expect(200);
    switch(&user, true).await.expect(200);
    assert_eq!(user.me().await["is_two_factor_enabled"], true);
}

#[tokio::test]
async fn another_user_stays_as_they_are() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    switch(&user, true).await.expect(200);
    assert_eq!(other.me().await["is_two_factor_enabled"], false);
    app.client().login(&other.email, PASSWORD).await.expect(200).saying("Login successful");
}

#[tokio::test]
async fn only_true_and_false_switch() {
    let app = App::new();
    let user = app.user().await;
    // From addresses of their own: a failure counts.
    let client = || app.client().bearer(&user.tokens.access);
    for value in [json!(null), json!("true"), json!(1), json!(0), json!([true]), json!({"$ne": false})] {
        switch(&client(), value).await.expect_invalid(&["is_Enabled"]);
    }
    for body in [json!({}), json!({"is_enabled": true}), json!({"isEnabled": true}), json!({"enabled": true})] {
        client().post(PATH, body).await.expect_invalid(&["is_Enabled"]);
    }
    assert_eq!(user.me().await["is_two_factor_enabled"], false);
}

#[tokio::test]
pub(crate) async fn an_ended_session_switches_nothing() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let tokens = challenge.verify(&challenge.code).await.expect(200).tokens();
    let device = app.client().bearer(&tokens.access);
    device.call("POST", "/api/auth/logout").await.expect(200);
    switch(&device, false).await.expect_unauthorized();
    assert_eq!(user.me().await["is_two_factor_enabled"], true);
}

#[tokio::test]
async fn switches_at_once_leave_what_one_of_them_said() {
    let user = App::new().user().await;
    let answers = at_once([true, false, true, false, true].map(|is_enabled| switch(&user, is_enabled))).await;
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status())));
    assert!(answers.iter().any(|answer| answer.status() == 200));
    assert!(user.me().await["is_two_factor_enabled"].is_boolean());
    switch(&user, false).await.expect(200);
    assert_eq!(user.me().await["is_two_factor_enabled"], false);
}

#[tokio::test]
async fn a_mail_tells_of_each_switch() {
    let app = App::new();
    let user = app.user().await;
    switch(&user, true).await.expect(200);
    app.mailbox.wait_for(&user.email, "Two-Factor Authentication Enabled").await;
    switch(&user, false).await.expect(200);
    app.mailbox.wait_for(&user.email, "Two-Factor Authentication Disabled").await;
    switch(&user, false).await.expect(200);
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, "Two-Factor Authentication Disabled").await.len(), 1);
}

#[tokio::test]
async fn all_other_sessions_end_where_that_is_asked_for() {
    let app = App::new();
    let user = app.user().await;
    let ending = |is_enabled: bool| json!({"is_Enabled": is_enabled, "endOtherSessions": true});
    // The second changes nothing else, and ends the other session all the same.
    for _ in 0..2 {
        let (_, other) = if user.me().await["is_two_factor_enabled"] == true {
            let challenge = app.challenge(&user).await;
            let tokens = challenge.verify(&challenge.code).await.expect(200).tokens();
            (challenge.client, tokens)
        } else {
            app.another_device(&user).await
        };
        user.post(PATH, ending(true)).await.expect(200);
        app.assert_ended(&other).await;
        app.assert_alive(&user.tokens).await;
    }
    for bad in [json!("yes"), json!(1)] {
        let body = json!({"is_Enabled": true, "endOtherSessions": bad});
        app.client().bearer(&user.tokens.access).post(PATH, body).await.expect_invalid(&["endOtherSessions"]);
    }
}

#[tokio::test]
async fn a_wrong_password_switches_nothing_off_and_counts() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let off = |password: &str| user.post(PATH, json!({"is_Enabled": false, "password": password}));
    for _ in 0..5 {
        off("Wrong-Pass-1").await.expect_error(400, "WRONG_PASSWORD").saying("Password is incorrect");
    }
    off(PASSWORD).await.expect_error(429, "TOO_MANY_REQUESTS");
    let elsewhere = app.client().bearer(&user.tokens.access);
    assert_eq!(elsewhere.me().await["is_two_factor_enabled"], true);
    let right = json!({"is_Enabled": false, "password": PASSWORD});
    elsewhere.post(PATH, right).await.expect_error(429, "TOO_MANY_REQUESTS");
}
