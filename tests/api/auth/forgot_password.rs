//! `POST /api/auth/forgot-password`

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Answer, App, Call, Client, FRONTEND, PASSWORD, User, assert_as_long, unique_email};

const PATH: &str = "/api/auth/forgot-password";
const MAIL: &str = "Password Reset Request";

#[track_caller]
fn assert_queued(answer: Answer) -> Answer {
    let answer = answer.expect(200).saying("If email exists, reset link has been sent");
    assert_eq!(*answer.data(), json!({}));
    assert_eq!(answer.cookies_set(), 0, "{answer}");
    answer
}

/// All that an answer shows but what differs from request to request by its nature.
fn seen(answer: &Answer) -> (u16, BTreeMap<String, String>, Value) {
    let mut headers = answer.all_headers();
    for name in ["date", "x-request-id", "apigw-requestid", "ratelimit-reset"] {
        headers.remove(name);
    }
    (answer.status(), headers, answer.json().clone())
}

#[tokio::test]
async fn one_mail_leads_to_the_app() {
    let app = App::new();
    let user = app.user().await;
    assert_queued(app.client().forgot(&user.email).await);
    let link = format!("{FRONTEND}/reset-password?token=");
    let mail = app.mailbox.wait_for(&user.email, MAIL).await;
    assert!(mail.to.contains(&user.email), "{mail:?}");
    assert!(mail.html.contains(&link) && mail.text.contains(&link), "{mail:?}");
    for part in [&mail.html, &mail.text] {
        assert!(!part.contains(&user.name), "a stranger may have chosen the name: {mail:?}");
    }
    let token = mail.reset_token().expect("a token");
    assert!(token.len() >= 43, "256 bits take 43 characters of base64url: {token}");
    assert!(mail.html.contains(&token), "both parts hold the same token: {mail:?}");
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, MAIL).await.len(), 1);
}

#[tokio::test]
pub(crate) async fn a_known_and_an_unknown_address_get_the_same_answer() {
    let app = App::new();
    let user = app.user().await;
    let known = assert_queued(app.client().forgot(&user.email).await);
    let unknown = assert_queued(app.client().forgot(&unique_email()).await);
    assert_eq!(seen(&known), seen(&unknown));
}

#[tokio::test]
pub(crate) async fn a_known_and_an_unknown_address_are_answered_in_the_same_time() {
    let app = App::new();
    let user = app.user().await;
    assert_as_long(
        "forgot-password of a known and an unknown address",
        // Behind the answer to a known one, a mail is made on the same two processors.
        3.0,
        async |_| {
            assert_queued(app.client().forgot(&user.email).await);
        },
        async |_| {
            assert_queued(app.client().forgot(&unique_email()).await);
        },
    )
    .await;
}

#[tokio::test]
async fn the_address_is_read_as_at_login() {
    let app = App::new();
    let user = app.user().await;
    assert_queued(app.client().forgot(&format!("  {} ", user.email.to_uppercase())).await);
    let mail = app.mailbox.wait_for(&user.email, MAIL).await;
    assert!(mail.to.contains(&user.email), "it goes to the address that is stored: {mail:?}");
}

