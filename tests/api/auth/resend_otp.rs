//! `POST /api/auth/resend-otp`

use serde_json::json;

use super::two_factor_login::assert_waits_for_code;
use crate::support::{Answer, App, Challenge, PASSWORD, at_once, text, unknown_id};

const PATH: &str = "/api/auth/resend-otp";
const CODE_MAIL: &str = "Your Login OTP";

#[track_caller]
fn assert_over(answer: Answer) {
    answer.expect_error(400, "INVALID_CHALLENGE").saying("This sign-in has expired. Please log in again");
}

#[track_caller]
fn assert_invalid(answer: Answer) {
    answer.expect_error(400, "INVALID_OTP");
}

/// Asks for another code, and takes it out of the mail.
async fn resent(app: &App, challenge: &Challenge) -> String {
    let seen = app.mailbox.login_codes(&challenge.email).await.len();
    assert_waits_for_code(challenge.resend().await);
    app.mailbox.login_code(&challenge.email, seen).await
}

#[tokio::test]
async fn a_new_code_works_and_the_old_one_is_dead() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let seen = app.mailbox.login_codes(&user.email).await.len();
    let answer = assert_waits_for_code(challenge.resend().await);
    assert_eq!(text(answer.data(), "challengeId"), challenge.id, "the challenge stays the same");
    let code = app.mailbox.login_code(&user.email, seen).await;
    if code != challenge.code {
        assert_invalid(challenge.verify(&challenge.code).await);
    }
    challenge.verify(&code).await.expect(200);
}

#[tokio::test]
async fn a_browser_names_the_challenge_by_its_cookie_and_sends_no_body() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let browser = challenge.client.cookies(&[("otpChallenge", &challenge.cookie)]);
    let answer = assert_waits_for_code(browser.call("POST", PATH).await);
    assert_eq!(text(answer.data(), "challengeId"), challenge.id);
    let code = app.mailbox.login_code(&user.email, 1).await;
    challenge.verify(&code).await.expect(200);
}

#[tokio::test]
async fn a_challenge_has_three_further_codes_and_then_no_more() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let mut code = challenge.code.clone();
    for _ in 0..3 {
        code = resent(&app, &challenge).await;
    }
    for _ in 0..2 {
        challenge.resend().await.expect_error(409, "LIMIT_REACHED");
    }
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, CODE_MAIL).await.len(), 4);
    challenge.verify(&code).await.expect(200);
}

#[tokio::test]
pub(crate) async fn of_codes_asked_for_at_once_no_more_than_three_are_mailed() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let resend = |_| app.client().post(PATH, json!({"challengeId": challenge.id}));
    let answers = at_once((0..12).map(resend)).await;
    let sent = answers.iter().filter(|answer| answer.status() == 200).count();
    assert!((1..=3).contains(&sent), "{sent} were sent");
    for answer in answers.into_iter().filter(|answer| answer.status() != 200) {
        assert_eq!(answer.status(), 409, "{answer}");
    }
    app.mailbox.login_code(&user.email, sent).await;
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, CODE_MAIL).await.len(), 1 + sent);
}

#[tokio::test]
pub(crate) async fn another_code_does_not_give_the_five_tries_back() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    for n in 0..3 {
        assert_invalid(challenge.verify_from(&app.client(), &challenge.wrong(n)).await);
    }
    let code = resent(&app, &challenge).await;
    let good: u32 = code.parse().expect("a code is a number");
    for n in 1..=2 {
        let wrong = format!("{:06}", (good + n) % 1_000_000);
        assert_invalid(challenge.verify_from(&app.client(), &wrong).await);
    }
    assert_invalid(challenge.verify_from(&app.client(), &code).await);
    assert_over(challenge.resend().await);
    assert_eq!(user.sessions().await.len(), 1);
}

#[tokio::test]
async fn a_challenge_that_is_over_gets_no_further_code() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let used = app.challenge(&user).await;
    used.verify(&used.code).await.expect(200);
    assert_over(used.resend().await);

    let guessed = app.challenge(&user).await;
    for n in 0..5 {
        assert_invalid(guessed.verify_from(&app.client(), &guessed.wrong(n)).await);
    }
    assert_over(guessed.resend().await);

    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, CODE_MAIL).await.len(), 2);
}

#[tokio::test]
pub(crate) async fn a_challenge_that_a_new_password_has_ended_gets_no_further_code() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let change = json!({"currentPassword": PASSWORD, "newPassword": "Harbour-77-gull"});
    user.post("/api/user/change-password", change).await.expect(200);
    assert_over(challenge.resend().await);
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, CODE_MAIL).await.len(), 1);
}

#[tokio::test]
async fn an_unknown_challenge_is_as_over_as_a_used_one() {
    let app = App::new();
    for id in [unknown_id(), "0".repeat(36)] {
        app.client().post(PATH, json!({"challengeId": id})).await.expect(400);
    }
    assert_over(app.client().post(PATH, json!({"challengeId": unknown_id()})).await);
}

#[tokio::test]
async fn a_challenge_must_be_named() {
    let app = App::new();
    let user = app.two_factor_user().await;
    // Who is signed in does not matter, nor who was asked for a code: the challenge is the browser's.
    app.challenge(&user).await;
    for client in [app.client(), app.client().bearer(&user.tokens.access)] {
        client.call("POST", PATH).await.expect(400);
        client.post(PATH, json!({})).await.expect(400);
        client.post(PATH, json!({"email": user.email})).await.expect(400);
    }
    for id in [json!(7), json!({"$ne": null}), json!([unknown_id()])] {
        app.client().post(PATH, json!({"challengeId": id})).await.expect_invalid(&["challengeId"]);
    }
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, CODE_MAIL).await.len(), 1);
}

#[tokio::test]
async fn five_failures_make_an_address_wait() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let client = app.client();
    for _ in 0..5 {
        assert_over(client.post(PATH, json!({"challengeId": unknown_id()})).await);
    }
    let answer = client.post(PATH, json!({"challengeId": challenge.id})).await;
    answer.expect_error(429, "TOO_MANY_REQUESTS");
    challenge.resend().await.expect(200);
}

#[tokio::test]
async fn a_challenge_that_is_not_named_and_codes_that_are_sent_are_no_failures() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    for _ in 0..3 {
        challenge.client.post(PATH, json!({})).await.expect_invalid(&["challengeId"]);
        challenge.resend().await.expect(200);
        challenge.client.post(PATH, json!({"challengeId": 7})).await.expect_invalid(&["challengeId"]);
    }
    challenge.resend().await.expect_error(409, "LIMIT_REACHED");
    for _ in 0..4 {
        assert_over(challenge.client.post(PATH, json!({"challengeId": unknown_id()})).await);
    }
    let code = app.mailbox.login_code(&user.email, 3).await;
    challenge.verify(&code).await.expect(200);
}
