//! `POST /api/auth/reset-password`
//!
//! That a link is refused an hour after it was mailed takes an hour to see; the store's tests let it pass.

use serde_json::json;

use super::two_factor_login::assert_waits_for_code;
use crate::support::{Answer, App, PASSWORD, User, at_once};

const PATH: &str = "/api/auth/reset-password";
const NEW: &str = "Harbour-77-gull";

#[track_caller]
fn assert_invalid(answer: Answer) {
    let answer = answer.expect_error(400, "INVALID_RESET_TOKEN").saying("Invalid or expired reset token");
    assert_eq!(answer.cookies_set(), 0, "{answer}");
}

async fn assert_password_is(app: &App, user: &User, good: &str, bad: &str) {
    app.client().login(&user.email, bad).await.expect_error(401, "INVALID_CREDENTIALS");
    app.client().login(&user.email, good).await.expect(200);
}

#[tokio::test]
async fn the_mailed_token_sets_a_new_password_and_does_not_sign_in() {
    let app = App::new();
    let user = app.user().await;
    let token = app.reset_token(&user.email).await;
    let answer = app.client().reset(&token, NEW).await.expect(200).saying("Password reset successfully");
    assert_eq!(*answer.data(), json!({}));
    assert_eq!(answer.cookies_set(), 0, "{answer}");
    assert_password_is(&app, &user, NEW, PASSWORD).await;
}

#[tokio::test]
pub(crate) async fn every_session_ends_that_of_the_caller_included() {
    let app = App::new();
    let user = app.user().await;
    let (browser, tokens) = app.browser(&user).await;
    let token = app.reset_token(&user.email).await;
    browser.reset(&token, NEW).await.expect(200);
    app.assert_ended(&user.tokens).await;
    app.assert_ended(&tokens).await;
    let tokens = app.client().tokens(&user.email, NEW).await;
    assert_eq!(app.client().bearer(&tokens.access).sessions().await.len(), 1);
}

#[tokio::test]
async fn the_address_counts_as_verified_since_its_owner_read_the_mail() {
    let app = App::new();
    let user = app.user().await;
    let mut wanted = user.me().await;
    assert_eq!(wanted["email_verified"], false);
    let token = app.reset_token(&user.email).await;
    app.client().reset(&token, NEW).await.expect(200);
    let tokens = app.client().tokens(&user.email, NEW).await;
    wanted["email_verified"] = json!(true);
    assert_eq!(app.client().bearer(&tokens.access).me().await, wanted, "and nothing else changes");
}

#[tokio::test]
async fn one_mail_tells_of_it_without_the_password() {
    let app = App::new();
    let user = app.user().await;
    let token = app.reset_token(&user.email).await;
    app.client().reset(&token, NEW).await.expect(200);
    let mail = app.mailbox.wait_for(&user.email, "Password Changed").await;
    for part in [&mail.text, &mail.html] {
        assert!(!part.contains(NEW) && !part.contains(PASSWORD) && !part.contains(&token), "{mail:?}");
    }
    // A mail that is asked for later.
    app.reset_token(&user.email).await;
    assert_eq!(app.mailbox.about(&user.email, "Password Changed").await.len(), 1);
}

#[tokio::test]
pub(crate) async fn a_token_works_once() {
    let app = App::new();
    let user = app.user().await;
    let token = app.reset_token(&user.email).await;
    app.client().reset(&token, NEW).await.expect(200);
    assert_invalid(app.client().reset(&token, "Second-88-tern").await);
    assert_password_is(&app, &user, NEW, "Second-88-tern").await;
}

#[tokio::test]
pub(crate) async fn of_uses_at_once_one_succeeds() {
    let app = App::new();
    let user = app.user().await;
    let token = app.reset_token(&user.email).await;
    let new = |n: usize| format!("Harbour-{n}-gull");
    let answers = at_once((0..6).map(|n| app.client().reset(&token, &new(n)))).await;
    let won: Vec<usize> = (0..6).filter(|n| answers[*n].status() == 200).collect();
    assert_eq!(won.len(), 1, "{won:?}");
    for answer in answers.into_iter().filter(|answer| answer.status() != 200) {
        assert!([400, 409].contains(&answer.status()), "{answer}");
    }
    for n in 0..6 {
        let status = if n == won[0] { 200 } else { 401 };
        app.client().login(&user.email, &new(n)).await.expect(status);
    }
}

#[tokio::test]
pub(crate) async fn a_newer_mail_voids_the_older_one() {
    let app = App::new();
    let user = app.user().await;
    let older = app.reset_token(&user.email).await;
    let newer = app.reset_token(&user.email).await;
    assert_invalid(app.client().reset(&older, "Second-88-tern").await);
    app.client().reset(&newer, NEW).await.expect(200);
    assert_password_is(&app, &user, NEW, "Second-88-tern").await;
    assert_invalid(app.client().reset(&older, "Second-88-tern").await);
}

