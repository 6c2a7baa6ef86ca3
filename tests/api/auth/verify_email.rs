//! `POST /api/auth/verify-email`

use serde_json::json;

use crate::support::{Answer, App, Call, Client, PASSWORD, User, at_once, eventually, minutes_ahead};

const PATH: &str = "/api/auth/verify-email";

fn verify(client: &Client, token: &str) -> Call {
    client.post(PATH, json!({"token": token}))
}

fn verify_with(client: &Client, token: &str, password: &str) -> Call {
    client.post(PATH, json!({"token": token, "password": password}))
}

#[track_caller]
fn assert_invalid(answer: Answer) {
    answer.expect_error(400, "INVALID_TOKEN").saying("Invalid or expired verification token");
}

async fn reminder_mails(app: &App, user: &User) -> usize {
    app.mailbox.about(&user.email, "Reminder: Water the ferns is due soon").await.len()
}

#[tokio::test]
async fn the_mailed_token_verifies_the_address() {
    let app = App::new();
    let user = app.user().await;
    let before = user.me().await;
    assert_eq!(before["email_verified"], false);
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    let answer = verify(&user, &token).await.expect(200).saying("Email verified successfully");
    assert_eq!(*answer.data(), json!({}));
    assert_eq!(answer.cookies_set(), 0, "it does not sign in");
    let mut after = before;
    after["email_verified"] = json!(true);
    assert_eq!(user.me().await, after, "and nothing else changes");
}

#[tokio::test]
async fn a_token_works_once() {
    let app = App::new();
    let user = app.user().await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    verify(&user, &token).await.expect(200);
    assert_invalid(verify(&user, &token).await);
    assert_eq!(user.me().await["email_verified"], true);
}

#[tokio::test]
async fn of_uses_at_once_one_succeeds() {
    let app = App::new();
    let user = app.user().await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    let answers = at_once((0..6).map(|_| verify(&app.client().bearer(&user.tokens.access), &token))).await;
    let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 200);
    assert_eq!(good.len(), 1);
    bad.into_iter().for_each(assert_invalid);
    assert_eq!(user.me().await["email_verified"], true);
}

#[tokio::test]
async fn a_token_that_was_never_mailed_verifies_nothing() {
    let app = App::new();
    let user = app.user().await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    let (shorter, longer) = (&token[..token.len() - 1], format!("{token}A"));
    let unknown = "A".repeat(43);
    for bad in [
        "garbage",
        &unknown,
        shorter,
        &longer,
        &user.id,
        &user.email,
        &user.tokens.access,
        &user.tokens.refresh,
        "../../etc/passwd",
        "' OR 1=1 --",
        &"x".repeat(10_000),
    ] {
        assert_invalid(verify(&app.client(), bad).await);
    }
    assert_eq!(user.me().await["email_verified"], false);
    verify(&user, &token).await.expect(200);
}

#[tokio::test]
pub(crate) async fn the_mail_alone_verifies_nothing_and_the_token_still_works() {
    let app = App::new();
    // A stranger has registered the owner's address, and the owner opens the link.
    let (stranger, other) = (app.user().await, app.user().await);
    let token = app.mailbox.verification_token(&stranger.email, &[]).await;
    for client in [&app.client(), &*other] {
        let refused = verify(client, &token).await.expect_error(401, "SIGN_IN_TO_VERIFY");
        refused.saying("Sign in to verify your email address");
    }
    let wrong = verify_with(&app.client(), &token, "Wrong-Pass-1").await;
    wrong.expect_error(401, "SIGN_IN_TO_VERIFY").saying("Password is incorrect");
    assert_eq!(stranger.me().await["email_verified"], false);
    verify(&stranger, &token).await.expect(200);
    assert_eq!(stranger.me().await["email_verified"], true);
    assert_eq!(other.me().await["email_verified"], false);
}

#[tokio::test]
async fn the_password_verifies_without_a_session() {
    let app = App::new();
    let user = app.user().await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    let answer = verify_with(&app.client(), &token, PASSWORD).await.expect(200);
    assert_eq!(answer.cookies_set(), 0, "it does not sign in");
    assert_eq!(user.me().await["email_verified"], true);
}

