//! Failed logins of one account from addresses that never signed in to it: ten an hour, however many addresses.

use serde_json::json;

use crate::support::{Answer, App, Client, PASSWORD, User, at_once, unique_email};

/// Failed logins of an account in an hour.
const LIMIT: usize = 10;
const BLOCKED_MAIL: &str = "Sign-In Attempts Blocked";
const WRONG: &str = "Wrong-Pass-1";

#[track_caller]
fn assert_blocked(answer: Answer) {
    let answer = answer.expect_error(429, "TOO_MANY_REQUESTS");
    let wait = answer.header("retry-after").unwrap_or_else(|| panic!("expected Retry-After\n{answer}"));
    let wait: u64 = wait.parse().unwrap_or_else(|_| panic!("Retry-After must be seconds\n{answer}"));
    assert!((1..=2 * 3600).contains(&wait), "{answer}");
    assert_eq!(answer.cookies_set(), 0, "{answer}");
}

/// Failed logins, each from an address of its own.
async fn fail(app: &App, email: &str, times: usize) {
    for _ in 0..times {
        app.client().login(email, WRONG).await.expect_error(401, "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn after_ten_failures_from_anywhere_an_account_refuses_new_addresses() {
    let app = App::new();
    let user = app.user().await;
    fail(&app, &user.email, LIMIT).await;
    assert_blocked(app.client().login(&user.email, WRONG).await);
    assert_blocked(app.client().login(&user.email, PASSWORD).await);
    assert_blocked(app.client().login(&format!(" {} ", user.email.to_uppercase()), PASSWORD).await);
    assert_eq!(user.sessions().await.len(), 1);
}

#[tokio::test]
pub(crate) async fn addresses_that_signed_in_before_are_not_affected() {
    let app = App::new();
    let user = app.user().await;
    let known = app.client();
    known.login(&user.email, PASSWORD).await.expect(200);
    fail(&app, &user.email, LIMIT).await;
    assert_blocked(app.client().login(&user.email, PASSWORD).await);
    known.login(&user.email, WRONG).await.expect_error(401, "INVALID_CREDENTIALS");
    known.login(&user.email, PASSWORD).await.expect(200);
    user.login(&user.email, PASSWORD).await.expect(200);
    app.assert_alive(&user.tokens).await;
}

#[tokio::test]
pub(crate) async fn an_unknown_address_is_limited_as_a_known_one() {
    let app = App::new();
    let unknown = unique_email();
    fail(&app, &unknown, LIMIT).await;
    assert_blocked(app.client().login(&unknown, WRONG).await);
    let user = app.user().await;
    fail(&app, &user.email, LIMIT).await;
    let seen = |answer: Answer| {
        let mut body = answer.json().clone();
        body["requestId"] = json!(null);
        (answer.status(), body)
    };
    let known = app.client().login(&user.email, WRONG).await;
    let unknown = app.client().login(&unknown, WRONG).await;
    assert_eq!(seen(known), seen(unknown), "nobody learns which addresses have accounts");
}

#[tokio::test]
pub(crate) async fn fifty_guesses_at_once_from_fifty_addresses_try_ten_passwords_at_most() {
    let app = App::new();
    let user = app.user().await;
    let guess = |n: usize| app.client().login(&user.email, &format!("Wrong-Pass-{n}"));
    let (tried, refused): (Vec<_>, Vec<_>) =
        at_once((0..50).map(guess)).await.into_iter().partition(|answer| answer.status() == 401);
    assert!((1..=LIMIT).contains(&tried.len()), "{} passwords were tried", tried.len());
    refused.into_iter().for_each(assert_blocked);
    assert_blocked(app.client().login(&user.email, PASSWORD).await);
}

#[tokio::test]
async fn the_owner_is_told_once() {
    let app = App::new();
    let user = app.verified_user_named("Zoë <i>O'Connor</i>").await;
    fail(&app, &user.email, LIMIT).await;
    for _ in 0..3 {
        assert_blocked(app.client().login(&user.email, WRONG).await);
    }
    let mail = app.mailbox.wait_for(&user.email, BLOCKED_MAIL).await;
    assert!(mail.text.contains("Zoë <i>O'Connor</i>"), "it addresses the user by name: {mail:?}");
    assert!(mail.html.contains("Zoë") && !mail.html.contains("<i>O'Connor"), "and escapes: {mail:?}");
    for answer in at_once((0..6).map(|_| app.client().login(&user.email, WRONG))).await {
        assert_blocked(answer);
    }
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, BLOCKED_MAIL).await.len(), 1);
}