#[tokio::test]
async fn of_mails_asked_for_at_once_one_token_is_good() {
    let app = App::new();
    let user = app.user().await;
    for answer in at_once((0..4).map(|_| app.client().forgot(&user.email))).await {
        answer.expect(200);
    }
    let mut known: Vec<String> = Vec::new();
    for _ in 0..4 {
        let seen: Vec<&str> = known.iter().map(String::as_str).collect();
        let next = app.mailbox.reset_token(&user.email, &seen).await;
        known.push(next);
    }
    let mut good = 0;
    for (n, token) in known.iter().enumerate() {
        good += usize::from(app.client().reset(token, &format!("Harbour-{n}-gull")).await.status() == 200);
    }
    assert_eq!(good, 1, "of {} tokens", known.len());
}

#[tokio::test]
pub(crate) async fn a_token_that_was_never_mailed_sets_nothing() {
    let app = App::new();
    let user = app.user().await;
    let token = app.reset_token(&user.email).await;
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
        assert_invalid(app.client().reset(bad, "Second-88-tern").await);
    }
    app.client().reset(&token, NEW).await.expect(200);
}

#[tokio::test]
pub(crate) async fn a_token_of_one_kind_is_none_of_another() {
    let app = App::new();
    let user = app.user().await;
    let verification = app.mailbox.verification_token(&user.email, &[]).await;
    let reset = app.reset_token(&user.email).await;
    assert_invalid(app.client().reset(&verification, "Second-88-tern").await);
    let verify = app.client().post("/api/auth/verify-email", json!({"token": reset})).await;
    verify.expect_error(400, "INVALID_TOKEN");
    let export = user.post("/api/user/export/open", json!({"token": reset})).await;
    export.expect_error(400, "INVALID_TOKEN");
    assert_eq!(user.me().await["email_verified"], false);
    // None of these attempts has used them up.
    user.post("/api/auth/verify-email", json!({"token": verification})).await.expect(200);
    app.client().reset(&reset, NEW).await.expect(200);
}

#[tokio::test]
async fn a_token_is_for_its_own_user_whoever_gives_it() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let token = app.reset_token(&user.email).await;
    other.reset(&token, NEW).await.expect(200);
    assert_password_is(&app, &user, NEW, PASSWORD).await;
    assert_password_is(&app, &other, PASSWORD, NEW).await;
    app.assert_alive(&other.tokens).await;
}

#[tokio::test]
pub(crate) async fn the_second_factor_stays() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let token = app.reset_token(&user.email).await;
    let answer = app.client().reset(&token, NEW).await.expect(200);
    assert_eq!(answer.cookies_set(), 0, "{answer}");
    assert_waits_for_code(app.client().login(&user.email, NEW).await);
}

#[tokio::test]
async fn a_bad_password_is_named_and_does_not_use_the_token_up() {
    let app = App::new();
    let user = app.user().await;
    let token = app.reset_token(&user.email).await;
    let too_long = format!("Aa1{}", "a".repeat(126));
    for password in ["", "Ab1", "alllower1", "ALLUPPER1", "NoDigits", "Password1", &too_long] {
        app.client().reset(&token, password).await.expect_invalid(&["password"]);
    }
    for password in [json!(null), json!(12_345_678), json!({"$ne": null})] {
        app.client().post(PATH, json!({"token": token, "password": password})).await.expect_invalid(&["password"]);
    }
    app.client().reset(&token, NEW).await.expect(200);
    assert_password_is(&app, &user, NEW, PASSWORD).await;
}

#[tokio::test]
async fn every_missing_field_is_named() {
    let app = App::new();
    app.client().post(PATH, json!({})).await.expect_invalid(&["token", "password"]);
    app.client().post(PATH, json!({"password": NEW})).await.expect_invalid(&["token"]);
    for token in [json!(null), json!(""), json!(7), json!(["x"]), json!({"$ne": null})] {
        app.client().post(PATH, json!({"token": token, "password": NEW})).await.expect_invalid(&["token"]);
    }
}

#[tokio::test]
async fn tokens_that_work_and_passwords_that_do_not_validate_do_not_count() {
    let app = App::new();
    let client = app.client();
    for _ in 0..4 {
        let user = app.user().await;
        let token = app.reset_token(&user.email).await;
        client.reset(&token, "weak").await.expect_invalid(&["password"]);
        client.reset(&token, NEW).await.expect(200);
    }
    for _ in 0..3 {
        assert_invalid(client.reset("garbage", NEW).await);
    }
    client.reset("garbage", NEW).await.expect_error(429, "TOO_MANY_REQUESTS");
}

#[tokio::test]
async fn an_address_may_try_three_times_an_hour() {
    let app = App::new();
    let user = app.user().await;
    let token = app.reset_token(&user.email).await;
    let client = app.client();
    for _ in 0..3 {
        assert_invalid(client.reset("garbage", NEW).await);
    }
    let answer = client.reset(&token, NEW).await.expect_error(429, "TOO_MANY_REQUESTS");
    assert_eq!(answer.header("ratelimit-policy"), Some("3;w=3600"), "{answer}");
    app.client().login(&user.email, PASSWORD).await.expect(200);
    app.client().reset(&token, NEW).await.expect(200);
}