#[tokio::test]
async fn an_ended_session_verifies_nothing() {
    let app = App::new();
    let user = app.user().await;
    let (device, _) = app.another_device(&user).await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    device.call("POST", "/api/auth/logout").await.expect(200);
    verify(&device, &token).await.expect_unauthorized();
    verify(&user, &token).await.expect(200);
}

#[tokio::test]
pub(crate) async fn a_wrong_password_counts_as_a_failed_login_of_the_client_and_of_the_account() {
    let app = App::new();
    let user = app.user().await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    let client = app.client();
    for _ in 0..3 {
        verify_with(&client, &token, "Wrong-Pass-1").await.expect_error(401, "SIGN_IN_TO_VERIFY");
    }
    for _ in 0..2 {
        client.login(&user.email, "Wrong-Pass-1").await.expect_error(401, "INVALID_CREDENTIALS");
    }
    client.login(&user.email, PASSWORD).await.expect_error(429, "TOO_MANY_REQUESTS");
    verify_with(&client, &token, PASSWORD).await.expect_error(429, "TOO_MANY_REQUESTS");
    // Ten failures from strange addresses, and the account takes no more of them.
    for _ in 0..5 {
        verify_with(&app.client(), &token, "Wrong-Pass-1").await.expect_error(401, "SIGN_IN_TO_VERIFY");
    }
    verify_with(&app.client(), &token, PASSWORD).await.expect_error(429, "TOO_MANY_REQUESTS");
    app.mailbox.wait_for(&user.email, "Sign-In Attempts Blocked").await;
    verify(&user, &token).await.expect(200);
}

#[tokio::test]
async fn a_right_password_does_not_count() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    for _ in 0..4 {
        client.login(&user.email, "Wrong-Pass-1").await.expect_error(401, "INVALID_CREDENTIALS");
    }
    verify_with(&client, &token, PASSWORD).await.expect(200);
    client.login(&user.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_mailed_login_code_verifies_the_address_too() {
    let app = App::new();
    let user = app.two_factor_user().await;
    assert_eq!(user.me().await["email_verified"], false);
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    let challenge = app.challenge(&user).await;
    challenge.verify(&challenge.wrong(0)).await.expect_error(400, "INVALID_OTP");
    assert_eq!(user.me().await["email_verified"], false);
    challenge.verify(&challenge.code).await.expect(200);
    assert_eq!(user.me().await["email_verified"], true);
    assert_invalid(verify(&user, &token).await);
}

#[tokio::test]
async fn a_missing_token_is_asked_for() {
    let app = App::new();
    for body in [json!({}), json!({"token": null}), json!({"Token": "x"})] {
        app.client().post(PATH, body).await.expect_invalid(&["token"]).saying("Token is required");
    }
    for value in [json!(""), json!("  "), json!(7), json!(true), json!(["x"]), json!({"$ne": null})] {
        app.client().post(PATH, json!({"token": value})).await.expect_invalid(&["token"]);
    }
}

#[tokio::test]
async fn a_verified_address_gets_every_reminder_mail() {
    let app = App::new();
    let user = app.user().await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    verify(&user, &token).await.expect(200);
    let task = user.task("Water the ferns").await;
    for minutes in [10, 15, 20, 25, 30] {
        user.remind(&task, &minutes_ahead(minutes)).await;
    }
    eventually("all five mails arrive", async || (reminder_mails(&app, &user).await == 5).then_some(())).await;
}

#[tokio::test]
async fn verifying_lets_mails_through_to_an_address_that_had_its_three() {
    let app = App::new();
    let user = app.user().await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    let task = user.task("Water the ferns").await;
    for minutes in [10, 15, 20] {
        user.remind(&task, &minutes_ahead(minutes)).await;
    }
    eventually("three mails arrive", async || (reminder_mails(&app, &user).await == 3).then_some(())).await;
    let withheld = user.remind(&task, &minutes_ahead(22)).await;
    eventually("the fourth is withheld", async || {
        user.reminder_now(&withheld).await.filter(|reminder| reminder["delivery"]["state"] == "failed")
    })
    .await;
    verify(&user, &token).await.expect(200);
    user.remind(&task, &minutes_ahead(25)).await;
    eventually("a later mail arrives", async || (reminder_mails(&app, &user).await == 4).then_some(())).await;
    app.later_mail(&user).await;
    assert_eq!(reminder_mails(&app, &user).await, 4, "what was withheld is not sent afterwards");
}