#[tokio::test]
async fn below_the_limit_nobody_is_told_and_a_new_address_gets_in() {
    let app = App::new();
    let user = app.user().await;
    fail(&app, &user.email, LIMIT - 1).await;
    app.client().login(&user.email, PASSWORD).await.expect(200);
    app.later_mail(&user).await;
    assert!(app.mailbox.about(&user.email, BLOCKED_MAIL).await.is_empty());
}

#[tokio::test]
async fn successes_do_not_count_and_do_not_clear_failures() {
    let app = App::new();
    let user = app.user().await;
    for _ in 0..LIMIT + 2 {
        app.client().login(&user.email, PASSWORD).await.expect(200);
    }
    fail(&app, &user.email, LIMIT - 1).await;
    app.client().login(&user.email, PASSWORD).await.expect(200);
    fail(&app, &user.email, 1).await;
    assert_blocked(app.client().login(&user.email, PASSWORD).await);
}

#[tokio::test]
async fn another_account_is_not_affected() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    fail(&app, &user.email, LIMIT).await;
    let client: Client = app.client();
    assert_blocked(client.login(&user.email, PASSWORD).await);
    client.login(&other.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn failures_of_an_address_that_signed_in_before_do_not_count_for_the_account() {
    let app = App::new();
    let user: User = app.user().await;
    for _ in 0..3 {
        let known = app.client();
        known.login(&user.email, PASSWORD).await.expect(200);
        for _ in 0..4 {
            known.login(&user.email, WRONG).await.expect_error(401, "INVALID_CREDENTIALS");
        }
    }
    app.client().login(&user.email, PASSWORD).await.expect(200);
}

#[tokio::test]
pub(crate) async fn a_login_that_waits_for_its_code_counts_until_the_code_is_right() {
    let app = App::new();
    let user = app.two_factor_user().await;
    for _ in 0..2 {
        let challenge = app.challenge(&user).await;
        challenge.verify(&challenge.code).await.expect(200);
    }
    // Fewer codes than the mailbox gets in an hour.
    fail(&app, &user.email, LIMIT - 5).await;
    for _ in 0..5 {
        app.client().login(&user.email, PASSWORD).await.expect(200).saying("OTP sent to your email");
    }
    assert_blocked(app.client().login(&user.email, PASSWORD).await);
    assert_blocked(app.client().login(&user.email, WRONG).await);
    user.login(&user.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_new_password_by_mail_is_a_way_out_for_the_owner() {
    let app = App::new();
    let user = app.user().await;
    fail(&app, &user.email, LIMIT).await;
    let token = app.reset_token(&user.email).await;
    let owner = app.client();
    owner.reset(&token, "Harbour-77-gull").await.expect(200);
    // What failed before the reset is forgotten.
    app.client().login(&user.email, "Harbour-77-gull").await.expect(200);
    fail(&app, &user.email, LIMIT).await;
    assert_blocked(app.client().login(&user.email, "Harbour-77-gull").await);
    owner.login(&user.email, "Harbour-77-gull").await.expect(200);
}

#[tokio::test]
pub(crate) async fn a_new_password_by_mail_makes_strangers_of_those_who_signed_in_before() {
    let app = App::new();
    let user = app.user().await;
    let intruder = app.client();
    intruder.login(&user.email, PASSWORD).await.expect(200);
    let token = app.reset_token(&user.email).await;
    app.client().reset(&token, "Harbour-77-gull").await.expect(200);
    fail(&app, &user.email, LIMIT).await;
    assert_blocked(intruder.login(&user.email, WRONG).await);
}
