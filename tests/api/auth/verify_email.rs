//! `POST /api/auth/verify-email`

use serde_json::json;

use crate::support::{Answer, App, Call, Client, User, at_once, eventually, minutes_ahead};

const PATH: &str = "/api/auth/verify-email";

fn verify(client: &Client, token: &str) -> Call {
    client.post(PATH, json!({"token": token}))
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
    // Whoever holds the mail need not be signed in.
    let answer = verify(&app.client(), &token).await.expect(200).saying("Email verified successfully");
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
    verify(&app.client(), &token).await.expect(200);
    assert_invalid(verify(&app.client(), &token).await);
    assert_eq!(user.me().await["email_verified"], true);
}

#[tokio::test]
async fn of_uses_at_once_one_succeeds() {
    let app = App::new();
    let user = app.user().await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    let answers = at_once((0..6).map(|_| verify(&app.client(), &token))).await;
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
    verify(&app.client(), &token).await.expect(200);
}

#[tokio::test]
async fn a_token_verifies_its_own_user_only() {
    let app = App::new();
    let (one, other) = (app.user().await, app.user().await);
    let token = app.mailbox.verification_token(&one.email, &[]).await;
    // Who is signed in does not matter: the token is the address's.
    verify(&other, &token).await.expect(200);
    assert_eq!(one.me().await["email_verified"], true);
    assert_eq!(other.me().await["email_verified"], false);
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
    verify(&app.client(), &token).await.expect(200);
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
    verify(&app.client(), &token).await.expect(200);
    user.remind(&task, &minutes_ahead(25)).await;
    eventually("the fourth mail arrives", async || (reminder_mails(&app, &user).await == 4).then_some(())).await;
}