#[tokio::test]
async fn nothing_changes_by_asking() {
    let app = App::new();
    let user = app.user().await;
    let before = user.me().await;
    app.reset_token(&user.email).await;
    assert_eq!(user.me().await, before);
    app.assert_alive(&user.tokens).await;
    app.client().login(&user.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn each_mail_has_a_token_of_its_own() {
    let app = App::new();
    let user = app.user().await;
    let first = app.reset_token(&user.email).await;
    // Waits for a token that is not the first.
    app.reset_token(&user.email).await;
    assert_eq!(app.mailbox.reset_tokens(&user.email).await.len(), 2);
    let verification = app.mailbox.verification_token(&user.email, &[]).await;
    assert_ne!(first, verification);
}

#[tokio::test]
async fn nobody_else_gets_a_mail() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let unknown = unique_email();
    assert_queued(app.client().forgot(&unknown).await);
    app.reset_token(&user.email).await;
    app.later_mail(&other).await;
    assert!(app.mailbox.about(&other.email, MAIL).await.is_empty());
    assert!(app.mailbox.messages(&unknown).await.is_empty());
}

#[tokio::test]
pub(crate) async fn a_name_is_escaped_in_the_mail() {
    let app = App::new();
    let user = app.verified_user_named("Zoë <i>O'Connor</i>").await;
    app.client().forgot(&user.email).await.expect(200);
    let mail = app.mailbox.wait_for(&user.email, MAIL).await;
    assert!(mail.text.contains("Zoë <i>O'Connor</i>"), "{mail:?}");
    assert!(mail.html.contains("Zoë") && !mail.html.contains("<i>O'Connor"), "{mail:?}");
}

#[tokio::test]
pub(crate) async fn the_link_leads_to_the_app_whatever_the_request_says_of_hosts() {
    let app = App::new();
    let user = app.user().await;
    let poisoned = |name: &str, value: &str| -> Call { app.client().forgot(&user.email).header(name, value) };
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-original-host", "evil.example"),
        ("referer", "https://evil.example/"),
        ("x-forwarded-proto", "javascript"),
    ] {
        let seen = app.mailbox.reset_tokens(&user.email).await.len();
        assert_queued(poisoned(name, value).await);
        crate::support::eventually("the mail arrives", async || {
            (app.mailbox.reset_tokens(&user.email).await.len() > seen).then_some(())
        })
        .await;
    }
    for mail in app.mailbox.about(&user.email, MAIL).await {
        assert!(!mail.text.contains("evil.example") && !mail.html.contains("evil.example"), "{mail:?}");
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_named() {
    let app = App::new();
    for body in [json!({}), json!({"email": null}), json!({"Email": "a@example.com"})] {
        app.client().post(PATH, body).await.expect_invalid(&["email"]);
    }
    for email in [json!(7), json!({"$ne": null}), json!({"$gt": ""}), json!(["a@example.com"]), json!(true)] {
        app.client().post(PATH, json!({"email": email})).await.expect_invalid(&["email"]);
    }
    for email in ["", "asha", "a@localhost", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com"] {
        app.client().forgot(email).await.expect_invalid(&["email"]);
    }
}

#[tokio::test]
async fn forms_that_do_not_validate_ask_for_no_mail_and_accounts_do_not_multiply_the_tries() {
    let app = App::new();
    let client = app.client();
    for _ in 0..4 {
        client.forgot("asha").await.expect_invalid(&["email"]);
    }
    let neighbour = app.neighbour(&client).await;
    for client in [&client, &*neighbour, &client] {
        assert_queued(client.forgot(&unique_email()).await);
    }
    neighbour.forgot(&unique_email()).await.expect_error(429, "TOO_MANY_REQUESTS");
}

#[tokio::test]
pub(crate) async fn an_address_may_ask_three_times_an_hour() {
    let app = App::new();
    let user: User = app.user().await;
    let client: Client = app.client();
    for email in [user.email.clone(), unique_email(), unique_email()] {
        assert_queued(client.forgot(&email).await);
    }
    for email in [user.email.clone(), unique_email()] {
        let answer = client.forgot(&email).await.expect_error(429, "TOO_MANY_REQUESTS");
        assert_eq!(answer.header("ratelimit-policy"), Some("3;w=3600"), "{answer}");
        assert_eq!(answer.header("ratelimit-remaining"), Some("0"), "{answer}");
        assert!(answer.header("retry-after").is_some(), "{answer}");
    }
    client.forgot("asha").await.expect_invalid(&["email"]);
    let token = app.mailbox.reset_token(&user.email, &[]).await;
    client.reset(&token, "Harbour-77-gull").await.expect_error(429, "TOO_MANY_REQUESTS");
    app.client().reset(&token, "Harbour-77-gull").await.expect(200);
}
