//! `POST /api/auth/login` of a user whose logins need a code.

use serde_json::json;

use crate::support::{Answer, App, PASSWORD, instant, names, now, text, unique_email};

const CODE_MAIL: &str = "Your Login OTP";

/// The password was right, and nobody is signed in.
#[track_caller]
pub(super) fn assert_waits_for_code(answer: Answer) -> Answer {
    let answer = answer.expect(200).saying("OTP sent to your email");
    assert_eq!(names(answer.data()), ["challengeId", "expiresAt", "requiresOtp"], "{answer}");
    assert_eq!(answer.data()["requiresOtp"], true);
    uuid::Uuid::parse_str(text(answer.data(), "challengeId")).expect("an id is a UUID");
    let left = instant(&answer.data()["expiresAt"]).duration_since(now()).as_secs();
    assert!((1..=300).contains(&left), "a code lives five minutes at most, this one {left} s\n{answer}");
    for name in ["accessToken", "refreshToken"] {
        assert!(answer.set_cookie(name).is_none(), "no {name} before the code\n{answer}");
    }
    answer
}

#[tokio::test]
async fn the_password_gives_a_challenge_and_no_tokens() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let answer = assert_waits_for_code(app.client().login(&user.email, PASSWORD).await);
    assert_eq!(answer.cookies_set(), 1, "{answer}");
    let left = instant(&answer.data()["expiresAt"]).duration_since(now()).as_secs();
    assert!(left > 240, "{answer}");
    assert_eq!(user.sessions().await.len(), 1, "no session is opened");
}

#[tokio::test]
pub(crate) async fn the_challenge_cookie_has_exactly_its_attributes() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let answer = app.client().login(&user.email, PASSWORD).await.expect(200);
    let cookie = answer.set_cookie("otpChallenge").expect("a cookie");
    assert_eq!(cookie.attributes, ["HttpOnly", "Max-Age=300", "Path=/", "SameSite=Lax"]);
    assert!(!cookie.value.is_empty());
}

#[tokio::test]
async fn a_client_that_wants_tokens_in_the_body_gets_none_before_the_code() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let answer = app.client().login(&user.email, PASSWORD).header("x-token-delivery", "body").await;
    assert_waits_for_code(answer);
}

#[tokio::test]
pub(crate) async fn a_challenge_opens_nothing_by_itself() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    for client in [
        app.client().bearer(&challenge.id),
        app.client().bearer(&challenge.cookie),
        app.client().cookies(&[("otpChallenge", &challenge.cookie)]),
        app.client().cookies(&[("accessToken", &challenge.cookie), ("refreshToken", &challenge.cookie)]),
    ] {
        client.get("/api/user/me").await.expect_unauthorized();
        client.post("/api/tasks", json!({"title": "Too early"})).await.expect_unauthorized();
    }
    app.client().refresh(&challenge.cookie).await.expect_unauthorized();
}

#[tokio::test]
async fn one_mail_brings_a_code_of_six_digits() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    assert_eq!(challenge.code.len(), 6);
    app.later_mail(&user).await;
    let mails = app.mailbox.about(&user.email, CODE_MAIL).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = &mails[0];
    assert!(mail.to.contains(&user.email), "{mail:?}");
    assert!(mail.html.contains(&challenge.code), "both parts hold the same code: {mail:?}");
    assert!(!mail.subject.contains(&challenge.code), "a code is not for lock screens: {mail:?}");
}

#[tokio::test]
async fn codes_are_not_in_the_answer_and_differ_from_login_to_login() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let mut codes = Vec::new();
    for _ in 0..4 {
        let answer = app.client().login(&user.email, PASSWORD).await.expect(200);
        let code = app.mailbox.login_code(&user.email, codes.len()).await;
        // An id may hold six digits in a row by chance; a code would stand between quotes.
        assert!(!answer.body().contains(&format!("\"{code}\"")), "{answer}");
        codes.push(code);
    }
    codes.sort_unstable();
    codes.dedup();
    assert!(codes.len() >= 3, "four codes in a row are not all alike: {codes:?}");
}

#[tokio::test]
async fn a_wrong_password_gives_no_challenge_and_no_code() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let answer = app.client().login(&user.email, "Wrong-Pass-1").await.expect_error(401, "INVALID_CREDENTIALS");
    assert_eq!(answer.cookies_set(), 0, "{answer}");
    app.later_mail(&user).await;
    assert!(app.mailbox.about(&user.email, CODE_MAIL).await.is_empty());
}

#[tokio::test]
async fn two_factor_logins_of_one_user_do_not_touch_another_s() {
    let app = App::new();
    let (user, other) = (app.two_factor_user().await, app.user().await);
    assert_waits_for_code(app.client().login(&user.email, PASSWORD).await);
    app.client().login(&other.email, PASSWORD).await.expect(200).saying("Login successful");
    let unknown = app.client().login(&unique_email(), PASSWORD).await;
    unknown.expect_error(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn the_sessions_from_before_go_on() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    app.assert_alive(&user.tokens).await;
    challenge.verify(&challenge.code).await.expect(200);
    app.assert_alive(&user.tokens).await;
    assert_eq!(user.sessions().await.len(), 2);
}
