//! `POST /api/user/change-password`

use serde_json::{Value, json};

use crate::support::{Answer, App, Call, Client, PASSWORD, User, at_once};

const PATH: &str = "/api/user/change-password";
const NEW: &str = "Harbour-77-gull";

fn change(client: &Client, current: &str, new: &str) -> Call {
    client.post(PATH, json!({"currentPassword": current, "newPassword": new}))
}

#[track_caller]
fn assert_wrong(answer: Answer) {
    answer.expect_error(400, "WRONG_PASSWORD").saying("Current password is incorrect");
}

async fn assert_password_is(app: &App, user: &User, good: &str, bad: &str) {
    app.client().login(&user.email, bad).await.expect_error(401, "INVALID_CREDENTIALS");
    app.client().login(&user.email, good).await.expect(200);
}

#[tokio::test]
async fn the_new_password_signs_in_and_the_old_one_does_not() {
    let app = App::new();
    let user = app.user().await;
    let before = user.me().await;
    let answer = change(&user, PASSWORD, NEW).await.expect(200).saying("Password changed successfully");
    assert_eq!(*answer.data(), json!({}));
    assert_password_is(&app, &user, NEW, PASSWORD).await;
    assert_eq!(user.me().await, before);
}

#[tokio::test]
pub(crate) async fn all_other_sessions_end_and_the_current_one_lives() {
    let app = App::new();
    let user = app.user().await;
    let (browser, current) = app.browser(&user).await;
    let (_, third) = app.another_device(&user).await;
    let answer = change(&browser, PASSWORD, NEW).await.expect(200);
    assert_eq!(answer.cookies_set(), 0, "{answer}");
    app.assert_ended(&user.tokens).await;
    app.assert_ended(&third).await;
    app.assert_alive(&current).await;
    app.client().refresh(&current.refresh).await.expect(200);
    assert_eq!(browser.sessions().await.len(), 1);
}

#[tokio::test]
async fn another_user_notices_nothing() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    change(&user, PASSWORD, NEW).await.expect(200);
    app.assert_alive(&other.tokens).await;
    assert_password_is(&app, &other, PASSWORD, NEW).await;
}

#[tokio::test]
async fn one_mail_tells_of_it_without_the_password() {
    let app = App::new();
    let user = app.verified_user_named("Zoë <i>O'Connor</i>").await;
    change(&user, PASSWORD, NEW).await.expect(200);
    let mail = app.mailbox.wait_for(&user.email, "Password Changed").await;
    assert!(mail.text.contains("Zoë <i>O'Connor</i>"), "it addresses the user by name: {mail:?}");
    assert!(mail.html.contains("Zoë") && !mail.html.contains("<i>O'Connor"), "and escapes: {mail:?}");
    for part in [&mail.text, &mail.html] {
        assert!(!part.contains(NEW) && !part.contains(PASSWORD), "{mail:?}");
    }
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, "Password Changed").await.len(), 1);
}

