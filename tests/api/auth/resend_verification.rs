//! `POST /api/auth/resend-verification`

use serde_json::json;

use crate::support::{Answer, App, Call, Client, at_once};

fn resend(client: &Client) -> Call {
    client.call("POST", "/api/auth/resend-verification")
}

fn verify(client: &Client, token: &str) -> Call {
    client.post("/api/auth/verify-email", json!({"token": token}))
}

#[tokio::test]
async fn a_second_mail_has_another_token_and_the_first_is_void() {
    let app = App::new();
    let user = app.user().await;
    let first = app.mailbox.verification_token(&user.email, &[]).await;
    let answer = resend(&user).await.expect(200).saying("Verification email sent");
    assert_eq!(*answer.data(), json!({}), "the token comes by mail alone");
    let second = app.mailbox.verification_token(&user.email, &[&first]).await;

    verify(&user, &first).await.expect_error(400, "INVALID_TOKEN");
    assert_eq!(user.me().await["email_verified"], false);
    verify(&user, &second).await.expect(200);
    assert_eq!(user.me().await["email_verified"], true);
    verify(&user, &first).await.expect_error(400, "INVALID_TOKEN");
}

#[tokio::test]
async fn a_verified_address_gets_no_further_mail() {
    let app = App::new();
    let user = app.user().await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    verify(&user, &token).await.expect(200);
    let answer = resend(&user).await.expect(200).saying("Email is already verified");
    assert_eq!(*answer.data(), json!({}));
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.verification_tokens(&user.email).await, [token]);
    assert_eq!(user.me().await["email_verified"], true);
}

#[tokio::test]
async fn a_browser_asks_without_a_body() {
    let app = App::new();
    let user = app.user().await;
    let (browser, _) = app.browser(&user).await;
    resend(&browser).await.expect(200);
    resend(&browser).body("text/plain", "{not json").await.expect(200);
}

#[tokio::test]
async fn of_mails_asked_for_at_once_one_token_is_good() {
    let app = App::new();
    let user = app.user().await;
    let first = app.mailbox.verification_token(&user.email, &[]).await;
    let device = || app.client().bearer(&user.tokens.access);
    // Mails and refused tokens count together, and five are admitted in an hour.
    let answers = at_once((0..2).map(|_| resend(&device()))).await;
    let sent = answers.iter().filter(|answer| answer.status() == 200).count();
    assert!(sent >= 1 && answers.iter().all(|answer| [200, 409].contains(&answer.status())));
    let mut known = vec![first];
    for _ in 0..sent {
        let seen: Vec<&str> = known.iter().map(String::as_str).collect();
        let next = app.mailbox.verification_token(&user.email, &seen).await;
        known.push(next);
    }
    let mut good = 0;
    for token in &known {
        good += usize::from(verify(&device(), token).await.status() == 200);
    }
    assert_eq!(good, 1, "of {} tokens", known.len());
    assert_eq!(user.me().await["email_verified"], true);
}

#[tokio::test]
async fn an_ended_session_sends_no_mail() {
    let app = App::new();
    let user = app.user().await;
    let (device, _) = app.another_device(&user).await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    device.call("POST", "/api/auth/logout").await.expect(200);
    resend(&device).await.expect_unauthorized();
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.verification_tokens(&user.email).await.len(), 1);
    verify(&user, &token).await.expect(200);
}

#[tokio::test]
async fn an_account_may_ask_five_times_an_hour() {
    let app = App::new();
    let user = app.user().await;
    for _ in 0..5 {
        resend(&user).await.expect(200);
    }
    assert_too_many(&resend(&user).await.expect_error(429, "TOO_MANY_REQUESTS"));
    assert_too_many(&resend(&app.client().bearer(&user.tokens.access)).await.expect_error(429, "TOO_MANY_REQUESTS"));
    user.task("The rest goes on").await;
    let neighbour = app.neighbour(&user).await;
    resend(&neighbour).await.expect(200);
}

#[tokio::test]
async fn what_sends_no_mail_and_a_token_that_works_do_not_count() {
    let app = App::new();
    let user = app.user().await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    verify(&user, &token).await.expect(200);
    for _ in 0..6 {
        resend(&user).await.expect(200).saying("Email is already verified");
        user.post("/api/auth/verify-email", json!({})).await.expect_invalid(&["token"]);
    }
    verify(&user, "garbage").await.expect_error(400, "INVALID_TOKEN");
}

#[tokio::test]
async fn guesses_and_mails_share_one_counter() {
    let app = App::new();
    let user = app.user().await;
    let token = app.mailbox.verification_token(&user.email, &[]).await;
    for _ in 0..3 {
        verify(&user, "garbage").await.expect_error(400, "INVALID_TOKEN");
    }
    for _ in 0..2 {
        resend(&user).await.expect(200);
    }
    assert_too_many(&verify(&user, &token).await.expect_error(429, "TOO_MANY_REQUESTS"));
    assert_too_many(&resend(&user).await.expect_error(429, "TOO_MANY_REQUESTS"));
    assert_eq!(user.me().await["email_verified"], false);
}

#[track_caller]
fn assert_too_many(answer: &Answer) {
    assert_eq!(answer.header("ratelimit-policy"), Some("5;w=3600"), "{answer}");
    assert_eq!(answer.header("ratelimit-remaining"), Some("0"), "{answer}");
    assert!(answer.header("retry-after").is_some(), "{answer}");
}