#[tokio::test]
async fn with_a_wrong_current_password_nothing_changes() {
    let app = App::new();
    let user = app.user().await;
    let (_, device) = app.another_device(&user).await;
    let upper = PASSWORD.to_uppercase();
    for wrong in ["Wrong-Pass-1", &upper, "x"] {
        assert_wrong(change(&user, wrong, NEW).await);
    }
    assert_password_is(&app, &user, PASSWORD, NEW).await;
    app.assert_alive(&user.tokens).await;
    app.assert_alive(&device).await;
    app.later_mail(&user).await;
    assert!(app.mailbox.about(&user.email, "Password Changed").await.is_empty());
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_changes() {
    let app = App::new();
    let user = app.user().await;
    let both: &[&str] = &["currentPassword", "newPassword"];
    let new = |value: Value| json!({"currentPassword": PASSWORD, "newPassword": value});
    let mut cases: Vec<(Value, &[&str])> = vec![
        (json!({}), both),
        (json!({"currentPassword": null, "newPassword": null}), both),
        (json!({"currentPassword": {"$ne": null}, "newPassword": ["x"]}), both),
        (json!({"currentPassword": 7, "newPassword": "weak"}), both),
        (json!({"newPassword": "NoDigits"}), both),
        (json!({"newPassword": NEW}), &["currentPassword"]),
        (json!({"currentPassword": PASSWORD}), &["newPassword"]),
    ];
    let too_long = format!("Aa1{}", "a".repeat(126));
    for weak in ["", "Ab1", "alllower1", "ALLUPPER1", "NoDigits", &too_long] {
        cases.push((new(json!(weak)), &["newPassword"]));
    }
    for (body, fields) in cases {
        let client = app.client().bearer(&user.tokens.access);
        client.post(PATH, body).await.expect_invalid(fields);
    }
    app.client().login(&user.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn after_five_failures_an_account_waits_wherever_it_calls_from_and_nobody_else_does() {
    let app = App::new();
    let user = app.user().await;
    for _ in 0..5 {
        assert_wrong(change(&user, "Wrong-Pass-1", NEW).await);
    }
    for current in ["Wrong-Pass-1", PASSWORD] {
        let answer = change(&user, current, NEW).await.expect_error(429, "TOO_MANY_REQUESTS");
        assert_eq!(answer.header("ratelimit-policy"), Some("5;w=900"), "{answer}");
        assert!(answer.header("retry-after").is_some(), "{answer}");
    }
    let elsewhere = app.client().bearer(&user.tokens.access);
    change(&elsewhere, PASSWORD, NEW).await.expect_error(429, "TOO_MANY_REQUESTS");
    let neighbour = app.neighbour(&user).await;
    change(&neighbour, PASSWORD, NEW).await.expect(200);
    user.signed_out().login(&user.email, PASSWORD).await.expect(200);
    assert_password_is(&app, &user, PASSWORD, NEW).await;
}

#[tokio::test]
async fn successes_do_not_count() {
    let app = App::new();
    let user = app.user().await;
    let mut current = PASSWORD.to_owned();
    for n in 0..7 {
        let new = format!("Harbour-{n}-gull");
        change(&user, &current, &new).await.expect(200);
        current = new;
    }
    assert_password_is(&app, &user, &current, PASSWORD).await;
}

#[tokio::test]
async fn of_changes_at_once_one_wins_and_the_others_had_a_wrong_password() {
    let app = App::new();
    let user = app.user().await;
    let new = |n: usize| format!("Harbour-{n}-gull");
    let device = || app.client().bearer(&user.tokens.access);
    let answers = at_once((0..4).map(|n| change(&device(), PASSWORD, &new(n)))).await;
    let won: Vec<usize> = (0..4).filter(|n| answers[*n].status() == 200).collect();
    assert_eq!(won.len(), 1, "{won:?}");
    assert!(answers.iter().all(|answer| [200, 400].contains(&answer.status())), "none conflicts");
    app.client().login(&user.email, PASSWORD).await.expect_error(401, "INVALID_CREDENTIALS");
    for n in 0..4 {
        let status = if n == won[0] { 200 } else { 401 };
        app.client().login(&user.email, &new(n)).await.expect(status);
    }
}

#[tokio::test]
pub(crate) async fn no_session_opened_with_the_old_password_outlives_it() {
    let app = App::new();
    for _ in 0..4 {
        let user = app.user().await;
        let login = || app.client().login(&user.email, PASSWORD).header("x-token-delivery", "body");
        let answers = at_once([login(), change(&user, PASSWORD, NEW), login(), login()]).await;
        assert_eq!(answers[1].status(), 200, "the change does not lose to the logins: {}", answers[1]);
        for answer in [&answers[0], &answers[2], &answers[3]] {
            match answer.status() {
                200 => app.assert_ended(&answer.tokens()).await,
                _ => assert!([401, 409].contains(&answer.status()), "{answer}"),
            }
        }
        app.assert_alive(&user.tokens).await;
    }
}
